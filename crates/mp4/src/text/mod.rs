//! Subtitles and chapters as timed cues.
//!
//! [`plan`] returns the ranges that hold the cues of a span of time; [`Fetch::read`] reads the cues from
//! the bytes of such a range. [`chapters`] finds the chapters of a film.

mod cue;
mod cues;

pub use crate::moov::text_format::TextFormat;
pub use cue::Cue;
pub use cues::{Chapters, Cues, Fetch, chapters, plan};
