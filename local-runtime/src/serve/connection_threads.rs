//! The threads that serve connections. A connection stays on one of them: a request that the cache
//! answers wakes no other thread.

use std::{
    future::pending,
    io,
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use tokio::runtime::{Builder, Handle};

/// Threads of each of them that may block on the disk. Further reads wait for one.
const BLOCKING_THREADS_MAX: usize = 8;

/// The runtimes of these threads, which take turns.
pub(super) struct ConnectionThreads {
    runtimes: Vec<Handle>,
    next: AtomicUsize,
}

impl ConnectionThreads {
    /// The threads of the runtime that runs this.
    pub(super) fn current() -> Self {
        Self { runtimes: vec![Handle::current()], next: AtomicUsize::new(0) }
    }

    /// A thread for each processor, until the process ends.
    pub(super) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let runtimes = (0..count).map(|_| start_thread()).collect::<io::Result<_>>()?;
        Ok(Self { runtimes, next: AtomicUsize::new(0) })
    }

    /// Runs `connection` on the next of them.
    pub(super) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let next = self.next.fetch_add(1, Relaxed) % self.runtimes.len().max(1);
        if let Some(runtime) = self.runtimes.get(next) {
            runtime.spawn(connection);
        }
    }
}

fn start_thread() -> io::Result<Handle> {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("connections".to_owned());
    thread.spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}
