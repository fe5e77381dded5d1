//! Plain MP4 in, headers for Media Source Extensions out: bytes to bytes, and no media among them.

#[cfg(all(test, feature = "mp4parse"))]
mod agreement;
mod boxes;
pub mod cenc;
mod codecs;
mod cue;
mod description;
mod edits;
pub mod error;
pub mod fragment;
mod headers;
pub mod index;
pub mod init;
mod interleave;
mod kinds;
mod lane;
pub mod limits;
pub mod locate;
mod moof;
mod moofs;
mod plain;
pub mod plan;
mod play;
mod preroll;
pub mod range;
mod samples;
mod segment;
#[cfg(feature = "mp4parse")]
mod skeleton;
pub mod start_index;
mod stream;
mod stsd;
pub mod synth;
pub mod text;
mod timeline;
mod track;
mod trak;

pub use codecs::Support;
pub use error::{Error, Result, Unplayable};
pub use headers::TrackKind;
pub use index::Index;
pub use range::ByteRange;
pub use track::Track;
