//! When idle viewers are deleted: rarely, and oftener while many viewers are new.

use std::cell::Cell;

/// Time between two sweeps where few viewers are new.
const EVERY_MS: u64 = 60_000;
/// New viewers between two sweeps: fewer than a sweep deletes, so that a flood of viewers ends.
const EVERY_COUNT: u32 = 64;

/// The last sweep of this instance.
#[derive(Debug, Default)]
pub struct Sweeps {
    at_ms: Cell<Option<u64>>,
    new_viewers: Cell<u32>,
}

impl Sweeps {
    /// Counts a new viewer. Whether a sweep is due, which then counts as done.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let new_viewers = self.new_viewers.get() + 1;
        let is_late = self.at_ms.get().is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= EVERY_MS);
        let is_due = is_late || new_viewers >= EVERY_COUNT;
        if is_due {
            self.at_ms.set(Some(now_ms));
        }
        self.new_viewers.set(if is_due { 0 } else { new_viewers });
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweep_is_due_every_minute_and_after_64_new_viewers() {
        let sweeps = Sweeps::default();
        let due: Vec<u32> = (0..130).filter(|_| sweeps.is_due(5)).collect();
        assert_eq!(due, [0, 64, 128]);
        assert!(!sweeps.is_due(5 + EVERY_MS - 1));
        assert!(sweeps.is_due(5 + EVERY_MS));
    }
}
