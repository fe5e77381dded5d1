//! A range of media time, as `SourceBuffer.buffered` lists them.

use super::limits::TIME_TOLERANCE_MS;

/// Media time from `start_ms` to before `end_ms`, both in milliseconds from the film's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First millisecond of the range.
    pub start_ms: u64,
    /// First millisecond behind the range.
    pub end_ms: u64,
}

impl TimeRange {
    /// Whether `time_ms` lies in the range, or less than a frame in front of it.
    pub(super) const fn covers(&self, time_ms: u64) -> bool {
        self.start_ms <= time_ms.saturating_add(TIME_TOLERANCE_MS) && time_ms < self.end_ms
    }
}
