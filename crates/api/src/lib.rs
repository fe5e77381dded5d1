//! The wire between edge, player, command line and tests: paths, JSON types, error codes, limits.

mod account;
mod admin;
mod catalog;
pub mod data_folder;
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

/// The field by which a host with an object store of its own tells the guest whose bytes an answer
/// of that store has: the object's key. The guest passes it on with a body that it passes on as it
/// is, and it ends in the host.
pub const OBJECT_FIELD: &str = "firstframe-object";
