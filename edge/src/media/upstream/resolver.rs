//! The URLs of a provider's file: made of its bases, or resolved once for all waiting reads and
//! again when they expire.

use url::Url;

use super::fetch::fetch;
use crate::{
    error::Error,
    instance::ResolvedUrls,
    platform::{Clock, Outbound, OutboundResponse, Platform, Settings, StreamOf, with_timeout},
    rules::{
        circuit_breaker::CircuitBreaker,
        provider::{Provider, parse_providers},
        retry::body_ms_max,
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
    let providers = providers.map_err(Error::StorageUnavailable)?;
    Ok(providers.iter().find(|provider| provider.id == id).cloned())
}

/// URLs of a file, at least one of them fresh, of a later version than `stale_version`.
pub(crate) async fn resolve<P: Platform>(
    platform: &P,
    provider: &Provider,
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
        let known = media.resolved_urls(&key).filter(|known| {
            known.version > stale_version
                && known.urls.iter().any(|one| is_fresh(one.fresh_until_ms))
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let Some(resolver) = provider.resolver_url(file).map_err(failed)? else {
            let urls = provider.direct_urls(file).map_err(failed)?;
            return Ok(media.insert_resolved_urls(&key, urls));
        };
        if now_ms >= deadline_ms {
            return Err(failed("its resolver did not respond in time"));
        }
        if let Some(_claim) = media.claim(format!("resolve {key}")) {
            let bytes = read_resolver(platform, provider, &resolver, deadline_ms - now_ms).await?;
            let urls = provider.parse_resolver_response(&bytes).map_err(failed)?;
            return Ok(media.insert_resolved_urls(&key, urls));
        }
        clock.sleep(CLAIM_POLL_MS).await;
    }
}

/// Reads the response of the provider's resolver.
async fn read_resolver<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    ms_max: u64,
) -> Result<Vec<u8>, Error> {
    let media = &platform.instance().media;
    let origin = url.origin().ascii_serialization();
    let response = request_resolver(platform, provider, url, ms_max).await?;
    let mut bytes = Vec::new();
    let filling = platform.outbound().fill(response.stream, 0, RESOLVED_BYTES_MAX + 1, &mut bytes);
    let filled = with_timeout(platform.clock(), body_ms_max(0), filling).await;
    if !matches!(filled, Some(Ok(()))) || bytes.len() > RESOLVED_BYTES_MAX {
        let why = "the response is cut off, late, or has more than 64 KiB";
        return Err(Error::UpstreamFailed(resolver_error(provider, why)));
    }
    media.breaker(&origin, CircuitBreaker::record_success);
    Ok(bytes)
}

/// Sends the request, and returns a response of status 200.
async fn request_resolver<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    ms_max: u64,
) -> Result<OutboundResponse<StreamOf<P>>, Error> {
    let media = &platform.instance().media;
    let origin = url.origin().ascii_serialization();
    let now_ms = platform.clock().now_ms();
    let failed = |why: &str| resolver_error(provider, why);
    media
        .breaker(&origin, |breaker| breaker.check(now_ms))
        .map_err(|ms| Error::UpstreamBusy(ms, failed("it gets no requests after failures")))?;
    let response = fetch(platform, provider, url, None, ms_max).await.map_err(|why| {
        let now_ms = platform.clock().now_ms();
        media.breaker(&origin, |breaker| breaker.record_failure(now_ms));
        Error::UpstreamFailed(failed(why))
    })?;
    let status = response.head.status;
    if status == 200 {
        return Ok(response);
    }
    platform.outbound().discard(response.stream);
    let why = failed(&format!("status {status}"));
    Err(match status {
        404 | 410 => Error::SourceGone(why),
        429 | 503 => Error::UpstreamBusy(BUSY_MS, why),
        _ => Error::UpstreamFailed(why),
    })
}

fn resolver_error(provider: &Provider, why: &str) -> String {
    format!("{}: its resolver: {why}", provider.id)
}
