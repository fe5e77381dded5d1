//! What this location stores of upstream films: their records and startup blocks.

pub(crate) mod block_ledger;
mod block_stores;
pub(crate) mod blocks;
pub(crate) mod durable;
pub(crate) mod record_store;
pub(crate) mod removals;
mod store_timeout;

pub(crate) use store_timeout::with_store_timeout;
