//! The wasmtime engine: pooled allocation of instances, and the epochs that interrupt them.

use std::{thread, time::Duration};

use anyhow::{Result, anyhow};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::Limits;

/// The length of an epoch: how often a running guest yields, as in Spin.
const EPOCH: Duration = Duration::from_millis(10);
/// Core modules of one component, and so its tables: its own, and those that `wit-component` adds.
const CORE_MODULES_MAX: u32 = 16;
/// Bytes of memory that stay resident in each slot after its instance ended: about as many as the
/// start of the next instance writes.
const RESIDENT_BYTES: usize = 64 << 10;
/// Free slots that keep their resident memory. The wasmtime setting is `max_unused_warm_slots`.
const FREE_SLOTS_MAX: u32 = 16;

/// An engine whose epochs advance for as long as it lives.
pub(super) fn engine(limits: Limits) -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    let engine = match Engine::new(&config) {
        Ok(engine) => engine,
        Err(error) => {
            // Each memory reserves 4 GiB of address space, which a container may not have.
            tracing::warn!(
                error = format!("{error:#}"),
                "cannot reserve a pool of instances; instances start more slowly"
            );
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(|error| anyhow!("{error:#}"))?
        }
    };
    advance_epochs(&engine)?;
    Ok(engine)
}

fn pool(limits: Limits) -> PoolingAllocationConfig {
    // A response that is still being read holds its instance, so each request may need one.
    let requests = u32::try_from(limits.requests_max).unwrap_or(u32::MAX);
    let instances = requests.saturating_add(FREE_SLOTS_MAX);
    let core_modules = instances.saturating_mul(CORE_MODULES_MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    pool.total_core_instances(core_modules);
    pool.total_memories(instances.saturating_mul(2));
    pool.total_tables(core_modules);
    pool.total_stacks(instances.saturating_mul(2));
    pool.max_memory_size(limits.memory_bytes_max);
    pool.linear_memory_keep_resident(RESIDENT_BYTES);
    pool.max_unused_warm_slots(FREE_SLOTS_MAX);
    pool
}

fn advance_epochs(engine: &Engine) -> Result<()> {
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
