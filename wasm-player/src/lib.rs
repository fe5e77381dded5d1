//! The browser's player: a pure pipeline, and a thin layer of browser calls around it.

#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown")))]
pub mod browser;
pub mod pipeline;
