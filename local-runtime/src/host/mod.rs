//! What the component finds around it: one file a port.

mod address;
mod connect;
mod database;
mod key_value;
mod log;
mod outbound;
mod state;
mod variables;

pub(crate) use outbound::Outbound;
pub(crate) use state::{Host, Shared, linker};

/// Spin's interfaces, as their WIT has them.
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
