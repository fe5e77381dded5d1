//! Limits how many reads hold bytes in memory at once.

use super::resolver::CLAIM_POLL_MS;
use crate::{
    error::Error,
    instance::MediaCache,
    platform::{Clock, Platform},
};

/// Reads that hold bytes in memory at once: with 4 MiB each, a quarter of an isolate.
const READ_COUNT_MAX: usize = 8;
/// `Retry-After` of a request that got no permit.
const RETRY_MS: u64 = 1_000;

/// Permission to hold the bytes of one read in memory, given back on drop.
pub(super) struct ReadPermit<'a>(&'a MediaCache);

impl<'a> ReadPermit<'a> {
    /// Waits for a permit until the deadline.
    pub(super) async fn acquire<P: Platform>(
        platform: &'a P,
        deadline_ms: u64,
    ) -> Result<Self, Error> {
        let media = &platform.instance().media;
        while media.reads.get() >= READ_COUNT_MAX {
            if platform.clock().now_ms() >= deadline_ms {
                let why = format!("{READ_COUNT_MAX} upstream reads already hold bytes in memory");
                return Err(Error::UpstreamBusy(RETRY_MS, why));
            }
            platform.clock().sleep(CLAIM_POLL_MS).await;
        }
        media.reads.set(media.reads.get() + 1);
        Ok(Self(media))
    }
}

impl Drop for ReadPermit<'_> {
    fn drop(&mut self) {
        self.0.reads.set(self.0.reads.get().saturating_sub(1));
    }
}
