//! The engine, and the handler that gives requests to instances.

use std::{sync::Arc, thread, time::Duration};

use anyhow::{Result, ensure};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::{
    handler::{ProxyHandler, ProxyPre},
    p3::bindings::ServicePre,
};

use super::{
    compiled,
    worker::{Handler, Instances},
};
use crate::host::{Shared, linker};

/// How often a running guest looks whether its time is over, as Spin does.
const EPOCH: Duration = Duration::from_millis(10);
/// Core modules, and so tables, of one component: its own and those that `wit-component` adds.
const MODULES_MAX: u32 = 16;
/// Memory of an ended instance that stays resident, for each one there has ever been at once: what
/// the start of the next one writes.
const RESIDENT_BYTES: usize = 64 << 10;
/// Instances kept for reuse beyond those that work.
const WARM_MAX: u32 = 16;

/// What one instance, and all of them, may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) requests_max: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) memory_bytes_max: usize,
}

/// Compiles `component`, or takes what an earlier start compiled, and makes it ready for requests.
pub(crate) fn handler(
    component: &[u8],
    cache: &std::path::Path,
    shared: Arc<Shared>,
    limits: Limits,
) -> Result<Handler> {
    ensure!(
        !component.is_empty(),
        "no edge component is in this binary: build it with `cargo xtask build`, or name one with \
         --component"
    );
    let engine = engine(limits)?;
    tick(&engine)?;
    let component = compiled::load(&engine, component, cache)?;
    let pre = linker(&engine)
        .and_then(|linker| linker.instantiate_pre(&component))
        .and_then(ServicePre::new)
        .map_err(|error| anyhow::anyhow!("this component is not one that we can run: {error:#}"))?;
    Ok(ProxyHandler::new(Instances::new(engine, ProxyPre::P3(pre), shared, limits)))
}

fn engine(limits: Limits) -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            // Each memory reserves 4 GiB of addresses, which a container may not have.
            tracing::warn!(error = format!("{error:#}"), "no pool of instances, so slower starts");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(|error| anyhow::anyhow!("{error:#}"))
        }
    }
}

fn pool(limits: Limits) -> PoolingAllocationConfig {
    // An answer that is still being read keeps its instance, so there may be one a request.
    let instances = u32::try_from(limits.requests_max).unwrap_or(u32::MAX).saturating_add(WARM_MAX);
    let modules = instances.saturating_mul(MODULES_MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    pool.total_core_instances(modules);
    pool.total_memories(instances.saturating_mul(2));
    pool.total_tables(modules);
    pool.total_stacks(instances.saturating_mul(2));
    pool.max_memory_size(limits.memory_bytes_max);
    pool.linear_memory_keep_resident(RESIDENT_BYTES);
    pool.max_unused_warm_slots(WARM_MAX);
    pool
}

/// Moves the engine's time on, for as long as the engine lives.
fn tick(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    })?;
    Ok(())
}
