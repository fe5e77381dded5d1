//! What `mp4` promises, on files made here, on the corpus, and on bytes that are no files at all.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "all of it is test code, and Clippy knows only the functions marked so"
)]

mod corpus;
mod corpus_files;
mod damaged_files;
mod edit_lists;
mod ends;
mod ffmpeg;
mod ffmpeg_encoded_files;
mod ffmpeg_unusual_files;
mod fmp4;
mod fragment_walk;
mod fragmented_files;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
mod fuzz_targets;
mod large_claims;
mod locate;
mod mp4_writer;
mod playback;
mod sample_descriptions;
mod start_index;
mod synth;
mod verdicts;
mod windows;
