//! Runs work of storage on threads that may block.

use super::{Error, Result};

/// Runs `work`, which may wait for the disk, on a thread that may block.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::TaskFailed))
}
