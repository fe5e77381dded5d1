//! Remuxes MP4 (ISO/IEC 14496-12) for Media Source Extensions, sans IO.
//!
//! The crate reads the `moov` box of a film, plans which byte ranges to fetch for a time, and writes the
//! headers (`ftyp`/`moov`, `moof`, `mdat`) that turn those ranges into fragments. It never sees media
//! bytes: the caller fetches them and appends each [`fragment::Fragment::header`] with them. It does no
//! IO, has no clock and no async.
//!
//! ```
//! use mp4::locate::{LocateStep, Locator};
//! use mp4::plan::{self, Selection, Window};
//! use mp4::{Index, init};
//!
//! /// The initialization segment of the video, and the first ten seconds to fetch.
//! fn first_window(file: &[u8]) -> mp4::Result<Option<(Vec<u8>, Window)>> {
//!     let mut locator = Locator::new(Some(file.len() as u64));
//!     locator.feed(0, file);
//!     let LocateStep::Moov(range) = locator.next()? else { return Ok(None) };
//!     let index = Index::parse(&file[range.start as usize..range.end as usize])?;
//!     let Some(video) = index.default_video() else { return Ok(None) };
//!     let selection = Selection { video: Some(video), audio: index.default_audio() };
//!     let (cursor, _) = plan::seek(&index, selection, 0)?;
//!     let window = plan::next(&index, selection, cursor, 10_000)?;
//!     let init = init::write(&index, video)?;
//!     Ok(window.map(|window| (init, window)))
//! }
//! # assert!(first_window(b"no film").is_err());
//! ```
//!
//! A fragmented file additionally needs [`plan::need`] and [`Index::feed`] before each plan. A player
//! without `moov` plays from a [`start_index`].

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

pub use boxes::write as box_writer;
pub use error::{Error, Result, Unplayable};
pub use moov::index::Index;
pub use moov::track::Track;
pub use moov::track_header::TrackKind;
pub use moov::{Engine, Support, index, locate};
pub use range::ByteRange;
pub use remux::{fragment, init, plan, silence, synth};
pub use samples::cenc;
