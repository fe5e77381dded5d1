//! From samples to what a `SourceBuffer` takes: which bytes to fetch, and the headers in front of them.

pub(crate) mod colour;
pub mod fragment;
pub mod init;
mod interleave;
pub mod plan;
pub(crate) mod sample_iter;
pub(crate) mod selected_track;
pub mod silence;
pub mod synth;
