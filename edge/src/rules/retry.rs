//! Timeouts and retries of requests to upstreams.

/// From connecting to the head of an answer.
pub const HEAD_MS_MAX: u64 = 8_000;
/// A read into memory, every try of it together: less than the 30 seconds in which hosted Spin and
/// `firstframe serve` want an answer to begin.
pub const READ_MS_MAX: u64 = 24_000;
/// Requests of one read, redirects aside.
pub const REQUEST_COUNT_MAX: u32 = 8;
/// Redirects of one request.
pub const REDIRECT_COUNT_MAX: usize = 3;
/// What a body may take before its length counts.
const BODY_MS: u64 = 3_000;
/// The least speed of a body: a film cannot be watched at less (512 kbit/s).
const BODY_BYTES_PER_S_MIN: u64 = 64 * 1024;
/// The first pause between two tries; each next one is twice as long.
const PAUSE_MS: u64 = 100;
/// The longest.
const PAUSE_MS_MAX: u64 = 2_000;

/// What a body of this length may take.
pub const fn body_ms_max(length: u64) -> u64 {
    BODY_MS + length.saturating_mul(1000) / BODY_BYTES_PER_S_MIN
}

/// How long to wait before try number `tries`, counted from 1: anything up to a growing limit, by
/// a random number, so that those who failed together do not come back together.
pub fn pause_ms(tries: u32, random: u64) -> u64 {
    let limit = PAUSE_MS.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(PAUSE_MS_MAX);
    random % (limit + 1)
}
