//! A page of another origin plays films from this deployment.

use tests::{fixture::CLIP, http::Request};

use crate::{Subject, shared::Checks};

const PAGE: (&str, &str) = ("Origin", "https://page.example");

fn names(list: Option<String>) -> Vec<String> {
    list.unwrap_or_default().split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

pub(crate) fn page_of_another_origin_may_read_ranges(subject: &Subject) {
    let mut checks = Checks::default();
    let media = format!("/api/v2/media/{CLIP}");
    for range in ["bytes=0-9", "bytes=-5", "bytes=5000-"] {
        let request = Request::get(&media).header(PAGE.0, PAGE.1).header("Range", range);
        let response = subject.send(&request);
        checks.header(range, &response, "access-control-allow-origin", "*");
        let exposed = names(response.header("access-control-expose-headers"));
        for name in ["content-range", "content-length", "etag", "accept-ranges"] {
            checks.that(exposed.iter().any(|one| one == name), || format!("{range}: no {name}"));
        }
    }
    for target in ["/api/v2/home", "/api/v2/stream/night-train.1", "/api/v2/stream/absent.1"] {
        let response = subject.send(&Request::get(target).header(PAGE.0, PAGE.1));
        checks.header(target, &response, "access-control-allow-origin", "*");
    }
    checks.done();
}

pub(crate) fn preflight_is_answered(subject: &Subject) {
    let mut checks = Checks::default();
    let media = format!("/api/v2/media/{CLIP}");
    let request = Request::new("OPTIONS", &media)
        .header(PAGE.0, PAGE.1)
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "range");
    let response = subject.send(&request);
    checks.that(matches!(response.status, 200 | 204), || format!("status {}", response.status));
    checks.header("preflight", &response, "access-control-allow-origin", "*");
    let methods = names(response.header("access-control-allow-methods"));
    checks.that(methods.iter().any(|one| one == "get"), || format!("methods {methods:?}"));
    let headers = names(response.header("access-control-allow-headers"));
    for name in ["range", "accept-encoding"] {
        checks.that(headers.iter().any(|one| one == name), || format!("headers {headers:?}"));
    }
    let age = response.header("access-control-max-age").and_then(|age| age.parse().ok());
    checks.that(age.is_some_and(|age: u64| age >= 600), || {
        "no max-age: a preflight each time".to_owned()
    });
    checks.done();
}

pub(crate) fn media_responses_have_no_vary(subject: &Subject) {
    // Chromium's cache fetches whole films again where a 206 has `Vary`.
    let mut checks = Checks::default();
    let media = format!("/api/v2/media/{CLIP}");
    let absent = "/api/v2/media/00000000000000000000000000000000".to_owned();
    for (target, name, value) in [
        (&media, "Accept", "*/*"),
        (&media, "Range", "bytes=0-9"),
        (&media, "Range", "bytes=5000-"),
        (&media, "If-None-Match", "*"),
        (&media, "If-Match", "\"another\""),
        (&absent, "Range", "bytes=0-9"),
    ] {
        for request in [Request::get(target), Request::head(target)] {
            let request = request.header(name, value).header(PAGE.0, PAGE.1);
            let response = subject.send(&request.header("Accept-Encoding", "gzip, br"));
            let what = format!("{target} [{name}: {value}]: {}", response.status);
            checks.equal(&format!("{what}: vary"), response.header("vary"), None);
            let coding = response.header("content-encoding");
            let front = subject.differences.front_compresses && response.status > 206;
            checks.that(front || coding.is_none(), || format!("{what}: {coding:?}"));
        }
    }
    checks.done();
}
