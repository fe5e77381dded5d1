//! Notices a position that stands still where it should move.

use super::limits;

/// What it saw of the position so far.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// Where the position stands, and since when.
    place: Option<(u64, u64)>,
    /// When the position was reported last.
    last_ms: u64,
    is_nudged: bool,
}

/// For how long the position has stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not at all, or not for long.
    Short,
    /// So long that a nudge may help; said once.
    Nudge,
    /// Too long.
    Long,
}

impl Watchdog {
    /// Takes a report of the position; `should_move`: playback is to go on, and waits for no data.
    pub(super) fn watch(&mut self, now_ms: u64, time_ms: u64, should_move: bool) -> Standing {
        let is_awake = now_ms.saturating_sub(self.last_ms) <= limits::PULSE_MS_MAX;
        self.last_ms = now_ms;
        let stands = |(at_ms, _): &(u64, u64)| at_ms.abs_diff(time_ms) < limits::STANDING_MS;
        let Some((_, since_ms)) = self.place.filter(|place| should_move && stands(place)) else {
            (self.place, self.is_nudged) = (should_move.then_some((time_ms, now_ms)), false);
            return Standing::Short;
        };
        if !is_awake {
            self.place = Some((time_ms, now_ms));
            return Standing::Short;
        }
        let stood_ms = now_ms - since_ms;
        if stood_ms >= limits::STALLED_MS {
            self.place = None;
            return Standing::Long;
        }
        if stood_ms >= limits::NUDGE_AFTER_MS && !self.is_nudged {
            self.is_nudged = true;
            return Standing::Nudge;
        }
        Standing::Short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports this position once a second, and returns when it was said to stand.
    fn said(watchdog: &mut Watchdog, seconds: std::ops::Range<u64>, time_ms: u64) -> Vec<u64> {
        let said = seconds.filter(|s| watchdog.watch(s * 1000, time_ms, true) != Standing::Short);
        said.collect()
    }

    #[test]
    fn position_that_stands_is_noticed_twice() {
        let mut watchdog = Watchdog::default();
        assert_eq!(said(&mut watchdog, 10..20, 700), [12, 15, 18]);
    }

    #[test]
    fn position_that_moves_or_waits_or_is_hidden_does_not_stand() {
        let mut watchdog = Watchdog::default();
        for s in 10..30 {
            assert_eq!(watchdog.watch(s * 1000, s * 1000, true), Standing::Short);
            assert_eq!(watchdog.watch(s * 1000 + 1, 99_000, false), Standing::Short);
        }
        for s in (30..90).step_by(5) {
            assert_eq!(watchdog.watch(s * 1000, 5_000, true), Standing::Short);
        }
    }

    #[test]
    fn nudge_does_not_count_as_moving() {
        let mut watchdog = Watchdog::default();
        assert_eq!(said(&mut watchdog, 10..13, 700), [12]);
        assert_eq!(watchdog.watch(13_000, 800, true), Standing::Short);
        assert_eq!(watchdog.watch(15_000, 800, true), Standing::Long);
    }
}
