//! What the component imports, implemented on storage and the network. Each of Spin's interfaces is a
//! file with the name that its port has in the edge: `database`, `key_value`, `outbound` and
//! `settings`.

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
