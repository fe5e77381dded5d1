//! Wall clock: `wasi:clocks` through std.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::platform::Clock;

pub(super) struct WasiClock;

impl Clock for WasiClock {
    #[expect(clippy::disallowed_methods, reason = "this adapter is the clock")]
    fn now_ms(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, ms: u64) {
        spin_sdk::time::sleep(Duration::from_millis(ms)).await;
    }
}
