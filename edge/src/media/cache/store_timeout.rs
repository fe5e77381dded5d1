//! A time limit for store operations without which a film can still be served.

use crate::{
    error::Error,
    platform::{Platform, with_timeout},
};

/// Ten times what the slowest of these stores takes.
const STORE_MS_MAX: u64 = 3_000;

/// Runs a store operation, and fails it after three seconds.
pub(crate) async fn with_store_timeout<P: Platform, T>(
    platform: &P,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let timed_out = || Err(Error::StorageUnavailable("a store timed out after 3 s".to_owned()));
    with_timeout(platform.clock(), STORE_MS_MAX, operation).await.unwrap_or_else(timed_out)
}
