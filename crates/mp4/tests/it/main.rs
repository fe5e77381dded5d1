//! What `mp4` promises, on files made here, on the corpus, and on bytes that are no files at all.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "all of it is test code, and Clippy knows only the functions marked so"
)]

mod corpus;
mod described;
mod edited;
mod encoded;
mod ffmpeg;
mod film;
mod fmp4;
mod locate;
mod make;
mod odd;
mod play;
mod real;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
mod runs;
mod shapes;
mod smoke;
mod start;
mod windows;
