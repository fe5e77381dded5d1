//! From the bytes of a component to a handler that distributes requests to its instances.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Result, anyhow, ensure};
use wasmtime_wasi_http::{
    handler::{ProxyHandler, ProxyPre},
    p3::bindings::ServicePre,
};

use super::{
    component_cache, instance_pool,
    instances::{Handler, InstanceFactory},
};
use crate::host::{HostServices, linker};

/// The limits of one instance, and of all of them.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Requests at once, and so instances at once.
    pub(crate) requests_max: usize,
    /// How long an instance may take to start a response.
    pub(crate) request_timeout: Duration,
    /// Bytes of an instance's memory.
    pub(crate) memory_bytes_max: usize,
}

/// Compiles `component` for a server with these limits, and stores the result in `cache_folder`.
pub(crate) fn compile(component: &[u8], cache_folder: &Path, limits: Limits) -> Result<()> {
    let engine = instance_pool::engine(limits)?;
    component_cache::load(&engine, component, cache_folder, || false).map(drop)
}

/// A handler of requests by `component`, whose compiled form is stored in `cache_folder`, where
/// `compile_apart` may put it.
pub(crate) fn handler(
    component: &[u8],
    cache_folder: &Path,
    services: Arc<HostServices>,
    limits: Limits,
    compile_apart: impl FnOnce() -> bool,
) -> Result<Handler> {
    ensure!(
        !component.is_empty(),
        "this binary has no edge component: build it with `cargo xtask build`, or name a component \
         by --component"
    );
    let engine = instance_pool::engine(limits)?;
    let component = component_cache::load(&engine, component, cache_folder, compile_apart)?;
    let pre = linker(&engine)
        .and_then(|linker| linker.instantiate_pre(&component))
        .and_then(ServicePre::new)
        .map_err(|error| {
            anyhow!(
                "this server cannot run the component: it must export wasi:http/handler@0.3.0, and \
                 import only WASI and Spin interfaces: {error:#}"
            )
        })?;
    let factory = InstanceFactory::new(engine, ProxyPre::P3(pre), services, limits);
    Ok(ProxyHandler::new(factory))
}
