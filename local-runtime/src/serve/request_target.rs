//! The target of a request: its length, its authority, and the parameters of its query.

use std::{borrow::Cow, mem};

use http::{
    HeaderMap, HeaderValue, StatusCode, Uri, Version,
    header::HOST,
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Bytes of a request target. RFC 9110 §4.1 recommends 8,000 at least.
const TARGET_BYTES_MAX: usize = 8 << 10;
/// The authority of a request of HTTP/1.0 without `Host`, which that version does not require.
const OWN_NAME: &str = "localhost";

/// Why a request is refused: a status, and a message for its sender.
pub(super) type Refusal = (StatusCode, &'static str);

/// Makes the target an absolute URI, without the parameters that no route reads.
pub(super) fn normalize(parts: &mut Parts) -> Result<(), Refusal> {
    let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if path.len() > TARGET_BYTES_MAX {
        return Err((StatusCode::URI_TOO_LONG, "a request target has at most 8 KiB"));
    }
    let host = host(&parts.headers, parts.version)?;
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
    parts.uri = Uri::from_parts(uri).map_err(|_| bad_target())?;
    Ok(())
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
        normalize(&mut parts).map_err(|(status, _)| status.as_u16())?;
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
}
