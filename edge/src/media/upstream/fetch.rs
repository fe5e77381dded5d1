//! One request to a provider, with a time limit, and redirects within the provider's origins.

use url::Url;

use crate::{
    http::ByteRange,
    platform::{Outbound, OutboundResponse, Platform, StreamOf, with_timeout},
    rules::{
        provider::Provider,
        retry::{HEAD_MS_MAX, REDIRECT_COUNT_MAX},
    },
};

/// Requests a URL that the provider's record allows, and follows its redirects. An error is a
/// sentence for the operator that names no URL: those of upstreams are keys.
pub(super) async fn fetch<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    range: Option<ByteRange>,
    ms_max: u64,
) -> Result<OutboundResponse<StreamOf<P>>, &'static str> {
    let request = follow_redirects(platform, provider, url, range);
    let response = with_timeout(platform.clock(), ms_max.min(HEAD_MS_MAX), request).await;
    response.unwrap_or(Err("no response in time"))
}

async fn follow_redirects<P: Platform>(
    platform: &P,
    provider: &Provider,
    url: &Url,
    range: Option<ByteRange>,
) -> Result<OutboundResponse<StreamOf<P>>, &'static str> {
    let mut url = url.clone();
    for _ in 0..=REDIRECT_COUNT_MAX {
        let response = platform.outbound().get(url.as_str(), range, &provider.fields).await;
        let response = response.map_err(|_| "no connection, or it broke before a response")?;
        if !matches!(response.head.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        let location = response.head.get("location").unwrap_or_default().to_owned();
        platform.outbound().discard(response.stream);
        url = provider.check_redirect(&url, &location)?;
    }
    Err("more than 3 redirects")
}
