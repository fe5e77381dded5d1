//! Starts: headers of a film, its first bytes behind them, and what is stored to make them.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail"
)]

mod bed;
mod bytes;
mod elsewhere;
mod headers;
mod prewarm;
mod stored;
mod stream;
mod window;
