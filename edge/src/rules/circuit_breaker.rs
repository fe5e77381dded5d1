//! When to stop sending requests to an origin that fails, and when to try it again.

use super::retry::HEAD_MS_MAX;

/// Failures in a row that open the breaker.
const FAILURE_COUNT_MAX: u32 = 5;
/// How long it is open at first; each further failure doubles that.
const OPEN_MS: u64 = 2_000;
/// The longest time that it is open.
const OPEN_MS_MAX: u64 = 60_000;

/// The circuit breaker of one origin: open, it lets no request through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    failures: u32,
    open_until_ms: u64,
}

impl CircuitBreaker {
    /// Whether a request may be sent now; otherwise, in how many milliseconds. After the open time one
    /// request probes the origin, and the others wait for its outcome.
    pub fn check(&mut self, now_ms: u64) -> Result<(), u64> {
        if now_ms < self.open_until_ms {
            return Err(self.open_until_ms - now_ms);
        }
        if self.failures >= FAILURE_COUNT_MAX {
            self.open_until_ms = now_ms + HEAD_MS_MAX;
        }
        Ok(())
    }

    /// Records a good response, which closes the breaker.
    pub fn record_success(&mut self) {
        *self = Self::default();
    }

    /// Records a failure.
    pub fn record_failure(&mut self, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(more) = self.failures.checked_sub(FAILURE_COUNT_MAX) {
            let open_ms = OPEN_MS.saturating_mul(1 << more.min(16)).min(OPEN_MS_MAX);
            self.open_until_ms = now_ms.saturating_add(open_ms);
        }
    }

    /// Opens the breaker for as long as the origin says, at most a minute.
    pub fn open_for(&mut self, now_ms: u64, open_ms: u64) {
        let until_ms = now_ms.saturating_add(open_ms.min(OPEN_MS_MAX));
        self.open_until_ms = self.open_until_ms.max(until_ms);
    }
}
