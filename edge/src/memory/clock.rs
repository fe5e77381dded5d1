//! Wall clock that stands where a test puts it, and goes on only when everybody waits for it.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use crate::platform::Clock;

/// Who waits, and until when.
type Sleepers = Rc<RefCell<Vec<(u64, Waker)>>>;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Default, Clone)]
pub struct MemoryClock(pub Rc<Cell<u64>>, Sleepers);

impl MemoryClock {
    /// Goes on to the moment that somebody waits for first. False where nobody waits.
    pub(super) fn advance(&self) -> bool {
        let mut sleepers = self.1.borrow_mut();
        let Some(until) = sleepers.iter().map(|(until, _)| *until).min() else { return false };
        self.0.set(until.max(self.0.get()));
        sleepers.retain(|(other, waker)| {
            if *other <= until {
                waker.wake_by_ref();
            }
            *other > until
        });
        true
    }
}

impl Clock for MemoryClock {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }

    async fn sleep(&self, ms: u64) {
        let until = self.0.get().saturating_add(ms);
        poll_fn(|context| {
            if self.0.get() >= until {
                return Poll::Ready(());
            }
            self.1.borrow_mut().push((until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
