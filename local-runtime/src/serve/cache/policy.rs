//! Which requests the cache may answer, and which responses it may store (RFC 9111 §3, §4).

use std::{ops::Range, time::Duration};

use api::paths::{is_download, without_name};
use http::{
    HeaderMap, HeaderName, Method, Request, StatusCode, Uri,
    header::{
        ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, PRAGMA, RANGE, SET_COOKIE,
        TRANSFER_ENCODING, VARY,
    },
    response::Parts,
};

/// The longest freshness lifetime. After a film's owner has changed its file, or a startup block has
/// been evicted, the cache is stale for at most this long.
const FRESHNESS_MAX: Duration = Duration::from_secs(10);
/// Request fields with which the response depends on more than the URI and the range, or which
/// ask for a response of the component.
const BYPASS_FIELDS: [HeaderName; 8] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    PRAGMA,
];

/// A request that the cache may answer: its cache key and its range.
pub(crate) struct CacheKey {
    /// The target URI, which is the cache key (RFC 9111 §2): only GET is cached.
    pub(super) uri: String,
    /// The first and the last byte; `None` for the whole representation.
    pub(super) range: Option<(u64, u64)>,
}

impl CacheKey {
    /// The key of a request; `None` where only the component may answer it.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        if request.method() != Method::GET
            || BYPASS_FIELDS.iter().any(|name| headers.contains_key(name))
        {
            return None;
        }
        let range = match single_value(headers, &RANGE)? {
            "" => None,
            text => Some(parse_closed_range(text.strip_prefix("bytes=")?)?),
        };
        Some(Self { uri: cache_uri(request.uri()), range })
    }
}

/// The cache key of a URI: without the name behind a film's id, which may be any. A download's response
/// has the name in a field.
fn cache_uri(uri: &Uri) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) if !is_download(uri.query().unwrap_or_default()) => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{scheme}://{authority}{}{query}", without_name(uri.path()))
        }
        _ => uri.to_string(),
    }
}

/// A response that the cache may store.
pub(super) struct StorableResponse {
    /// The bytes of the representation that it has.
    pub(super) range: Range<u64>,
    /// Bytes of the whole representation.
    pub(super) size: u64,
    /// Its freshness lifetime (RFC 9111 §4.2.1).
    pub(super) freshness_lifetime: Duration,
}

impl StorableResponse {
    /// `None` where the response is for one client, may change, or has no strong validator.
    pub(super) fn of(response: &Parts) -> Option<Self> {
        let headers = &response.headers;
        // Trailers and transfer codings are not stored.
        if [VARY, SET_COOKIE, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        let freshness_lifetime = freshness_lifetime(single_value(headers, &CACHE_CONTROL)?)?;
        let length =
            parse_digits(single_value(headers, &CONTENT_LENGTH)?).filter(|length| *length > 0)?;
        // Parts may be combined only where a strong validator is the same (RFC 9111 §3.4).
        single_value(headers, &ETAG).filter(|tag| tag.starts_with('"'))?;
        let (range, size) = match (response.status, single_value(headers, &CONTENT_RANGE)?) {
            (StatusCode::OK, "") => (0..length, length),
            (StatusCode::PARTIAL_CONTENT, text) => {
                let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
                let (first, last) = parse_closed_range(part)?;
                (first..last.checked_add(1)?, parse_digits(size)?)
            }
            _ => return None,
        };
        let is_consistent = range.end - range.start == length && range.end <= size;
        is_consistent.then_some(Self { range, size, freshness_lifetime })
    }
}

/// Whether a stored response with these headers may be answered in ranges.
pub(super) fn accepts_ranges(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_RANGES).is_some_and(|units| units == "bytes")
}

/// The freshness lifetime of a response that is public and immutable (RFC 8246); `None` for any
/// other.
fn freshness_lifetime(control: &str) -> Option<Duration> {
    let has = |name: &str| control.split(',').any(|part| part.trim() == name);
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    let seconds = parse_digits(age).filter(|seconds| *seconds > 0)?;
    (has("public") && has("immutable")).then(|| Duration::from_secs(seconds).min(FRESHNESS_MAX))
}

/// The value of a field, empty where it is absent; `None` where there are several.
fn single_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Some("") };
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Parses `first-last`, where the first is not above the last.
fn parse_closed_range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (parse_digits(first)?, parse_digits(last)?);
    (first <= last).then_some((first, last))
}

fn parse_digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    type RequestedRange = Option<(u64, u64)>;

    fn key_range(headers: &[(&str, &str)]) -> Option<RequestedRange> {
        let request = Request::get("http://a/film?s=1");
        let request = headers.iter().fold(request, |all, (name, value)| all.header(*name, *value));
        CacheKey::of(&request.body(()).unwrap()).map(|key| key.range)
    }

    #[test]
    fn only_plain_get_requests_have_a_cache_key() {
        assert_eq!(key_range(&[]), Some(None));
        assert_eq!(
            key_range(&[("range", "bytes=5-9"), ("x-client-token", "t")]),
            Some(Some((5, 9)))
        );
        for (name, value) in [
            ("range", "bytes=5-"),
            ("range", "bytes=-5"),
            ("range", "bytes=9-5"),
            ("range", "bytes=+5-9"),
            ("range", "bytes=0-1,4-5"),
            ("range", "lines=5-9"),
            ("authorization", "Bearer k"),
            ("cache-control", "no-cache"),
            ("if-none-match", "\"a\""),
            ("if-range", "\"a\""),
        ] {
            assert_eq!(key_range(&[(name, value)]), None, "{name}: {value}");
        }
        assert_eq!(key_range(&[("range", "bytes=1-2"), ("range", "bytes=3-4")]), None);
        assert!(CacheKey::of(&Request::head("http://a/").body(()).unwrap()).is_none());
    }

    #[test]
    fn all_names_of_a_film_have_one_cache_key() {
        let key = |uri: &str| CacheKey::of(&Request::get(uri).body(()).unwrap()).unwrap().uri;
        let film = "http://a/api/v2/media/00ff";
        let first = key(&format!("{film}?e=1&s=2"));
        assert_eq!(first, key(&format!("{film}/One.mp4?e=1&s=2")));
        assert_eq!(first, key(&format!("{film}/Two%20words/3.mp4?e=1&s=2")));
        for other in [
            format!("{film}/One.mp4?e=1&s=3"),
            format!("{film}/One.mp4?e=1&s=2&download"),
            "http://a/api/v2/media/00fe/One.mp4?e=1&s=2".to_owned(),
            "http://b/api/v2/media/00ff/One.mp4?e=1&s=2".to_owned(),
        ] {
            assert_ne!(first, key(&other), "{other}");
        }
        let download = |name: &str| key(&format!("{film}/{name}?download"));
        assert_ne!(download("One.mp4"), download("Two.mp4"), "their responses have other names");
    }

    fn storable(status: u16, headers: &[(&str, &str)]) -> Option<(Range<u64>, u64)> {
        let response = Response::builder().status(status);
        let response =
            headers.iter().fold(response, |all, (name, value)| all.header(*name, *value));
        let (parts, ()) = response.body(()).unwrap().into_parts();
        StorableResponse::of(&parts).map(|storable| (storable.range, storable.size))
    }

    #[test]
    fn only_public_immutable_responses_with_a_strong_etag_are_storable() {
        let control = ("cache-control", "public, max-age=60, immutable");
        let length = ("content-length", "10");
        let tag = ("etag", "\"a\"");
        let range = ("content-range", "bytes 10-19/99");
        assert_eq!(storable(200, &[control, length, tag]), Some((0..10, 10)));
        assert_eq!(storable(206, &[control, length, tag, range]), Some((10..20, 99)));
        assert_eq!(storable(206, &[control, length, range]), None);
        assert_eq!(storable(206, &[control, length, range, ("etag", "W/\"a\"")]), None);
        assert_eq!(
            storable(206, &[control, length, tag, ("content-range", "bytes 10-18/99")]),
            None
        );
        assert_eq!(
            storable(206, &[control, length, tag, ("content-range", "bytes 10-19/*")]),
            None
        );
        assert_eq!(
            storable(206, &[control, length, tag, ("content-range", "bytes 10-19/15")]),
            None
        );
        assert_eq!(storable(404, &[control, length, tag]), None);
        assert_eq!(storable(200, &[control, tag]), None);
        assert_eq!(storable(200, &[control, tag, ("content-length", "0")]), None);
        assert_eq!(storable(200, &[control, length, tag, ("vary", "accept-encoding")]), None);
        for other in ["no-store", "public, max-age=60", "private, max-age=60, immutable"] {
            assert_eq!(storable(200, &[("cache-control", other), length, tag]), None, "{other}");
        }
    }
}
