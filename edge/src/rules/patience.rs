//! How long to wait for an upstream, how often to ask, and when not to ask at all.

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
/// Failures in a row after which an origin is left alone.
const FAILURE_COUNT_MAX: u32 = 5;
/// How long it is left alone at first; each time it fails again twice as long.
const REST_MS: u64 = 2_000;
/// The longest.
const REST_MS_MAX: u64 = 60_000;

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

/// The health of an origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    rests_until_ms: u64,
}

impl Breaker {
    /// Whether the origin may be asked now; otherwise, in how many milliseconds. Of those who ask
    /// at the end of a rest, the first one tries it for all.
    pub fn may_ask(&mut self, now_ms: u64) -> Result<(), u64> {
        if now_ms < self.rests_until_ms {
            return Err(self.rests_until_ms - now_ms);
        }
        if self.failures >= FAILURE_COUNT_MAX {
            self.rests_until_ms = now_ms + HEAD_MS_MAX;
        }
        Ok(())
    }

    /// It answered as it should.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It did not.
    pub fn failed(&mut self, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(more) = self.failures.checked_sub(FAILURE_COUNT_MAX) {
            let rest_ms = REST_MS.saturating_mul(1 << more.min(16)).min(REST_MS_MAX);
            self.rests_until_ms = now_ms.saturating_add(rest_ms);
        }
    }

    /// It wants to be left alone for so long.
    pub fn rest(&mut self, now_ms: u64, rest_ms: u64) {
        let until_ms = now_ms.saturating_add(rest_ms.min(REST_MS_MAX));
        self.rests_until_ms = self.rests_until_ms.max(until_ms);
    }
}
