//! One request to a provider: as long as it may take, and where its redirects may lead.

use url::Url;

use crate::{
    http::ByteRange,
    platform::{Outbound, OutboundResponse, Platform, StreamOf, with_timeout},
    rules::{
        provider::Provider,
        retry::{HEAD_MS_MAX, REDIRECT_COUNT_MAX},
    },
};

/// Asks a URL that the provider's record allows, and those that it leads to. An error is a sentence
/// for the operator that names no URL: those of upstreams are keys.
pub(crate) async fn fetch<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    range: Option<ByteRange>,
    ms_max: u64,
) -> Result<OutboundResponse<StreamOf<P>>, &'static str> {
    let following = follow(platform, provider, url, range);
    let answer = with_timeout(platform.clock(), ms_max.min(HEAD_MS_MAX), following).await;
    answer.unwrap_or_else(|| Err("no answer in time"))
}

async fn follow<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    range: Option<ByteRange>,
) -> Result<OutboundResponse<StreamOf<P>>, &'static str> {
    let mut url = url.clone();
    for _ in 0..=REDIRECT_COUNT_MAX {
        let answer = platform.outbound().get(url.as_str(), range, &provider.fields).await;
        let answer = answer.map_err(|_| "no connection, or none that answers")?;
        if !matches!(answer.head.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(answer);
        }
        let location = answer.head.get("location").unwrap_or_default().to_owned();
        platform.outbound().discard(answer.stream);
        url = provider.check_redirect(&url, &location)?;
    }
    Err("more than 3 redirects")
}
