//! The URLs of a provider's file: made of its bases, or resolved once for all waiting reads and
//! again when they expire.

use url::Url;

use super::{
    breakers::Breakers,
    fetch::{FetchFault, FetchFaultKind, Fetched, fetch},
};
use crate::{
    error::Error,
    instance::ResolvedUrls,
    platform::{Clock, Outbound, Platform, Settings, StreamOf, with_timeout},
    rules::{
        provider::{Provider, UpstreamUrl, parse_providers},
        provider_headers::parse_secrets,
        resolver_response,
        retry::{Blame, RESOLVE_PAUSE_MS, blame_of, body_ms_max},
    },
};

/// Bytes of a resolver's response: some URLs.
const RESOLVED_BYTES_MAX: usize = 64 * 1024;
/// How often a request that waits for another one's claim looks whether it was released.
pub(crate) const CLAIM_POLL_MS: u64 = 15;
/// `Retry-After` of a request that failed because the resolver is busy.
const BUSY_MS: u64 = 1_000;

/// The provider of this id, if the setting `providers` names it.
pub(crate) async fn provider<P: Platform>(
    platform: &P,
    id: &str,
) -> Result<Option<Provider>, Error> {
    let setting = platform.settings().get("providers").await?.unwrap_or_else(|| "[]".to_owned());
    let providers = platform.instance().media.providers(&setting, parse_providers);
    let providers = providers.map_err(Error::InvalidSetting)?;
    let Some(provider) = providers.iter().find(|provider| provider.id == id) else {
        return Ok(None);
    };
    let secrets = platform.settings().get("provider_secrets").await?;
    let secrets = parse_secrets(secrets.as_deref().unwrap_or("{}"));
    let completed = secrets.and_then(|secrets| provider.clone().with_secrets(&secrets));
    completed.map(Some).map_err(Error::InvalidSetting)
}

/// URLs of a file, at least one of them fresh, of a later version than `stale_version`.
pub(super) async fn resolve<P: Platform>(
    platform: &P,
    provider: &Provider,
    breakers: &Breakers<'_, P>,
    file: &str,
    stale_version: u64,
    deadline_ms: u64,
) -> Result<ResolvedUrls, Error> {
    let (media, clock) = (&platform.instance().media, platform.clock());
    let failed = |why: &str| Error::UpstreamFailed(format!("{}: {why}", provider.id));
    let key = format!("{}/{file}", provider.id);
    loop {
        let now_ms = clock.now_ms();
        let is_fresh = |until_ms: Option<u64>| until_ms.is_none_or(|until_ms| now_ms < until_ms);
        let known = media.resolved_urls(&key);
        if let Some(known) = &known
            && known.version > stale_version
            && known.urls.iter().any(|one| is_fresh(one.fresh_until_ms))
        {
            return Ok(known.clone());
        }
        let Some(resolver) = provider.resolver_url(file).map_err(failed)? else {
            let urls = provider.direct_urls(file, now_ms).map_err(failed)?;
            return Ok(media.insert_resolved_urls(&key, urls, now_ms));
        };
        if now_ms >= deadline_ms {
            return Err(failed("its resolver did not respond in time"));
        }
        let since_ms = known.map(|known| now_ms.saturating_sub(known.resolved_at_ms));
        if let Some(since_ms) = since_ms.filter(|since_ms| *since_ms < RESOLVE_PAUSE_MS) {
            clock.sleep(RESOLVE_PAUSE_MS - since_ms).await;
        } else if let Some(_claim) = media.claim(format!("resolve {key}")) {
            let request = Resolution { platform, provider, breakers, url: &resolver };
            let urls = request.read(deadline_ms - now_ms).await?;
            return Ok(media.insert_resolved_urls(&key, urls, clock.now_ms()));
        } else {
            clock.sleep(CLAIM_POLL_MS).await;
        }
    }
}

/// One request to a provider's resolver.
struct Resolution<'a, P> {
    platform: &'a P,
    provider: &'a Provider,
    breakers: &'a Breakers<'a, P>,
    url: &'a Url,
}

impl<P: Platform> Resolution<'_, P> {
    /// The URLs that the resolver names.
    async fn read(&self, ms_max: u64) -> Result<Vec<UpstreamUrl>, Error> {
        let Fetched { response, origin } = self.request(ms_max).await?;
        let mut bytes = Vec::new();
        let outbound = self.platform.outbound();
        let filling = outbound.fill(response.stream, 0, RESOLVED_BYTES_MAX + 1, &mut bytes);
        let filled = with_timeout(self.platform.clock(), body_ms_max(0), filling).await;
        if !matches!(filled, Some(Ok(()))) || bytes.len() > RESOLVED_BYTES_MAX {
            let why = "the response is cut off, late, or has more than 64 KiB";
            return Err(self.failed(&origin, Blame::File, why));
        }
        let now_ms = self.platform.clock().now_ms();
        let parsed = resolver_response::parse(self.provider, self.url, &bytes, now_ms)
            .map_err(|why| self.failed(&origin, Blame::File, &why))?;
        self.breakers.record_success(&origin);
        for note in parsed.notes {
            let message = self.error(note);
            if self.platform.instance().media.is_new_report(&message) {
                self.platform.report(&message);
            }
        }
        Ok(parsed.urls)
    }

    /// Sends the request, and returns a response of status 200.
    async fn request(&self, ms_max: u64) -> Result<Fetched<StreamOf<P>>, Error> {
        let busy =
            |ms: u64| Error::UpstreamBusy(ms, self.error("it gets no requests after failures"));
        self.breakers.check(&self.url.origin().ascii_serialization()).map_err(busy)?;
        let request = fetch(self.platform, self.provider, self.breakers, self.url, None, ms_max);
        let fetched = request.await.map_err(|FetchFault { origin, kind, why }| match kind {
            FetchFaultKind::Failed(blame) => self.failed(&origin, blame, &why),
            FetchFaultKind::Open(ms) => busy(ms),
        })?;
        let status = fetched.response.head.status;
        if status == 200 {
            return Ok(fetched);
        }
        self.platform.outbound().discard(fetched.response.stream);
        let why = format!("status {status}");
        let failed = self.failed(&fetched.origin, blame_of(status), &why);
        Err(match status {
            404 | 410 => Error::SourceGone(self.error(&why)),
            429 | 503 => {
                self.breakers.open_for(&fetched.origin, BUSY_MS);
                Error::UpstreamBusy(BUSY_MS, self.error(&why))
            }
            _ => failed,
        })
    }

    /// Counts a failure.
    fn failed(&self, origin: &str, blame: Blame, why: &str) -> Error {
        if blame == Blame::File {
            self.breakers.record_response(origin);
        }
        self.breakers.record_failure(origin, blame);
        Error::UpstreamFailed(self.error(&format!("{origin}: {why}")))
    }

    fn error(&self, why: &str) -> String {
        format!("{}: its resolver: {why}", self.provider.id)
    }
}
