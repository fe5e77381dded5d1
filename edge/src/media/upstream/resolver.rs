//! Where a file lies now: told once for all who wait, and told again when a URL's time is over.

use url::Url;

use super::fetch::fetch;
use crate::{
    error::Error,
    instance::ResolvedUrls,
    platform::{Clock, Outbound, Platform, Settings, with_timeout},
    rules::{
        circuit_breaker::CircuitBreaker,
        provider::{Provider, parse_providers},
        retry::body_ms_max,
    },
};

/// Bytes of a resolver's answer: some URLs.
const RESOLVED_BYTES_MAX: usize = 64 * 1024;
/// How often one who waits looks whether another one is done.
pub(crate) const CLAIM_POLL_MS: u64 = 15;
/// How long a resolver that wants to be left alone is left alone when it does not say.
const REST_MS: u64 = 1_000;

/// The provider of this id, if a setting names it.
pub(crate) async fn provider<P: Platform>(
    platform: &P,
    id: &str,
) -> Result<Option<Provider>, Error> {
    let setting = platform.settings().get("providers").await?.unwrap_or_else(|| "[]".to_owned());
    let providers = platform.instance().media.providers(&setting, parse_providers);
    let providers = providers.map_err(Error::StorageUnavailable)?;
    Ok(providers.iter().find(|provider| provider.id == id).cloned())
}

/// Where a file lies, told later than `stale`.
pub(crate) async fn resolve<P: Platform>(
    platform: &P,
    provider: &Provider,
    file: &str,
    stale: u64,
    deadline_ms: u64,
) -> Result<ResolvedUrls, Error> {
    let (media, clock) = (&platform.instance().media, platform.clock());
    let failed = |why: &str| Error::UpstreamFailed(format!("{}: {why}", provider.id));
    let key = format!("{}/{file}", provider.id);
    loop {
        let now_ms = clock.now_ms();
        let fresh = |until_ms: Option<u64>| until_ms.is_none_or(|until_ms| now_ms < until_ms);
        let known = media.resolved_urls(&key).filter(|known| {
            known.version > stale && known.urls.iter().any(|one| fresh(one.fresh_until_ms))
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let Some(resolver) = provider.resolver_url(file).map_err(failed)? else {
            return Ok(
                media.insert_resolved_urls(&key, provider.direct_urls(file).map_err(failed)?)
            );
        };
        if now_ms >= deadline_ms {
            return Err(failed("its resolver takes too long"));
        }
        if let Some(_claim) = media.claim(format!("resolve {key}")) {
            let response =
                request_resolver(platform, provider, &resolver, deadline_ms - now_ms).await?;
            return Ok(media.insert_resolved_urls(
                &key,
                provider.parse_resolver_response(&response).map_err(failed)?,
            ));
        }
        clock.sleep(CLAIM_POLL_MS).await;
    }
}

/// Asks the provider's resolver.
async fn request_resolver<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    ms_max: u64,
) -> Result<Vec<u8>, Error> {
    let media = &platform.instance().media;
    let origin = url.origin().ascii_serialization();
    let now_ms = platform.clock().now_ms();
    let failed = |why: &str| format!("{}: its resolver: {why}", provider.id);
    media
        .breaker(&origin, |breaker| breaker.check(now_ms))
        .map_err(|rest_ms| Error::UpstreamBusy(rest_ms, failed("it rests after failures")))?;
    let answer = match fetch(platform, provider, url, None, ms_max).await {
        Ok(answer) if answer.head.status == 200 => answer,
        Ok(answer) => {
            platform.outbound().discard(answer.stream);
            let why = failed(&format!("status {}", answer.head.status));
            return Err(match answer.head.status {
                404 | 410 => Error::SourceGone(why),
                429 | 503 => Error::UpstreamBusy(REST_MS, why),
                _ => Error::UpstreamFailed(why),
            });
        }
        Err(why) => {
            let now_ms = platform.clock().now_ms();
            media.breaker(&origin, |breaker| breaker.record_failure(now_ms));
            return Err(Error::UpstreamFailed(failed(why)));
        }
    };
    let mut bytes = Vec::new();
    let filling = platform.outbound().fill(answer.stream, 0, RESOLVED_BYTES_MAX + 1, &mut bytes);
    let filled = with_timeout(platform.clock(), body_ms_max(0), filling).await;
    if !matches!(filled, Some(Ok(()))) || bytes.len() > RESOLVED_BYTES_MAX {
        return Err(Error::UpstreamFailed(failed("its answer is cut, late or too long")));
    }
    media.breaker(&origin, CircuitBreaker::record_success);
    Ok(bytes)
}
