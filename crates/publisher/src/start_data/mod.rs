//! `firstframe ingest`, `prewarm` and `purge`: start data is the start index of a film,
//! and the first and last blocks of an upstream film, which the edge stores.

mod ingest;
mod prewarm;
mod purge;

pub use ingest::{ingest, list_ingested};
pub use prewarm::{Prewarm, prewarm};
pub use purge::{PurgeSelection, purge};
