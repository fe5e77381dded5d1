//! The component in wasmtime: compiled once, instances kept and used again, each within limits.

mod compiled;
mod setup;
mod worker;

pub(crate) use setup::{Limits, handler};
pub(crate) use worker::Handler;
