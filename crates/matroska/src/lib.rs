//! Reads Matroska and WebM (RFC 9559), sans IO, and describes their frames as an MP4 film's samples.
//!
//! A frame of Matroska is a contiguous run of bytes of the file, as a sample of MP4 is. [`Scan`] walks over
//! a film once, from its first byte to its last, and [`Scan::moov`] writes a `moov` box (ISO/IEC 14496-12)
//! whose sample tables name the frames where they lie. What reads MP4 then plays the film: its bytes are
//! neither copied nor changed.
//!
//! ```
//! use matroska::Scan;
//!
//! /// A `moov` box for a film that is in memory.
//! fn moov(film: &[u8]) -> matroska::Result<Vec<u8>> {
//!     let mut scan = Scan::new(film.len() as u64);
//!     while let Some(range) = scan.need() {
//!         scan.feed(range.start, &film[range.start as usize..range.end as usize])?;
//!     }
//!     scan.moov()
//! }
//! # assert!(moov(b"no film").is_err());
//! ```

mod block;
mod dolby;
mod ebml;
mod error;
mod frame_duration;
pub mod limits;
mod moov;
mod sample_entry;
mod scan;
mod scanned_track;
mod times;
mod track_entry;

pub use error::{Error, Result};
pub use scan::Scan;

/// The first bytes of every Matroska and WebM file: the id of the EBML header (RFC 8794 § 11.2.1).
pub const MAGIC: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
