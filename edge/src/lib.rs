//! The stateless edge: one core, and one adapter per compile target.

mod access;
mod accounts;
pub mod catalog_cache;
pub mod error;
pub mod http;
mod ingested_films;
pub mod instance;
mod media;
pub mod platform;
pub mod route;
mod routes;
pub mod rules;
pub mod serve;
mod sql;
mod viewers;
mod web;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod cloudflare;
#[cfg(not(target_arch = "wasm32"))]
pub mod memory;
#[cfg(all(target_arch = "wasm32", target_os = "wasi"))]
mod spin;
