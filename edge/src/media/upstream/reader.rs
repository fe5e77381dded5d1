//! Reads a file of a provider: exactly the bytes asked for, of exactly one state of the file, or an
//! error, in a bounded time.

use std::mem;

use url::Url;

use super::{fetch::fetch, resolver};
use crate::{
    error::Error,
    http::ByteRange,
    instance::MediaCache,
    media::film::MediaBody,
    platform::{Clock, Outbound, OutboundResponse, Platform, Random, StreamOf, with_timeout},
    rules::{
        blocks::{BLOCK_BYTES, RUN_BLOCKS_MAX},
        circuit_breaker::CircuitBreaker,
        identity::Validators,
        provider::Provider,
        retry::{self, READ_MS_MAX, REQUEST_COUNT_MAX},
        upstream_response::{UpstreamFault, UpstreamResponse, check_response},
    },
};

/// Bytes of a body that are read for nothing where an upstream ignores ranges: a head is reached,
/// and the middle of a film is not downloaded over and over.
const SKIP_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Reads that hold bytes in memory at once: with 4 MiB each, a quarter of an isolate.
const READ_COUNT_MAX: usize = 8;
/// How often a URL is taken for expired within one read.
const EXPIRED_COUNT_MAX: u32 = 2;
/// How long an upstream that wants to be left alone is left alone when it does not say.
const REST_MS: u64 = 1_000;

/// One read, with all its tries.
pub(crate) struct Reader<'a, P> {
    platform: &'a P,
    provider: &'a Provider,
    file: &'a str,
    /// Of which state the bytes must be, once that is known.
    pub(crate) known: Option<Validators>,
    /// What the film keeps of the first answer.
    pub(crate) fields: Vec<(String, String)>,
    deadline_ms: u64,
    /// How many were sent so far, redirects aside.
    pub(crate) requests: u32,
    /// Since bytes came last.
    failures: u32,
    /// Which candidate is next.
    turn: usize,
    /// Candidates told up to then are used up.
    stale: u64,
    expired: u32,
    /// Candidates that have another file, or none.
    without: usize,
    last: Error,
}

/// An answer that is good for its bytes.
struct UsableResponse<S> {
    answer: OutboundResponse<S>,
    /// Bytes of the body in front of those asked for.
    skip: u64,
    /// Which bytes are there to be taken.
    sent: ByteRange,
    /// Whether the body is exactly those bytes, and says so.
    passes: bool,
    origin: String,
}

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
            turn: 0,
            stale: 0,
            expired: 0,
            without: 0,
            last: Error::UpstreamFailed(format!("{}: out of time", provider.id)),
        }
    }

    /// These bytes, cut where the file ends.
    pub(crate) async fn bytes(&mut self, range: ByteRange) -> Result<Vec<u8>, Error> {
        self.collect(None, range).await
    }

    /// These bytes as the upstream's own stream; where its answer cannot be passed on as it is, as
    /// many of them as fit into memory.
    pub(crate) async fn pass(
        &mut self,
        range: ByteRange,
    ) -> Result<(ByteRange, MediaBody<StreamOf<P>>), Error> {
        let good = self.answer(range).await?;
        if good.passes {
            self.media().breaker(&good.origin, CircuitBreaker::record_success);
            return Ok((good.sent, MediaBody::Stream(good.answer.stream)));
        }
        let end = range.end.min(range.start + RUN_BLOCKS_MAX * BLOCK_BYTES);
        let bytes = self.collect(Some(good), ByteRange { start: range.start, end }).await?;
        let sent = ByteRange { start: range.start, end: range.start + bytes.len() as u64 };
        Ok((sent, MediaBody::Bytes(bytes)))
    }

    /// Brings bytes into memory. A body that breaks off is continued at the byte where it stood.
    async fn collect(
        &mut self,
        mut pending: Option<UsableResponse<StreamOf<P>>>,
        mut range: ByteRange,
    ) -> Result<Vec<u8>, Error> {
        let permit = ReadPermit::take(self.platform, self.deadline_ms).await;
        if permit.is_err()
            && let Some(good) = pending.take()
        {
            self.platform.outbound().discard(good.answer.stream);
        }
        let _permit = permit?;
        // As many as were asked for: what is read whole has no room made for it twice.
        let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
        loop {
            let at = range.start + bytes.len() as u64;
            let good = match pending.take() {
                Some(good) => good,
                None => self.answer(ByteRange { start: at, end: range.end }).await?,
            };
            range.end = range.end.min(good.sent.end);
            let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let before = bytes.len();
            let outbound = self.platform.outbound();
            let filling = outbound.fill(good.answer.stream, good.skip, left, &mut bytes);
            let ms = retry::body_ms_max(good.skip + left as u64).min(self.time_left_ms());
            let filled = with_timeout(self.platform.clock(), ms, filling).await;
            if bytes.len() == before + left {
                self.media().breaker(&good.origin, CircuitBreaker::record_success);
                return Ok(bytes);
            }
            let came = bytes.len() > before;
            let why = match filled {
                None => "a body too slow",
                Some(Ok(())) => "a body shorter than said",
                Some(Err(_)) => "a body that broke off",
            };
            if came {
                // It works, after a fashion.
                (self.failures, self.last) = (0, self.error(why));
                self.pause(0).await?;
            } else {
                self.failed(&good.origin, why).await?;
            }
        }
    }

    /// An answer that is good, whatever it takes.
    async fn answer(&mut self, range: ByteRange) -> Result<UsableResponse<StreamOf<P>>, Error> {
        let mut resting = 0;
        loop {
            let resolved = resolver::resolve(
                self.platform,
                self.provider,
                self.file,
                self.stale,
                self.deadline_ms,
            )
            .await?;
            let now_ms = self.platform.clock().now_ms();
            let fresh: Vec<_> = resolved
                .urls
                .iter()
                .filter(|one| one.fresh_until_ms.is_none_or(|until_ms| now_ms < until_ms))
                .collect();
            let Some(candidate) = fresh.get(self.turn % fresh.len().max(1)) else { continue };
            let url = self.provider.check_url(&candidate.url).map_err(|why| self.error(why))?;
            let origin = url.origin().ascii_serialization();
            let may_ask = self.media().breaker(&origin, |breaker| breaker.check(now_ms));
            if let Err(rest_ms) = may_ask {
                resting += 1;
                self.turn += 1;
                if resting >= fresh.len() {
                    let why = format!("{}: it rests after failures", self.provider.id);
                    let rests = Error::UpstreamBusy(rest_ms, why);
                    // Who made it rest knows why.
                    let asked = self.requests > 0;
                    return Err(if asked { mem::replace(&mut self.last, rests) } else { rests });
                }
                continue;
            }
            let fault = match self.ask(&url, &origin, range).await? {
                Ok(good) => return Ok(good),
                Err(fault) => fault,
            };
            resting = 0;
            if matches!(
                fault,
                UpstreamFault::Expired(_) | UpstreamFault::Missing | UpstreamFault::Changed(_)
            ) {
                // Nothing is wrong with the origin.
                self.media().breaker(&origin, CircuitBreaker::record_success);
            }
            match fault {
                UpstreamFault::Expired(status) => {
                    self.stale = resolved.version;
                    self.expired += 1;
                    if self.expired > EXPIRED_COUNT_MAX {
                        return Err(self.error(&format!("refuses, status {status}")));
                    }
                }
                UpstreamFault::Missing => self.without("has no such file", fresh.len())?,
                UpstreamFault::Changed(why) => self.without(why, fresh.len())?,
                UpstreamFault::Busy(after_ms) => self.busy(&origin, after_ms, fresh.len()).await?,
                UpstreamFault::Failed(status) => {
                    self.failed(&origin, &format!("status {status}")).await?;
                }
                UpstreamFault::Wrong(why) | UpstreamFault::Silent(why) => {
                    self.failed(&origin, why).await?
                }
            }
        }
    }

    /// One request, judged; an answer of no use is closed.
    async fn ask(
        &mut self,
        url: &Url,
        origin: &str,
        range: ByteRange,
    ) -> Result<Result<UsableResponse<StreamOf<P>>, UpstreamFault>, Error> {
        self.requests += 1;
        let left_ms = self.time_left_ms();
        let answer = match fetch(self.platform, self.provider, url, Some(range), left_ms).await {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(UpstreamFault::Silent(why))),
        };
        let now_ms = self.platform.clock().now_ms();
        let judged = check_response(&answer.head, range, self.known.as_ref(), now_ms);
        let (validators, sent, skip, passes) = match judged {
            Ok(UpstreamResponse::Partial { sent, validators, has_length }) => {
                (validators, sent, 0, has_length)
            }
            Ok(UpstreamResponse::Complete { validators, has_length }) => {
                let end = range.end.min(validators.size_bytes);
                let all = range.start == 0 && end == validators.size_bytes;
                let sent = ByteRange { start: range.start, end };
                (validators, sent, range.start, has_length && all)
            }
            Err(fault) => {
                self.platform.outbound().discard(answer.stream);
                return Ok(Err(fault));
            }
        };
        if sent.is_empty() || skip > SKIP_BYTES_MAX {
            self.platform.outbound().discard(answer.stream);
            return Err(self.error("it knows no ranges, or the file has no bytes"));
        }
        if self.known.is_none() {
            self.fields = self.provider.copied_fields(&answer.head);
            self.known = Some(validators);
        }
        Ok(Ok(UsableResponse { answer, skip, sent, passes, origin: origin.to_owned() }))
    }

    /// Counts a failure of an origin, and waits before the next try, if there is one.
    async fn failed(&mut self, origin: &str, why: &str) -> Result<(), Error> {
        let now_ms = self.platform.clock().now_ms();
        self.media().breaker(origin, |breaker| breaker.record_failure(now_ms));
        self.failures += 1;
        self.turn += 1;
        self.last = self.error(why);
        let mut random = [0; 8];
        self.platform.random().fill(&mut random)?;
        let pause_ms = retry::pause_ms(self.failures, u64::from_be_bytes(random));
        self.pause(pause_ms).await
    }

    /// Leaves an origin alone for as long as it wants; waits for that only where it is short.
    async fn busy(
        &mut self,
        origin: &str,
        after_ms: Option<u64>,
        others: usize,
    ) -> Result<(), Error> {
        let now_ms = self.platform.clock().now_ms();
        let rest_ms = after_ms.unwrap_or(REST_MS).max(1);
        self.media().breaker(origin, |breaker| breaker.open_for(now_ms, rest_ms));
        self.turn += 1;
        let why = format!("{}: it wants to be left alone", self.provider.id);
        self.last = Error::UpstreamBusy(rest_ms, why);
        if others > 1 {
            return self.pause(0).await;
        }
        self.pause(rest_ms).await
    }

    /// Waits, unless the time or the number of requests would be over then.
    async fn pause(&mut self, ms: u64) -> Result<(), Error> {
        if self.requests >= REQUEST_COUNT_MAX || ms >= self.time_left_ms() {
            let over = Error::UpstreamFailed(format!("{}: out of time", self.provider.id));
            return Err(mem::replace(&mut self.last, over));
        }
        self.platform.clock().sleep(ms).await;
        Ok(())
    }

    /// A candidate has not this file: another one may.
    fn without(&mut self, why: &str, candidates: usize) -> Result<(), Error> {
        self.turn += 1;
        self.without += 1;
        if self.without >= candidates || self.requests >= REQUEST_COUNT_MAX {
            return Err(Error::SourceGone(format!("{}: {why}", self.provider.id)));
        }
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

/// One of the reads that may hold bytes in memory.
struct ReadPermit<'a>(&'a MediaCache);

impl<'a> ReadPermit<'a> {
    async fn take<P: Platform>(platform: &'a P, deadline_ms: u64) -> Result<Self, Error> {
        let media = &platform.instance().media;
        while media.reads.get() >= READ_COUNT_MAX {
            if platform.clock().now_ms() >= deadline_ms {
                return Err(Error::UpstreamBusy(REST_MS, "too many reads at once".to_owned()));
            }
            platform.clock().sleep(resolver::CLAIM_POLL_MS).await;
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
