//! Does work for many items on a few threads.

use std::sync::Mutex;
use std::thread;

use anyhow::{Result, anyhow};

struct Queue<I, R, T> {
    items: I,
    done: R,
    error: Option<T>,
}

/// Does `work` for each item, on at most `threads` threads; results come in the order in which they
/// are done. After the first error no further item is started.
pub(crate) fn in_parallel<I: Send, T: Send>(
    items: Vec<I>,
    threads: usize,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let threads = threads.min(items.len());
    let queue = Mutex::new(Queue { items: items.into_iter(), done: Vec::new(), error: None });
    let worker = || {
        loop {
            let item = match queue.lock() {
                Ok(mut queue) if queue.error.is_none() => queue.items.next(),
                _ => None,
            };
            let Some(item) = item else { return };
            let result = work(item);
            let Ok(mut queue) = queue.lock() else { return };
            match result {
                Ok(result) => queue.done.push(result),
                Err(error) => drop(queue.error.get_or_insert(error)),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
    });
    let queue = queue.into_inner().map_err(|_| anyhow!("a thread has panicked"))?;
    queue.error.map_or(Ok(queue.done), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn first_failure_ends_parallel_work() {
        let done = in_parallel((0..100).collect(), 4, Ok::<i32, _>).unwrap();
        assert_eq!(done.len(), 100);
        let work = |n| (n != 3).then_some(n).context("three");
        assert!(in_parallel((0..100).collect::<Vec<i32>>(), 4, work).is_err());
    }
}
