//! Starts: the headers of a film, the first bytes behind them, and the start index they come from.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail"
)]

mod bytes;
#[path = "../../../crates/mp4/tests/it/corpus_files.rs"]
#[expect(dead_code, reason = "it is shared with the tests of `mp4`, which use all of it")]
mod corpus_files;
#[path = "../common/deployment.rs"]
mod deployment;
#[path = "../../../crates/mp4/tests/it/ffmpeg.rs"]
#[expect(dead_code, reason = "it is shared with the tests of `mp4`, which use all of it")]
mod ffmpeg;
mod fixture;
#[path = "../../../crates/mp4/tests/it/fmp4.rs"]
mod fmp4;
mod fragmented;
mod headers;
mod positions;
mod prefetch_window;
mod prewarm;
mod removal;
mod stored;
mod stream;
mod upstream_film;
