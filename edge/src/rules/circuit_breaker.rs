//! When to stop sending requests to an origin that fails, and when to try it again.

use super::retry::HEAD_MS_MAX;

/// Failures in a row after which an origin is left alone.
const FAILURE_COUNT_MAX: u32 = 5;
/// How long it is left alone at first; each time it fails again twice as long.
const REST_MS: u64 = 2_000;
/// The longest.
const REST_MS_MAX: u64 = 60_000;

/// The health of an origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    failures: u32,
    rests_until_ms: u64,
}

impl CircuitBreaker {
    /// Whether the origin may be asked now; otherwise, in how many milliseconds. Of those who ask
    /// at the end of a rest, the first one tries it for all.
    pub fn check(&mut self, now_ms: u64) -> Result<(), u64> {
        if now_ms < self.rests_until_ms {
            return Err(self.rests_until_ms - now_ms);
        }
        if self.failures >= FAILURE_COUNT_MAX {
            self.rests_until_ms = now_ms + HEAD_MS_MAX;
        }
        Ok(())
    }

    /// It answered as it should.
    pub fn record_success(&mut self) {
        *self = Self::default();
    }

    /// It did not.
    pub fn record_failure(&mut self, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(more) = self.failures.checked_sub(FAILURE_COUNT_MAX) {
            let rest_ms = REST_MS.saturating_mul(1 << more.min(16)).min(REST_MS_MAX);
            self.rests_until_ms = now_ms.saturating_add(rest_ms);
        }
    }

    /// It wants to be left alone for so long.
    pub fn open_for(&mut self, now_ms: u64, rest_ms: u64) {
        let until_ms = now_ms.saturating_add(rest_ms.min(REST_MS_MAX));
        self.rests_until_ms = self.rests_until_ms.max(until_ms);
    }
}
