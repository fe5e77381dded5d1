//! Plain MP4 in, headers for Media Source Extensions out: bytes to bytes, and no media among them.

mod boxes;
pub mod error;
pub mod limits;
mod moov;
pub mod range;
mod remux;
mod samples;
pub mod start_index;
pub mod text;
mod ticks;
mod timeline;

pub use error::{Error, Result, Unplayable};
pub use moov::index::Index;
pub use moov::track::Track;
pub use moov::track_header::TrackKind;
pub use moov::{Support, index, locate};
pub use range::ByteRange;
pub use remux::{fragment, init, plan, synth};
pub use samples::cenc;
