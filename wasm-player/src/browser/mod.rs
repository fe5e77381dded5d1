//! The only calls to a browser: carries out effects, and reads inputs.

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod driver;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod host;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod player;

// What crosses is tested on any machine.
mod clock;
mod codes;
mod fault_record;
mod inputs;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub use player::{connect, input};

/// A third of the size of the standard library's own, which every viewer would download.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
