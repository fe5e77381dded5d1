//! Which requests the cache may answer, and which responses it may store (RFC 9111 §3, §4).

use std::{ops::Range, time::Duration};

use api::paths::{is_download, without_name};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{
        ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, PRAGMA, RANGE, SET_COOKIE,
        TRANSFER_ENCODING, VARY,
    },
    request::Parts,
    response,
    uri::Authority,
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
    /// The target URI, which is the cache key (RFC 9111 §2): only GET is cached. The origin in front
    /// of it is the secondary key (RFC 9111 §4.1).
    pub(super) uri: String,
    /// The first and the last byte; `None` for the whole representation.
    pub(super) range: Option<(u64, u64)>,
    /// Whether the key says which origin may read the response.
    pub(super) varies_by_origin: bool,
}

impl CacheKey {
    /// The key of a request whose target is an absolute URI; `None` where only the component may
    /// answer it. Where responses vary by origin, `allowed` is the origin that may read this one.
    pub(crate) fn of(
        request: &Parts,
        varies_by_origin: bool,
        allowed: Option<&HeaderValue>,
    ) -> Option<Self> {
        let headers = &request.headers;
        if request.method != Method::GET
            || BYPASS_FIELDS.iter().any(|name| headers.contains_key(name))
        {
            return None;
        }
        let range = match single_value(headers, &RANGE)? {
            "" => None,
            text => Some(parse_closed_range(text.strip_prefix("bytes=")?)?),
        };
        Some(Self { uri: cache_uri(&request.uri, allowed), range, varies_by_origin })
    }
}

/// The cache key of a URI: without the name behind a film's id, which may be any. A download's response
/// has the name in a field. In front of it is the origin that may read the response.
fn cache_uri(uri: &Uri, origin: Option<&HeaderValue>) -> String {
    let origin = origin.and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let authority = uri.authority().map_or("", Authority::as_str);
    let query = uri.query().unwrap_or_default();
    let path = if is_download(query) { uri.path() } else { without_name(uri.path()) };
    [origin, " ", uri.scheme_str().unwrap_or_default(), "://", authority, path, "?", query].concat()
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
    pub(super) fn of(response: &response::Parts, key: &CacheKey) -> Option<Self> {
        let headers = &response.headers;
        // Trailers and transfer codings are not stored.
        if [SET_COOKIE, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        let vary = single_value(headers, &VARY)?;
        if !vary.is_empty() && !(key.varies_by_origin && vary.eq_ignore_ascii_case("origin")) {
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
    use http::{Request, Response, request};

    type RequestedRange = Option<(u64, u64)>;

    fn key_range(headers: &[(&str, &str)]) -> Option<RequestedRange> {
        let request = Request::get("http://a/film?s=1");
        let request = headers.iter().fold(request, |all, (name, value)| all.header(*name, *value));
        key(request).map(|key| key.range)
    }

    fn key(request: request::Builder) -> Option<CacheKey> {
        CacheKey::of(&request.body(()).unwrap().into_parts().0, false, None)
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
        assert!(key(Request::head("http://a/")).is_none());
    }

    #[test]
    fn all_names_of_a_film_have_one_cache_key() {
        let key = |uri: &str| key(Request::get(uri)).unwrap().uri;
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
        storable_under(status, headers, &key(Request::get("http://a/")).unwrap())
    }

    fn storable_under(
        status: u16,
        headers: &[(&str, &str)],
        key: &CacheKey,
    ) -> Option<(Range<u64>, u64)> {
        let response = Response::builder().status(status);
        let response =
            headers.iter().fold(response, |all, (name, value)| all.header(*name, *value));
        let (parts, ()) = response.body(()).unwrap().into_parts();
        StorableResponse::of(&parts, key).map(|storable| (storable.range, storable.size))
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

    #[test]
    fn response_that_varies_by_origin_is_stored_for_each_origin_that_may_read_it() {
        let control = ("cache-control", "public, max-age=60, immutable");
        let headers = [control, ("content-length", "10"), ("etag", "\"a\""), ("vary", "Origin")];
        let (parts, ()) = Request::get("http://a/film").body(()).unwrap().into_parts();
        let [one, other] =
            ["https://one.example", "https://other.example"].map(HeaderValue::from_static);
        let keys =
            [None, Some(&one), Some(&other)].map(|it| CacheKey::of(&parts, true, it).unwrap());
        for key in &keys {
            assert_eq!(storable_under(200, &headers, key), Some((0..10, 10)));
        }
        assert!(keys[0].uri != keys[1].uri && keys[1].uri != keys[2].uri);
        assert_eq!(storable(200, &headers), None, "no key says for whom it is");
        let encoded = [&headers[..3], &[("vary", "Accept-Encoding, Origin")]].concat();
        assert_eq!(storable_under(200, &encoded, &keys[1]), None);
    }
}
