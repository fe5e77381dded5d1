//! Reads a file of a provider: exactly the requested bytes, of exactly one state of the file, or an
//! error, in a bounded time.

use std::mem;

use url::Url;

use super::{fetch::fetch, read_permit::ReadPermit, resolver};
use crate::{
    error::Error,
    http::ByteRange,
    instance::{MediaCache, ResolvedUrls},
    media::film::MediaBody,
    platform::{
        Clock, Outbound, OutboundResponse, Platform, PortError, Random, StreamOf, with_timeout,
    },
    rules::{
        blocks::{BLOCK_BYTES, RUN_BLOCKS_MAX},
        circuit_breaker::CircuitBreaker,
        identity::Validators,
        provider::Provider,
        retry::{self, READ_MS_MAX, REQUEST_COUNT_MAX},
        upstream_response::{UpstreamFault, UpstreamResponse, check_response},
    },
};

/// Bytes of a body that are read and dropped where an upstream ignores ranges: enough to reach any
/// byte of a head, too few to download half a film for each read in its middle.
const SKIP_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Responses of one read that say that a URL expired.
const EXPIRED_COUNT_MAX: u32 = 2;
/// How long a busy upstream gets no request when its response has no `Retry-After`.
const BUSY_MS: u64 = 1_000;

/// One read, with all its attempts.
pub(crate) struct Reader<'a, P> {
    platform: &'a P,
    provider: &'a Provider,
    file: &'a str,
    /// The state that the bytes must be of, once that is known.
    pub(crate) known: Option<Validators>,
    /// Header fields of the first response that responses about the film repeat.
    pub(crate) fields: Vec<(String, String)>,
    deadline_ms: u64,
    /// Requests sent so far, redirects aside.
    pub(crate) requests: u32,
    /// Failures since bytes last arrived.
    failures: u32,
    /// Counts up to take the next URL.
    next_url: usize,
    /// URLs of this version and older ones have expired.
    stale_version: u64,
    expired_count: u32,
    /// URLs that have another file, or none.
    missing_count: usize,
    last_error: Error,
}

/// A response whose body has the requested bytes.
struct UsableResponse<S> {
    response: OutboundResponse<S>,
    /// Bytes of the body in front of the requested ones.
    skip: u64,
    /// The bytes that the body has of the requested range.
    sent: ByteRange,
    /// Whether the body is exactly those bytes, and its length is known.
    can_stream: bool,
    origin: String,
}

type Attempt<P> = Result<UsableResponse<StreamOf<P>>, UpstreamFault>;

impl<'a, P: Platform> Reader<'a, P> {
    pub(crate) fn new(
        platform: &'a P,
        provider: &'a Provider,
        file: &'a str,
        known: Option<Validators>,
    ) -> Self {
        Self {
            platform,
            provider,
            file,
            known,
            fields: Vec::new(),
            deadline_ms: platform.clock().now_ms() + READ_MS_MAX,
            requests: 0,
            failures: 0,
            next_url: 0,
            stale_version: 0,
            expired_count: 0,
            missing_count: 0,
            last_error: out_of_time(provider),
        }
    }

    /// Reads these bytes into memory, cut where the file ends.
    pub(crate) async fn bytes(&mut self, range: ByteRange) -> Result<Vec<u8>, Error> {
        self.collect(None, range).await
    }

    /// These bytes as the upstream's own stream; where its response cannot be passed on as it is,
    /// as many of them as fit into memory.
    pub(crate) async fn stream(
        &mut self,
        range: ByteRange,
    ) -> Result<(ByteRange, MediaBody<StreamOf<P>>), Error> {
        let usable = self.request(range).await?;
        if usable.can_stream {
            self.media().breaker(&usable.origin, CircuitBreaker::record_success);
            return Ok((usable.sent, MediaBody::Stream(usable.response.stream)));
        }
        let end = range.end.min(range.start + RUN_BLOCKS_MAX * BLOCK_BYTES);
        let bytes = self.collect(Some(usable), ByteRange { start: range.start, end }).await?;
        let sent = ByteRange { start: range.start, end: range.start + bytes.len() as u64 };
        Ok((sent, MediaBody::Bytes(bytes)))
    }

    /// Reads bytes into memory. After a body that breaks off, the next request has the rest of the range.
    async fn collect(
        &mut self,
        mut first: Option<UsableResponse<StreamOf<P>>>,
        mut range: ByteRange,
    ) -> Result<Vec<u8>, Error> {
        let permit = ReadPermit::acquire(self.platform, self.deadline_ms).await;
        if permit.is_err()
            && let Some(unread) = first.take()
        {
            self.platform.outbound().discard(unread.response.stream);
        }
        let _permit = permit?;
        // The capacity is what was requested: a whole read never reallocates.
        let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
        loop {
            let start = range.start + bytes.len() as u64;
            let usable = match first.take() {
                Some(usable) => usable,
                None => self.request(ByteRange { start, end: range.end }).await?,
            };
            range.end = range.end.min(usable.sent.end);
            let left = usize::try_from(range.end - start).unwrap_or(usize::MAX);
            if self.append_body(usable, left, &mut bytes).await? {
                return Ok(bytes);
            }
        }
    }

    /// Appends up to `left` bytes of a body, and returns whether all of them came; an error where
    /// there is no further attempt.
    async fn append_body(
        &mut self,
        usable: UsableResponse<StreamOf<P>>,
        left: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let before = bytes.len();
        let filling =
            self.platform.outbound().fill(usable.response.stream, usable.skip, left, bytes);
        let ms_max = retry::body_ms_max(usable.skip + left as u64).min(self.time_left_ms());
        let filled = with_timeout(self.platform.clock(), ms_max, filling).await;
        if bytes.len() == before + left {
            self.media().breaker(&usable.origin, CircuitBreaker::record_success);
            return Ok(true);
        }
        let why = incomplete_body(filled);
        if bytes.len() > before {
            // The origin works, slowly: bytes that came are not requested again.
            (self.failures, self.last_error) = (0, self.error(why));
            self.pause(0).await?;
        } else {
            self.record_failure(&usable.origin, why).await?;
        }
        Ok(false)
    }

    /// Sends requests, to one URL after the other, until a response is usable.
    async fn request(&mut self, range: ByteRange) -> Result<UsableResponse<StreamOf<P>>, Error> {
        let mut open_breakers = 0;
        loop {
            let resolved = self.resolve().await?;
            let now_ms = self.platform.clock().now_ms();
            let is_fresh = |until_ms: Option<u64>| until_ms.is_none_or(|until| now_ms < until);
            let fresh: Vec<_> =
                resolved.urls.iter().filter(|one| is_fresh(one.fresh_until_ms)).collect();
            let Some(next) = fresh.get(self.next_url % fresh.len().max(1)) else { continue };
            let url = self.provider.check_url(&next.url).map_err(|why| self.error(why))?;
            let origin = url.origin().ascii_serialization();
            let closed = self.media().breaker(&origin, |breaker| breaker.check(now_ms));
            if let Err(open_ms) = closed {
                open_breakers += 1;
                self.next_url += 1;
                if open_breakers >= fresh.len() {
                    return Err(self.all_open(open_ms));
                }
                continue;
            }
            match self.attempt(&url, &origin, range).await? {
                Ok(usable) => return Ok(usable),
                Err(fault) => {
                    self.handle_fault(fault, &origin, resolved.version, fresh.len()).await?;
                }
            }
            open_breakers = 0;
        }
    }

    /// URLs of the file that have not been found stale by this read.
    async fn resolve(&self) -> Result<ResolvedUrls, Error> {
        let (platform, provider) = (self.platform, self.provider);
        resolver::resolve(platform, provider, self.file, self.stale_version, self.deadline_ms).await
    }

    /// The error where the circuit breaker of every origin is open. A failure of this read says
    /// more than that.
    fn all_open(&mut self, open_ms: u64) -> Error {
        let why = format!("{}: every origin gets no requests after failures", self.provider.id);
        let busy = Error::UpstreamBusy(open_ms, why);
        if self.requests > 0 { mem::replace(&mut self.last_error, busy) } else { busy }
    }

    /// Prepares the next attempt after a fault; an error where there is none.
    async fn handle_fault(
        &mut self,
        fault: UpstreamFault,
        origin: &str,
        version: u64,
        url_count: usize,
    ) -> Result<(), Error> {
        use UpstreamFault::{Busy, Changed, Expired, Failed, Invalid, Missing, Unreachable};
        if matches!(fault, Expired(_) | Missing | Changed(_)) {
            // The file is at fault, not the origin.
            self.media().breaker(origin, CircuitBreaker::record_success);
        }
        match fault {
            Expired(status) => self.record_expired(status, version),
            Missing => self.record_missing("has no such file", url_count),
            Changed(why) => self.record_missing(why, url_count),
            Busy(after_ms) => self.record_busy(origin, after_ms, url_count).await,
            Failed(status) => self.record_failure(origin, &format!("status {status}")).await,
            Invalid(why) | Unreachable(why) => self.record_failure(origin, why).await,
        }
    }

    /// Sends one request and checks the response; one that is of no use is closed.
    async fn attempt(
        &mut self,
        url: &Url,
        origin: &str,
        range: ByteRange,
    ) -> Result<Attempt<P>, Error> {
        self.requests += 1;
        let left_ms = self.time_left_ms();
        let response = match fetch(self.platform, self.provider, url, Some(range), left_ms).await {
            Ok(response) => response,
            Err(why) => return Ok(Err(UpstreamFault::Unreachable(why))),
        };
        let now_ms = self.platform.clock().now_ms();
        let checked = match check_response(&response.head, range, self.known.as_ref(), now_ms) {
            Ok(checked) => checked,
            Err(fault) => {
                self.platform.outbound().discard(response.stream);
                return Ok(Err(fault));
            }
        };
        let (validators, sent, skip, can_stream) = requested_part(checked, range);
        if sent.is_empty() || skip > SKIP_BYTES_MAX {
            self.platform.outbound().discard(response.stream);
            return Err(self.error("ignores ranges, or the file is empty"));
        }
        if self.known.is_none() {
            self.fields = self.provider.copied_fields(&response.head);
            self.known = Some(validators);
        }
        Ok(Ok(UsableResponse { response, skip, sent, can_stream, origin: origin.to_owned() }))
    }

    /// Counts a failure of an origin, and waits before the next attempt.
    async fn record_failure(&mut self, origin: &str, why: &str) -> Result<(), Error> {
        let now_ms = self.platform.clock().now_ms();
        self.media().breaker(origin, |breaker| breaker.record_failure(now_ms));
        self.failures += 1;
        self.next_url += 1;
        self.last_error = self.error(why);
        let mut random = [0; 8];
        self.platform.random().fill(&mut random)?;
        let pause_ms = retry::pause_ms(self.failures, u64::from_be_bytes(random));
        self.pause(pause_ms).await
    }

    /// Opens the breaker of an origin for as long as it says; waits for it only where there is no
    /// other URL and the time is short.
    async fn record_busy(
        &mut self,
        origin: &str,
        after_ms: Option<u64>,
        url_count: usize,
    ) -> Result<(), Error> {
        let now_ms = self.platform.clock().now_ms();
        let busy_ms = after_ms.unwrap_or(BUSY_MS).max(1);
        self.media().breaker(origin, |breaker| breaker.open_for(now_ms, busy_ms));
        self.next_url += 1;
        let why = format!("{}: it takes no requests for {busy_ms} ms", self.provider.id);
        self.last_error = Error::UpstreamBusy(busy_ms, why);
        self.pause(if url_count > 1 { 0 } else { busy_ms }).await
    }

    /// Has the URLs resolved again.
    fn record_expired(&mut self, status: u16, version: u64) -> Result<(), Error> {
        self.stale_version = version;
        self.expired_count += 1;
        if self.expired_count > EXPIRED_COUNT_MAX {
            return Err(self.error(&format!("refuses newly resolved URLs with status {status}")));
        }
        Ok(())
    }

    /// Goes on to the next URL: another mirror may have the file.
    fn record_missing(&mut self, why: &str, url_count: usize) -> Result<(), Error> {
        self.next_url += 1;
        self.missing_count += 1;
        if self.missing_count >= url_count || self.requests >= REQUEST_COUNT_MAX {
            return Err(Error::SourceGone(format!("{}: {why}", self.provider.id)));
        }
        Ok(())
    }

    /// Waits, unless the time or the number of requests would be over then.
    async fn pause(&mut self, ms: u64) -> Result<(), Error> {
        if self.requests >= REQUEST_COUNT_MAX || ms >= self.time_left_ms() {
            return Err(mem::replace(&mut self.last_error, out_of_time(self.provider)));
        }
        self.platform.clock().sleep(ms).await;
        Ok(())
    }

    fn error(&self, why: &str) -> Error {
        Error::UpstreamFailed(format!("{}: {why}", self.provider.id))
    }

    fn time_left_ms(&self) -> u64 {
        self.deadline_ms.saturating_sub(self.platform.clock().now_ms())
    }

    fn media(&self) -> &'a MediaCache {
        &self.platform.instance().media
    }
}

/// What a checked response has of the requested range: its validators, those bytes, how many bytes
/// come before them, and whether its body is exactly those bytes.
fn requested_part(
    checked: UpstreamResponse,
    range: ByteRange,
) -> (Validators, ByteRange, u64, bool) {
    match checked {
        UpstreamResponse::Partial { sent, validators, has_length } => {
            (validators, sent, 0, has_length)
        }
        UpstreamResponse::Complete { validators, has_length } => {
            let end = range.end.min(validators.size_bytes);
            let is_all = range.start == 0 && end == validators.size_bytes;
            let sent = ByteRange { start: range.start, end };
            (validators, sent, range.start, has_length && is_all)
        }
    }
}

/// Why a body has fewer bytes than its head promised.
fn incomplete_body(filled: Option<Result<(), PortError>>) -> &'static str {
    match filled {
        None => "the body came too slowly",
        Some(Ok(())) => "the body is shorter than its Content-Length",
        Some(Err(_)) => "the connection broke within the body",
    }
}

fn out_of_time(provider: &Provider) -> Error {
    Error::UpstreamFailed(format!("{}: no usable response within the time limit", provider.id))
}
