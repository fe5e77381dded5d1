//! Port: wall-clock time, and waiting.

use std::pin::pin;

use futures::future::{Either, select};

/// Time that may stand still within a request, except while it waits.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Clock {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
    /// Waits this long.
    async fn sleep(&self, ms: u64);
}

/// The output of a future; none where it takes longer than this time.
pub async fn with_timeout<F: Future>(clock: &impl Clock, ms: u64, future: F) -> Option<F::Output> {
    match select(pin!(future), pin!(clock.sleep(ms))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
