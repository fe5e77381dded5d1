//! Wall clock: `Date.now()`, which Workers hold still between I/O.

use std::time::Duration;

use crate::platform::Clock;

pub(super) struct WorkerClock;

impl Clock for WorkerClock {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since 1970"
    )]
    fn now_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }

    async fn sleep(&self, ms: u64) {
        worker::Delay::from(Duration::from_millis(ms)).await;
    }
}
