//! The target of a request: its length, its authority, and the parameters of its query.

use std::{borrow::Cow, mem};

use http::{
    HeaderMap, HeaderValue, StatusCode, Uri, Version,
    header::{COOKIE, HOST},
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Bytes of a request target. RFC 9110 §4.1 recommends 8,000 at least.
const TARGET_BYTES_MAX: usize = 8 << 10;
/// The authority of a request of HTTP/1.0 without `Host`, which that version does not require.
const OWN_NAME: &str = "localhost";

/// Why a request is refused: a status, and a message for its sender.
pub(super) type Refusal = (StatusCode, &'static str);

/// Makes the target an absolute URI, without the parameters that no route reads. With TLS its scheme is
/// that of the connection, whatever the client says.
pub(super) fn normalize(parts: &mut Parts, is_tls: bool) -> Result<(), Refusal> {
    let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if path.len() > TARGET_BYTES_MAX {
        return Err((StatusCode::URI_TOO_LONG, "a request target has at most 8 KiB"));
    }
    let host = if parts.version == Version::HTTP_2 {
        join_cookies(&mut parts.headers);
        authority(&parts.uri, &parts.headers)?
    } else {
        host(&parts.headers, parts.version)?
    };
    let known = path.split_once('?').and_then(|(path, query)| match api::query::known(query) {
        known if known.is_empty() => Some(path.to_owned()),
        Cow::Owned(known) => Some(format!("{path}?{known}")),
        Cow::Borrowed(_) => None,
    });
    let mut uri = mem::take(&mut parts.uri).into_parts();
    if let Some(known) = known {
        uri.path_and_query = Some(known.try_into().map_err(|_| bad_target())?);
    }
    if uri.authority.is_none() {
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(host);
    }
    if is_tls {
        uri.scheme = Some(Scheme::HTTPS);
    }
    parts.uri = Uri::from_parts(uri).map_err(|_| bad_target())?;
    Ok(())
}

/// Makes one field of those into which HTTP/2 may split it (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let parts: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if parts.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&parts.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// The authority of a request of HTTP/2, which its `Host` may repeat (RFC 9113 §8.3.1).
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Refusal> {
    let Some(authority) = uri.authority() else { return host(headers, Version::HTTP_2) };
    let differs = |host: &HeaderValue| host.as_bytes() != authority.as_str().as_bytes();
    if headers.get_all(HOST).iter().any(differs) || authority.as_str().contains('@') {
        let message = "the authority of the request is not one host name, as its Host field is";
        return Err((StatusCode::BAD_REQUEST, message));
    }
    Ok(authority.clone())
}

/// The one valid `Host` of a request (RFC 9112 §3.2).
fn host(headers: &HeaderMap, version: Version) -> Result<Authority, Refusal> {
    let mut fields = headers.get_all(HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (Some(field), None) => field,
        (None, _) if version < Version::HTTP_11 => &HeaderValue::from_static(OWN_NAME),
        (None, _) => return Err((StatusCode::BAD_REQUEST, "the request has no Host field")),
        (Some(_), Some(_)) => {
            return Err((StatusCode::BAD_REQUEST, "the request has more than one Host field"));
        }
    };
    let name = field.to_str().ok().filter(|name| !name.contains('@'));
    let name = name.and_then(|name| name.parse().ok());
    name.ok_or((StatusCode::BAD_REQUEST, "the Host field of the request is not a host name"))
}

fn bad_target() -> Refusal {
    (StatusCode::BAD_REQUEST, "the request target is not a path, nor a URL of http or https")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn normalized(target: &str, hosts: &[&str], version: Version) -> Result<String, u16> {
        let request = Request::get(target).version(version);
        let request = hosts.iter().fold(request, |request, host| request.header(HOST, *host));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        normalize(&mut parts, false).map_err(|(status, _)| status.as_u16())?;
        Ok(parts.uri.to_string())
    }

    fn target(text: &str) -> Result<String, u16> {
        normalized(text, &["a.example:1"], Version::HTTP_11)
    }

    #[test]
    fn target_is_an_absolute_uri_with_known_parameters_only() {
        for (sent, uri) in [
            ("/", "http://a.example:1/"),
            ("/film?x=1", "http://a.example:1/film"),
            ("/film?x&s=2&y=3&at=4", "http://a.example:1/film?s=2&at=4"),
            ("http://b.example/film?x=1&s=2", "http://b.example/film?s=2"),
        ] {
            assert_eq!(target(sent).as_deref(), Ok(uri), "{sent}");
        }
    }

    #[test]
    fn target_of_more_than_8_kib_is_refused() {
        assert_eq!(target(&format!("/{}", "x".repeat(TARGET_BYTES_MAX - 1))).map(drop), Ok(()));
        assert_eq!(target(&format!("/?{}", "x".repeat(TARGET_BYTES_MAX - 1))), Err(414));
    }

    #[test]
    fn host_field_is_one_host_name_as_9112_3_2_says() {
        for hosts in [&[][..], &["a", "a"], &["a", "b"], &["a/b"], &["u@a"], &[""], &["a b"]] {
            assert_eq!(normalized("/", hosts, Version::HTTP_11), Err(400), "{hosts:?}");
        }
        assert_eq!(normalized("http://c/", &["a", "b"], Version::HTTP_11), Err(400));
        let old = normalized("/", &[], Version::HTTP_10);
        assert_eq!(old.as_deref(), Ok("http://localhost/"));
        assert_eq!(normalized("/", &["a", "b"], Version::HTTP_10), Err(400));
    }

    #[test]
    fn scheme_is_that_of_the_connection_where_it_has_tls() {
        for target in ["/film", "http://a.example/film", "https://a.example/film"] {
            let request = Request::get(target).header(HOST, "a.example").body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            normalize(&mut parts, true).unwrap();
            assert_eq!(parts.uri, "https://a.example/film", "{target}");
        }
    }

    #[test]
    fn authority_of_http_2_is_one_name_that_host_may_repeat() {
        let of = |hosts: &[&str], target| normalized(target, hosts, Version::HTTP_2);
        let url = "http://a.example:1/film";
        for hosts in [&[][..], &["a.example:1"]] {
            assert_eq!(of(hosts, url).as_deref(), Ok(url), "{hosts:?}");
        }
        for hosts in [&["b.example"][..], &["a.example:1", "b.example"], &["a.example"]] {
            assert_eq!(of(hosts, url), Err(400), "{hosts:?}");
        }
        assert_eq!(of(&[], "http://user@a.example/"), Err(400));
        assert_eq!(of(&[], "/film"), Err(400));
    }

    #[test]
    fn cookies_that_http_2_splits_are_one_field_again() {
        let request = Request::get("http://a/").version(Version::HTTP_2);
        let request = request.header(COOKIE, "a=1").header(COOKIE, "b=2").header(COOKIE, "c=3");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        normalize(&mut parts, true).unwrap();
        let cookies: Vec<_> = parts.headers.get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2; c=3"]);
    }
}
