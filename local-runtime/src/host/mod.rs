//! The component's imports, implemented on storage and the network. `database`, `key_value`,
//! `outbound` and `settings` have the names that the edge gives to these ports.

mod database;
mod guest_log;
mod http_client;
mod instance_state;
mod key_value;
mod outbound;
mod public_address;
mod settings;

pub(crate) use instance_state::{HostServices, HostState, linker};
pub(crate) use outbound::Outbound;

/// Spin's interfaces, generated from their WIT.
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "spin:key-value/key-value.store": super::key_value::Store,
            "spin:sqlite/sqlite.connection": super::database::Connection,
        },
    });
}
