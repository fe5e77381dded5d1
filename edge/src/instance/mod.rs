//! What an instance remembers between requests. Losing it costs time and nothing else.

mod catalog_cache;
mod lru;
mod media_cache;
mod sessions;
mod sweeps;

pub use catalog_cache::CatalogCache;
pub use media_cache::{FetchClaim, MediaCache, ResolvedUrls};
pub use sessions::Sessions;
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
    /// When a refused admin request was last logged, and how many were not since.
    pub refusals: Cell<(u64, u64)>,
    /// Whether the tables of the database were seen to exist.
    pub has_tables: Cell<bool>,
    /// Whether the table of accounts was seen to exist.
    pub(crate) has_accounts: Cell<bool>,
    /// Whether the table of ingested films was seen to exist.
    pub(crate) has_ingested_films: Cell<bool>,
    /// Stores that failed when they were last probed, and since when.
    pub failing_stores: RefCell<BTreeMap<String, u64>>,
    /// New sessions by address.
    pub sessions: Sessions,
    /// Deletions of idle viewers.
    pub sweeps: Sweeps,
}
