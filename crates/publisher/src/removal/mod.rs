//! `firstframe remove`: takes titles and episodes down, and deletes what no title has.

mod remove;
mod unused;

pub use remove::remove;
pub use unused::{UnusedMedia, remove_unused};
