//! The state of one instance, and the linker of everything that the component imports.

use std::{collections::BTreeMap, sync::Arc};

use api::data_folder::ServerKeys;
use s3s::service::S3Service;
use wasmtime::{
    Engine, StoreLimits, StoreLimitsBuilder,
    component::{HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::{
    Outbound,
    bindings::spin::{key_value::key_value, sqlite::sqlite, variables::variables},
    guest_log::GuestLog,
    outbound::OutboundHooks,
};
use crate::storage::{DataFolder, GuestDatabase};

/// Resources that an instance may hold: a request needs about ten, and 16 requests run at once.
const RESOURCES_MAX: usize = 10_000;

/// The services that all instances share.
pub(crate) struct HostServices {
    pub(crate) folder: Arc<DataFolder>,
    pub(crate) database: Arc<GuestDatabase>,
    pub(crate) keys: ServerKeys,
    pub(crate) s3: S3Service,
    pub(crate) outbound: Outbound,
    /// The settings that the edge reads, by name.
    pub(crate) settings: BTreeMap<&'static str, String>,
    pub(crate) memory_bytes_max: usize,
}

/// The state of one instance: wasmtime's store data.
pub(crate) struct HostState {
    pub(super) services: Arc<HostServices>,
    pub(super) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    limits: StoreLimits,
}

/// Gives the imported functions access to [`HostState`].
pub(super) struct Ports;

impl HasData for Ports {
    type Data<'a> = &'a mut HostState;
}

impl HostState {
    /// The state of a new instance.
    pub(crate) fn new(services: &Arc<HostServices>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let wasi = WasiCtxBuilder::new().stdout(GuestLog::Stdout).stderr(GuestLog::Stderr).build();
        let limits = StoreLimitsBuilder::new().memory_size(services.memory_bytes_max).build();
        let hooks = OutboundHooks::new(Arc::clone(services));
        Self {
            services: Arc::clone(services),
            table,
            wasi,
            http: WasiHttpCtx::new(),
            hooks,
            limits,
        }
    }

    /// The limits that wasmtime checks when the instance's memory grows.
    pub(crate) fn limits(&mut self) -> &mut StoreLimits {
        &mut self.limits
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Everything that a Spin component may import: WASI 0.2 and 0.3, and three of Spin's interfaces.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    key_value::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    variables::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    sqlite::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    Ok(linker)
}
