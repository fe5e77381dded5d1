//! Which requests may be answered from memory, and which answers may be kept for that.

use std::{ops::Range, time::Duration};

use http::{
    HeaderMap, HeaderName, Method, Request, StatusCode,
    header::{
        ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, PRAGMA, RANGE, SET_COOKIE,
        TRANSFER_ENCODING, VARY,
    },
    response::Parts,
};

/// How long an answer is taken for fresh at most: a file that somebody changes in its folder, and a
/// block that has to make room, are seen so much later. One request in this time asks the component.
const FRESH_MAX: Duration = Duration::from_secs(10);
/// What makes an answer depend on more than the URL and the range, or is to be asked anew.
const OWN: [HeaderName; 8] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    PRAGMA,
];

/// A request that may be answered from memory.
pub(in crate::serve) struct Asked {
    /// The target URI, which is the key (RFC 9111 §2).
    pub(super) uri: String,
    /// First and last byte; none where all is wanted.
    pub(super) range: Option<(u64, u64)>,
}

impl Asked {
    /// None where the component has to be asked.
    pub(in crate::serve) fn of<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        if request.method() != Method::GET || OWN.iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        let range = match only(headers, &RANGE)? {
            "" => None,
            text => Some(closed(text.strip_prefix("bytes=")?)?),
        };
        Some(Self { uri: request.uri().to_string(), range })
    }
}

/// An answer that may be kept.
pub(super) struct Storable {
    /// Which bytes of the representation it has.
    pub(super) range: Range<u64>,
    /// Of how many.
    pub(super) size: u64,
    /// For how long it is fresh (RFC 9111 §4.2.1).
    pub(super) fresh: Duration,
}

impl Storable {
    /// None where it is for one client or one time, or may change.
    pub(super) fn of(answer: &Parts) -> Option<Self> {
        let headers = &answer.headers;
        // Trailers and codings of the transfer are not kept.
        if [VARY, SET_COOKIE, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        let fresh = fresh(only(headers, &CACHE_CONTROL)?)?;
        let length = digits(only(headers, &CONTENT_LENGTH)?).filter(|length| *length > 0)?;
        // Only a strong tag says that parts are of one thing (RFC 9111 §3.4).
        only(headers, &ETAG).filter(|tag| tag.starts_with('"'))?;
        let (range, size) = match (answer.status, only(headers, &CONTENT_RANGE)?) {
            (StatusCode::OK, "") => (0..length, length),
            (StatusCode::PARTIAL_CONTENT, text) => {
                let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
                let (first, last) = closed(part)?;
                (first..last.checked_add(1)?, digits(size)?)
            }
            _ => return None,
        };
        let sound = range.end - range.start == length && range.end <= size;
        sound.then_some(Self { range, size, fresh })
    }
}

/// Whether ranges of what has these headers may be sent.
pub(super) fn has_ranges(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_RANGES).is_some_and(|units| units == "bytes")
}

/// For how long an answer is fresh that everybody may have and that does not change in that time
/// (RFC 8246).
fn fresh(control: &str) -> Option<Duration> {
    let has = |name: &str| control.split(',').any(|part| part.trim() == name);
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    let seconds = digits(age).filter(|seconds| *seconds > 0)?;
    (has("public") && has("immutable")).then(|| Duration::from_secs(seconds).min(FRESH_MAX))
}

/// The value of a field, empty where it is not there; none where it is there more than once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Some("") };
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// `first-last`, of which the first is not behind the last.
fn closed(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (digits(first)?, digits(last)?);
    (first <= last).then_some((first, last))
}

fn digits(text: &str) -> Option<u64> {
    let are = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    type Wanted = Option<(u64, u64)>;

    fn asked(headers: &[(&str, &str)]) -> Option<Wanted> {
        let request = Request::get("http://a/film?s=1");
        let request = headers.iter().fold(request, |all, (name, value)| all.header(*name, *value));
        Asked::of(&request.body(()).unwrap()).map(|asked| asked.range)
    }

    #[test]
    fn only_plain_requests_are_answered_from_memory() {
        assert_eq!(asked(&[]), Some(None));
        assert_eq!(asked(&[("range", "bytes=5-9"), ("x-client-token", "t")]), Some(Some((5, 9))));
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
            assert_eq!(asked(&[(name, value)]), None, "{name}: {value}");
        }
        assert_eq!(asked(&[("range", "bytes=1-2"), ("range", "bytes=3-4")]), None);
        assert!(Asked::of(&Request::head("http://a/").body(()).unwrap()).is_none());
    }

    fn storable(status: u16, headers: &[(&str, &str)]) -> Option<(Range<u64>, u64)> {
        let response = Response::builder().status(status);
        let response =
            headers.iter().fold(response, |all, (name, value)| all.header(*name, *value));
        let (parts, ()) = response.body(()).unwrap().into_parts();
        Storable::of(&parts).map(|storable| (storable.range, storable.size))
    }

    #[test]
    fn what_changes_or_is_for_one_client_is_not_kept() {
        let kept = ("cache-control", "public, max-age=60, immutable");
        let length = ("content-length", "10");
        let tag = ("etag", "\"a\"");
        let range = ("content-range", "bytes 10-19/99");
        assert_eq!(storable(200, &[kept, length, tag]), Some((0..10, 10)));
        assert_eq!(storable(206, &[kept, length, tag, range]), Some((10..20, 99)));
        assert_eq!(storable(206, &[kept, length, range]), None);
        assert_eq!(storable(206, &[kept, length, range, ("etag", "W/\"a\"")]), None);
        assert_eq!(storable(206, &[kept, length, tag, ("content-range", "bytes 10-18/99")]), None);
        assert_eq!(storable(206, &[kept, length, tag, ("content-range", "bytes 10-19/*")]), None);
        assert_eq!(storable(206, &[kept, length, tag, ("content-range", "bytes 10-19/15")]), None);
        assert_eq!(storable(404, &[kept, length, tag]), None);
        assert_eq!(storable(200, &[kept, tag]), None);
        assert_eq!(storable(200, &[kept, tag, ("content-length", "0")]), None);
        assert_eq!(storable(200, &[kept, length, tag, ("vary", "accept-encoding")]), None);
        for control in ["no-store", "public, max-age=60", "private, max-age=60, immutable"] {
            assert_eq!(
                storable(200, &[("cache-control", control), length, tag]),
                None,
                "{control}"
            );
        }
    }
}
