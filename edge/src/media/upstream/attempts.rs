//! After a failed attempt of a read: what is counted, how long it waits, and when it gives up.

use std::mem;

use super::{
    fetch::{FetchFault, FetchFaultKind},
    reader::{Reader, out_of_time},
};
use crate::{
    error::Error,
    platform::{Clock, Platform, Random},
    rules::{
        retry::{self, Blame, REQUEST_COUNT_MAX, blame_of},
        upstream_response::UpstreamFault,
    },
};

/// Responses of one read that say that a URL expired.
const EXPIRED_COUNT_MAX: u32 = 2;
/// How long a busy upstream gets no request when its response has no `Retry-After`.
const BUSY_MS: u64 = 1_000;

impl<P: Platform> Reader<'_, P> {
    /// The error where the circuit breaker of every origin is open. A failure of this read says
    /// more than that.
    pub(super) fn all_open(&mut self, open_ms: u64) -> Error {
        let id = &self.provider.id;
        let why = format!("{id}: every origin gets no requests for {open_ms} ms after failures");
        let busy = Error::UpstreamBusy(open_ms, why);
        if self.requests > 0 { mem::replace(&mut self.last_error, busy) } else { busy }
    }

    /// Prepares the next attempt after a fault; an error where there is none.
    pub(super) async fn handle_fault(
        &mut self,
        fault: UpstreamFault,
        origin: &str,
        version: u64,
        url_count: usize,
    ) -> Result<(), Error> {
        use UpstreamFault::{Busy, Changed, Expired, Failed, Invalid, Missing, UnknownSize};
        match fault {
            Busy(_) => {}
            Failed(status) if blame_of(status) == Blame::Origin => {}
            // The file is at fault, not the origin.
            Expired(_) | Missing | Changed(_) | Failed(_) | Invalid(_) | UnknownSize => {
                self.breakers.record_response(origin);
            }
        }
        match fault {
            Expired(status) => self.record_expired(origin, status, version),
            Missing => self.record_missing(origin, "it has no such file (status 404)", url_count),
            Changed(why) => self.record_missing(origin, why, url_count),
            Busy(after_ms) => {
                let busy_ms = after_ms.unwrap_or(BUSY_MS).max(1);
                self.breakers.open_for(origin, busy_ms);
                self.record_busy(origin, busy_ms, url_count).await
            }
            Failed(status) => {
                self.record_failure(origin, blame_of(status), &format!("status {status}")).await
            }
            Invalid(why) => self.record_failure(origin, Blame::File, why).await,
            UnknownSize => {
                self.record_failure(origin, Blame::File, "it does not say the size of the file")
                    .await
            }
        }
    }

    /// The same where there was no response.
    pub(super) async fn handle_fetch_fault(
        &mut self,
        fault: FetchFault,
        url_count: usize,
    ) -> Result<(), Error> {
        let FetchFault { origin, kind, why } = fault;
        match kind {
            FetchFaultKind::Failed(blame) => self.record_failure(&origin, blame, &why).await,
            FetchFaultKind::Open(ms) => self.record_busy(&origin, ms, url_count).await,
        }
    }

    /// Counts a failure, and waits before the next attempt.
    pub(super) async fn record_failure(
        &mut self,
        origin: &str,
        blame: Blame,
        why: &str,
    ) -> Result<(), Error> {
        self.breakers.record_failure(origin, blame);
        self.failures += 1;
        self.next_url += 1;
        self.last_error = self.error_at(origin, why);
        let mut random = [0; 8];
        self.platform.random().fill(&mut random)?;
        let pause_ms = retry::pause_ms(self.failures, u64::from_be_bytes(random));
        self.pause(pause_ms).await
    }

    /// Waits for an origin only where there is no other URL and the time is short.
    async fn record_busy(
        &mut self,
        origin: &str,
        busy_ms: u64,
        url_count: usize,
    ) -> Result<(), Error> {
        self.next_url += 1;
        let why = format!("{}: {origin}: it takes no requests for {busy_ms} ms", self.provider.id);
        self.last_error = Error::UpstreamBusy(busy_ms, why);
        self.pause(if url_count > 1 { 0 } else { busy_ms }).await
    }

    /// Has the URLs resolved again.
    fn record_expired(&mut self, origin: &str, status: u16, version: u64) -> Result<(), Error> {
        self.stale_version = version;
        self.expired_count += 1;
        if self.expired_count > EXPIRED_COUNT_MAX {
            self.breakers.record_failure(origin, Blame::File);
            let why = format!("refuses newly resolved URLs with status {status}");
            return Err(self.error_at(origin, &why));
        }
        Ok(())
    }

    /// Goes on to the next URL: another mirror may have the file.
    fn record_missing(&mut self, origin: &str, why: &str, url_count: usize) -> Result<(), Error> {
        self.next_url += 1;
        self.missing_count += 1;
        if self.missing_count >= url_count || self.requests >= REQUEST_COUNT_MAX {
            return Err(Error::SourceGone(format!("{}: {origin}: {why}", self.provider.id)));
        }
        Ok(())
    }

    /// Waits, unless the time or the number of requests would be over then.
    pub(super) async fn pause(&mut self, ms: u64) -> Result<(), Error> {
        if self.requests >= REQUEST_COUNT_MAX || ms >= self.time_left_ms() {
            return Err(mem::replace(&mut self.last_error, out_of_time(self.provider)));
        }
        self.platform.clock().sleep(ms).await;
        Ok(())
    }

    pub(super) fn error(&self, why: &str) -> Error {
        Error::UpstreamFailed(format!("{}: {why}", self.provider.id))
    }

    pub(super) fn error_at(&self, origin: &str, why: &str) -> Error {
        self.error(&format!("{origin}: {why}"))
    }

    pub(super) fn time_left_ms(&self) -> u64 {
        self.deadline_ms.saturating_sub(self.platform.clock().now_ms())
    }
}
