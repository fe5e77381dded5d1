//! Subtitles and chapters as timed cues: which bytes of the file hold them, and what these say.

mod cue;
mod cues;

pub use crate::moov::text_format::TextFormat;
pub use cue::Cue;
pub use cues::{Chapters, Cues, Fetch, chapters, plan};
