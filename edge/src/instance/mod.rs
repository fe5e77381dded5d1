//! What an instance remembers between requests. Losing it costs time and nothing else.

mod media;
mod recent;
mod shelf;

pub use media::{Flight, Media, Places};
pub use shelf::Shelf;

use std::cell::Cell;

/// Made when the platform starts an instance, gone when it ends one.
#[derive(Debug, Default)]
pub struct Instance {
    /// The catalogue as last seen.
    pub shelf: Shelf,
    /// Films of upstreams: where they are, and how they begin and end.
    pub media: Media,
    /// Whether the tables of the database were seen to exist.
    pub has_tables: Cell<bool>,
}
