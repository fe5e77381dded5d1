//! How much of the body of a request has not been read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes of a body.
#[derive(Default)]
pub(super) struct UnreadBody(AtomicU64);

impl UnreadBody {
    /// Notes that so many follow the head that was read.
    pub(super) fn expect(&self, length: u64) {
        self.0.store(length, Relaxed);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// How many of `count` new bytes belong to the body, which is as much shorter from now on.
    pub(super) fn take(&self, count: usize) -> usize {
        let left = self.0.load(Relaxed);
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        self.0.store(left - taken as u64, Relaxed);
        taken
    }
}
