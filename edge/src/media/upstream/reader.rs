//! Reads a file of a provider: exactly the requested bytes, of exactly one state of the file, or an
//! error, in a bounded time.

use url::Url;

use super::{
    breakers::Breakers,
    fetch::{FetchFault, Fetched, fetch},
    read_permit::ReadPermit,
    resolver,
    usable_response::{
        AttemptFault, StreamedPart, UsableResponse, incomplete_body, requested_part,
    },
};
use crate::{
    error::Error,
    http::{ByteRange, PartStream},
    instance::ResolvedUrls,
    media::film::MediaPart,
    platform::{Clock, Outbound, Platform, StreamOf, with_timeout},
    rules::{
        blocks::{BLOCK_BYTES, RUN_BLOCKS_MAX},
        identity::Validators,
        provider::Provider,
        retry::{self, READ_MS_MAX},
        upstream_response::{UpstreamFault, UpstreamResponse, check_response},
    },
};

/// Bytes of a body that are read and dropped where an upstream ignores ranges: enough to reach any
/// byte of a head, too few to download half a film for each read in its middle.
const SKIP_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// One read, with all its attempts.
pub(crate) struct Reader<'a, P> {
    pub(super) platform: &'a P,
    pub(super) provider: &'a Provider,
    file: &'a str,
    pub(super) breakers: Breakers<'a, P>,
    /// The state that the bytes must be of, once that is known.
    pub(crate) known: Option<Validators>,
    /// Header fields of the first response that responses about the film repeat.
    pub(crate) fields: Vec<(String, String)>,
    pub(super) deadline_ms: u64,
    /// Requests sent so far, redirects aside.
    pub(crate) requests: u32,
    /// Failures since bytes last arrived.
    pub(super) failures: u32,
    /// Counts up to take the next URL.
    pub(super) next_url: usize,
    /// URLs of this version and older ones have expired.
    pub(super) stale_version: u64,
    pub(super) expired_count: u32,
    /// URLs that have another file, or none.
    pub(super) missing_count: usize,
    pub(super) last_error: Error,
}

type Attempt<P> = Result<UsableResponse<StreamOf<P>>, AttemptFault>;

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
            breakers: Breakers::new(platform, &provider.id, file),
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

    /// The first of these bytes as the upstream's own stream; where its body goes on behind them, as
    /// many as fit into memory.
    pub(crate) async fn stream(
        &mut self,
        range: ByteRange,
    ) -> Result<StreamedPart<StreamOf<P>>, Error> {
        let usable = self.request(range).await?;
        if usable.body.is_last {
            self.breakers.record_success(&usable.origin);
            let (stream, body) = (usable.response.stream, usable.body);
            let part = PartStream { stream, skip: body.skip, length: body.sent.len() };
            let can_pass = body.skip == 0 && body.has_length;
            return Ok(StreamedPart { sent: body.sent, part: MediaPart::Stream(part), can_pass });
        }
        let end = range.end.min(range.start + RUN_BLOCKS_MAX * BLOCK_BYTES);
        let bytes = self.collect(Some(usable), ByteRange { start: range.start, end }).await?;
        let sent = ByteRange { start: range.start, end: range.start + bytes.len() as u64 };
        Ok(StreamedPart { sent, part: MediaPart::Bytes(bytes), can_pass: false })
    }

    /// Reads bytes into memory. After a body that breaks off, or has only the first of the bytes, the
    /// next request has the rest of the range.
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
            let size_bytes = self.known.as_ref().map_or(range.end, |known| known.size_bytes);
            range.end = range.end.min(size_bytes);
            let end = range.end.min(usable.body.sent.end);
            let left = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
            if self.append_body(usable, left, &mut bytes).await? && end == range.end {
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
        let skip = usable.body.skip;
        let filling = self.platform.outbound().fill(usable.response.stream, skip, left, bytes);
        let ms_max = retry::body_ms_max(skip + left as u64).min(self.time_left_ms());
        let filled = with_timeout(self.platform.clock(), ms_max, filling).await;
        if bytes.len() == before + left {
            self.breakers.record_success(&usable.origin);
            return Ok(true);
        }
        let (blame, why) = incomplete_body(filled);
        if bytes.len() > before {
            // The origin works, slowly: bytes that came are not requested again.
            (self.failures, self.last_error) = (0, self.error_at(&usable.origin, why));
            self.pause(0).await?;
        } else {
            self.record_failure(&usable.origin, blame, why).await?;
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
            let Some(next) = fresh.get(self.next_url % fresh.len().max(1)) else {
                return Err(self.error("its resolver sends URLs that have expired"));
            };
            let url = self.provider.check_url(&next.url).map_err(|why| self.error(why))?;
            let origin = url.origin().ascii_serialization();
            if let Err(open_ms) = self.breakers.check(&origin) {
                open_breakers += 1;
                self.next_url += 1;
                if open_breakers >= fresh.len() {
                    return Err(self.all_open(open_ms));
                }
                continue;
            }
            match self.attempt(&url, range).await? {
                Ok(usable) => return Ok(usable),
                Err(AttemptFault::Response(_, UpstreamFault::UnknownSize)) => {
                    self.learn_size(&url, resolved.version, fresh.len()).await?;
                }
                Err(AttemptFault::Response(origin, fault)) => {
                    self.handle_fault(fault, &origin, resolved.version, fresh.len()).await?;
                }
                Err(AttemptFault::Fetch(fault)) => {
                    self.handle_fetch_fault(fault, fresh.len()).await?;
                }
            }
            open_breakers = 0;
        }
    }

    /// URLs of the file that have not been found stale by this read.
    async fn resolve(&self) -> Result<ResolvedUrls, Error> {
        let (platform, provider, stale) = (self.platform, self.provider, self.stale_version);
        let breakers = &self.breakers;
        resolver::resolve(platform, provider, breakers, self.file, stale, self.deadline_ms).await
    }

    /// Asks for the whole file, to learn its size from the head of the response.
    async fn learn_size(&mut self, url: &Url, version: u64, url_count: usize) -> Result<(), Error> {
        let fetched = match self.fetch(url, None).await {
            Ok(fetched) => fetched,
            Err(fault) => return self.handle_fetch_fault(fault, url_count).await,
        };
        let Fetched { response, origin } = fetched;
        self.platform.outbound().discard(response.stream);
        let now_ms = self.platform.clock().now_ms();
        let any = ByteRange { start: 0, end: 1 };
        match check_response(&response.head, any, None, now_ms) {
            Ok(UpstreamResponse::Complete { validators, .. }) => {
                self.fields = self.provider.copied_fields(&response.head);
                self.known = Some(validators);
                Ok(())
            }
            Ok(UpstreamResponse::Partial { .. }) => {
                self.handle_fault(UpstreamFault::UnknownSize, &origin, version, url_count).await
            }
            Err(fault) => self.handle_fault(fault, &origin, version, url_count).await,
        }
    }

    async fn fetch(
        &mut self,
        url: &Url,
        range: Option<ByteRange>,
    ) -> Result<Fetched<StreamOf<P>>, FetchFault> {
        self.requests += 1;
        let left_ms = self.time_left_ms();
        fetch(self.platform, self.provider, &self.breakers, url, range, left_ms).await
    }

    /// Sends one request and checks the response; one that is of no use is closed.
    async fn attempt(&mut self, url: &Url, range: ByteRange) -> Result<Attempt<P>, Error> {
        let Fetched { response, origin } = match self.fetch(url, Some(range)).await {
            Ok(fetched) => fetched,
            Err(fault) => return Ok(Err(AttemptFault::Fetch(fault))),
        };
        let now_ms = self.platform.clock().now_ms();
        let checked = match check_response(&response.head, range, self.known.as_ref(), now_ms) {
            Ok(checked) => checked,
            Err(fault) => {
                self.platform.outbound().discard(response.stream);
                return Ok(Err(AttemptFault::Response(origin, fault)));
            }
        };
        let (validators, body) = requested_part(checked, range);
        if body.sent.is_empty() || body.skip > SKIP_BYTES_MAX {
            self.platform.outbound().discard(response.stream);
            return Err(self.error_at(&origin, "ignores ranges, or the file is empty"));
        }
        if self.known.is_none() {
            self.fields = self.provider.copied_fields(&response.head);
            self.known = Some(validators);
        }
        Ok(Ok(UsableResponse { response, body, origin }))
    }
}

/// The error of a read whose time is over before anything failed.
pub(super) fn out_of_time(provider: &Provider) -> Error {
    Error::UpstreamFailed(format!("{}: no usable response within the time limit", provider.id))
}
