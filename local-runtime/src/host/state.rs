//! What an instance carries, and the linker that gives it to the component.

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
    log::Log,
    outbound::Hooks,
};
use crate::storage::{Database, Folder};

/// Resources that an instance may hold at once: a request needs about ten, and 16 run at once.
const RESOURCES_MAX: usize = 10_000;

/// What every instance shares.
pub(crate) struct Shared {
    pub(crate) folder: Arc<Folder>,
    pub(crate) database: Arc<Database>,
    pub(crate) keys: ServerKeys,
    pub(crate) s3: S3Service,
    pub(crate) outbound: Outbound,
    /// What the deployer says to the edge, by name.
    pub(crate) settings: BTreeMap<&'static str, String>,
    pub(crate) memory_bytes_max: usize,
}

/// What one instance carries.
pub(crate) struct Host {
    pub(super) shared: Arc<Shared>,
    pub(super) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: StoreLimits,
}

/// How the ports reach their host.
pub(super) struct Ports;

impl HasData for Ports {
    type Data<'a> = &'a mut Host;
}

impl Host {
    /// A host for one instance.
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let wasi = WasiCtxBuilder::new().stdout(Log::Stdout).stderr(Log::Stderr).build();
        let limits = StoreLimitsBuilder::new().memory_size(shared.memory_bytes_max).build();
        let hooks = Hooks::new(Arc::clone(shared));
        Self { shared: Arc::clone(shared), table, wasi, http: WasiHttpCtx::new(), hooks, limits }
    }

    /// The limits of the instance's memory.
    pub(crate) fn limits(&mut self) -> &mut StoreLimits {
        &mut self.limits
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Everything that a Spin component may import here.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    key_value::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    variables::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    sqlite::add_to_linker::<_, Ports>(&mut linker, |host| host)?;
    Ok(linker)
}
