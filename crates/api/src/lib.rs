//! The wire between edge, player, command line and tests: paths, JSON types, error codes, limits.

mod account;
mod admin;
mod catalog;
mod envelope;
mod error;
pub mod limits;
pub mod paths;
mod stream;

pub use account::{Deleted, History, Progress, Session, Watched, Watchlist, Wish, Wished};
pub use admin::{Flip, Purged, Readiness, Ready, Registered, Registration, Root, Starts};
pub use catalog::{Card, Catalog, Episode, Episodes, Health, Home, StartupStore};
pub use envelope::Envelope;
pub use error::{ErrorBody, ErrorCode};
pub use stream::{Candidate, SelectionReason, Start, Stream, Window, Windowed};
