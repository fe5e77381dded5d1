//! The `moov` box: where it lies in a file, its tracks, their headers, sample descriptions and tables.

pub(crate) mod codec_name;
pub(crate) mod codecs;
mod fragmented;
mod header_reader;
#[cfg(all(test, feature = "mp4parse"))]
mod header_readers_agree;
pub mod index;
pub mod locate;
#[cfg(feature = "mp4parse")]
mod mp4parse_input;
#[cfg(feature = "mp4parse")]
mod mp4parse_reader;
mod object_types;
mod own_players;
pub(crate) mod sample_description;
pub(crate) mod sample_entry;
mod stream;
pub(crate) mod text_format;
pub(crate) mod track;
pub(crate) mod track_boxes;
pub(crate) mod track_header;
mod unplayed_kinds;

pub use codec_name::Support;
pub use own_players::Engine;
