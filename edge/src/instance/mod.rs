//! What an instance remembers between requests. Losing it costs time and nothing else.

mod catalog_cache;
mod lru;
mod media_cache;
mod sweeps;

pub use catalog_cache::CatalogCache;
pub use media_cache::{FetchClaim, MediaCache, ResolvedUrls};
pub use sweeps::Sweeps;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

/// Made when the platform starts an instance, gone when it ends one.
#[derive(Debug, Default)]
pub struct Instance {
    /// The catalog as last seen.
    pub catalog: CatalogCache,
    /// Films of upstreams: where they are, and how they begin and end.
    pub media: MediaCache,
    /// Whether the tables of the database were seen to exist.
    pub has_tables: Cell<bool>,
    /// Stores that failed when they were last probed, and since when.
    pub failing_stores: RefCell<BTreeMap<String, u64>>,
    /// Deletions of idle viewers.
    pub sweeps: Sweeps,
}
