//! The component in wasmtime: a cache of its compiled form, a pool of instances, and their limits.

mod component_cache;
mod handler;
mod instance_pool;
mod instances;

pub(crate) use handler::{Limits, compile, handler};
pub(crate) use instances::Handler;
