//! Timeouts and retries of requests to upstreams, and which failures say something of an origin.

/// Time limit from connecting to the head of the response.
pub const HEAD_MS_MAX: u64 = 8_000;
/// Time limit of a read into memory with all its attempts: less than the 30 seconds in which hosted Spin
/// and `firstframe serve` require a response to begin.
pub const READ_MS_MAX: u64 = 24_000;
/// Requests of one read, redirects aside.
pub const REQUEST_COUNT_MAX: u32 = 8;
/// Redirects of one request.
pub const REDIRECT_COUNT_MAX: usize = 3;
/// Pause between two requests to a resolver for one file, so that URLs which are refused at once are
/// not resolved in a loop.
pub const RESOLVE_PAUSE_MS: u64 = 500;
/// Time limit of a body of any length, to which its length adds.
const BODY_MS: u64 = 3_000;
/// The least speed of a body: a film cannot be watched at less (512 kbit/s).
const BODY_BYTES_PER_S_MIN: u64 = 64 * 1024;
/// Limit of the pause after the first attempt; each attempt doubles it.
const PAUSE_MS: u64 = 100;
/// The longest pause.
const PAUSE_MS_MAX: u64 = 2_000;

/// Time limit of a body of this length.
pub const fn body_ms_max(length: u64) -> u64 {
    BODY_MS + length.saturating_mul(1000) / BODY_BYTES_PER_S_MIN
}

/// How long to wait after failed attempt number `attempt` (from 1): a random time up to a growing
/// limit, so that requests that failed together do not retry together.
pub fn pause_ms(attempt: u32, random: u64) -> u64 {
    random % (longest_pause_ms(attempt) + 1)
}

/// The limit of that time.
pub fn longest_pause_ms(attempt: u32) -> u64 {
    PAUSE_MS.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(PAUSE_MS_MAX)
}

/// Which circuit breaker a failure counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// No connection, no TLS, no response in time, or status 5xx: other files fail as well.
    Origin,
    /// Any other status, a response that breaks the protocol, or a URL that is not allowed: other files
    /// of the origin may be well.
    File,
}

/// Which of the two a response with this status says something of.
pub const fn blame_of(status: u16) -> Blame {
    if status >= 500 { Blame::Origin } else { Blame::File }
}
