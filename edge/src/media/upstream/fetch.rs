//! One request to a provider, with a time limit, and redirects within the provider's origins.

use std::cell::RefCell;

use url::Url;

use super::breakers::Breakers;
use crate::{
    http::ByteRange,
    platform::{Outbound, OutboundResponse, Platform, PortError, StreamOf, with_timeout},
    rules::{
        provider::Provider,
        redaction::without_urls,
        retry::{Blame, HEAD_MS_MAX, REDIRECT_COUNT_MAX},
    },
};

/// `User-Agent` of every request: some servers refuse requests without one.
const USER_AGENT: &str = concat!("firstframe/", env!("CARGO_PKG_VERSION"));

/// Characters of a platform's own words in an error.
const WHY_CHARS_MAX: usize = 300;

/// A response, and the origin that sent it: that of the last redirect.
pub(super) struct Fetched<S> {
    pub(super) response: OutboundResponse<S>,
    pub(super) origin: String,
}

/// Why there is no response.
pub(super) struct FetchFault {
    /// The origin of the request that failed.
    pub(super) origin: String,
    pub(super) kind: FetchFaultKind,
    /// A sentence for the operator that names no URL: those of upstreams are keys.
    pub(super) why: String,
}

pub(super) enum FetchFaultKind {
    /// The request failed.
    Failed(Blame),
    /// The circuit breaker of an origin to which a redirect leads lets no request through for so many
    /// milliseconds.
    Open(u64),
}

impl FetchFault {
    fn new(url: &Url, kind: FetchFaultKind, why: impl Into<String>) -> Self {
        Self { origin: url.origin().ascii_serialization(), kind, why: why.into() }
    }
}

/// Requests a URL that the provider's record allows, and follows its redirects.
pub(super) async fn fetch<P: Platform>(
    platform: &P,
    provider: &Provider,
    breakers: &Breakers<'_, P>,
    url: &Url,
    range: Option<ByteRange>,
    ms_max: u64,
) -> Result<Fetched<StreamOf<P>>, FetchFault> {
    let current = RefCell::new(url.clone());
    let request = follow_redirects(platform, provider, breakers, &current, range);
    let response = with_timeout(platform.clock(), ms_max.min(HEAD_MS_MAX), request).await;
    response.unwrap_or_else(|| {
        let kind = FetchFaultKind::Failed(Blame::Origin);
        Err(FetchFault::new(&current.borrow(), kind, "no response in time"))
    })
}

async fn follow_redirects<P: Platform>(
    platform: &P,
    provider: &Provider,
    breakers: &Breakers<'_, P>,
    current: &RefCell<Url>,
    range: Option<ByteRange>,
) -> Result<Fetched<StreamOf<P>>, FetchFault> {
    let refused =
        |url: &Url, why: String| FetchFault::new(url, FetchFaultKind::Failed(Blame::File), why);
    for _ in 0..=REDIRECT_COUNT_MAX {
        let url = current.borrow().clone();
        let mut headers = provider.request_fields(&url);
        if headers.iter().all(|(name, _)| name != "user-agent") {
            headers.push(("user-agent".to_owned(), USER_AGENT.to_owned()));
        }
        let response =
            platform.outbound().get(url.as_str(), range, &headers, &provider.fields).await;
        let response = response.map_err(|error| port_fault(&url, error))?;
        if !matches!(response.head.status, 301 | 302 | 303 | 307 | 308) {
            let origin = url.origin().ascii_serialization();
            return Ok(Fetched { response, origin });
        }
        let location = response.head.get("location").unwrap_or_default().to_owned();
        platform.outbound().discard(response.stream);
        breakers.record_response(&url.origin().ascii_serialization());
        let to = provider.check_redirect(&url, &location).map_err(|why| {
            let target = url.join(&location).map(|to| to.origin().ascii_serialization());
            refused(&url, format!("a redirect to {}: {why}", target.unwrap_or_default()))
        })?;
        if to.origin() != url.origin() {
            breakers.check(&to.origin().ascii_serialization()).map_err(|open_ms| {
                let why = "it gets no requests after failures";
                FetchFault::new(&to, FetchFaultKind::Open(open_ms), why)
            })?;
        }
        *current.borrow_mut() = to;
    }
    Err(refused(&current.borrow(), "more than 3 redirects".to_owned()))
}

/// A refusal of this deployment says nothing of the origin.
fn port_fault(url: &Url, error: PortError) -> FetchFault {
    let (blame, why) = match error {
        PortError::Denied(why) => (Blame::File, format!("this deployment refuses it: {why}")),
        PortError::Unavailable(why) | PortError::Full(why) => {
            (Blame::Origin, format!("no connection, or it broke before a response: {why}"))
        }
        PortError::TooLarge => (Blame::Origin, "the head of the response is too large".to_owned()),
    };
    let why: String = without_urls(&why).chars().take(WHY_CHARS_MAX).collect();
    FetchFault::new(url, FetchFaultKind::Failed(blame), why)
}
