//! The response to a request without TLS at an address that has TLS: where to go instead.

use bytes::Bytes;
use http::uri::Authority;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, LOCATION},
};

const MESSAGE: &str = "This address has TLS: use https:// in place of http://.\n";

/// Sends a browser to the same URL with TLS. It may not remember that: a server can lose its TLS. What
/// would change something is refused, for its sender has shown its keys.
pub(super) fn response<B>(request: &Request<B>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(MESSAGE));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(location) = with_tls(request)
    {
        headers.insert(LOCATION, location);
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    }
    response
}

/// The URL of a request with TLS; `None` where its one `Host` is no name.
fn with_tls<B>(request: &Request<B>) -> Option<HeaderValue> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none())?.to_str().ok()?;
    let authority: Authority = host.parse().ok()?;
    let path = request.uri().path_and_query()?.as_str();
    let is_named = !authority.as_str().contains('@') && path.starts_with('/');
    HeaderValue::try_from(format!("https://{authority}{path}")).ok().filter(|_| is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &str, target: &str, hosts: &[&str]) -> (u16, String) {
        let request = Request::builder().method(method).uri(target);
        let request = hosts.iter().fold(request, |request, host| request.header(HOST, *host));
        let response = response(&request.body(()).unwrap());
        let location = response.headers().get(LOCATION).map(|value| value.to_str().unwrap());
        (response.status().as_u16(), location.unwrap_or_default().to_owned())
    }

    #[test]
    fn reader_is_sent_to_the_same_url_with_tls_and_others_are_refused() {
        let url = "https://nas.local:8700/watch/a?t=1".to_owned();
        assert_eq!(answer("GET", "/watch/a?t=1", &["nas.local:8700"]), (307, url.clone()));
        assert_eq!(answer("HEAD", "/watch/a?t=1", &["nas.local:8700"]), (307, url));
        for (method, target, hosts) in [
            ("POST", "/", &["a"][..]),
            ("GET", "/", &[]),
            ("GET", "/", &["a", "b"]),
            ("GET", "/", &["user@a"]),
            ("GET", "/", &["a/b"]),
            ("OPTIONS", "*", &["a"]),
        ] {
            assert_eq!(answer(method, target, hosts), (400, String::new()), "{method} {hosts:?}");
        }
    }
}
