//! What is refused, with which status and code.

use api::ErrorCode;
use serde_json::Value;
use tests::{
    fixture::{CLIP, FILM},
    http::{Request, Response},
};

use crate::{Subject, shared::Checks};

/// Checks a refusal: status, code, and a message for people.
fn refused(checks: &mut Checks, what: &str, response: &Response, code: ErrorCode) {
    checks.equal(what, response.status, code.status());
    match response.envelope::<Value>() {
        Ok(envelope) => {
            let is = envelope.error.map(|error| error.code);
            checks.equal(what, is, Some(code));
        }
        Err(error) => checks.that(false, || format!("{what}: {error:#}")),
    }
}

pub(crate) fn unknown_paths_and_ids_are_404(subject: &Subject) {
    let mut checks = Checks::default();
    let browser = Request::get("/nothing").header("Accept", "text/html,*/*;q=0.8");
    let page = subject.send(&browser);
    checks.equal("the page's own 404", page.status, 404);
    checks.header("the page's own 404", &page, "content-type", "text/html; charset=utf-8");
    for target in [
        "/api/v2/catalog/absent",
        "/api/v2/catalog/absent/episodes",
        "/api/v2/stream/absent.1",
        "/api/v2/stream/night-train.2",
        "/api/v2/stream/night-train.4294967295",
        "/api/v2/media/00000000000000000000000000000000",
        "/api/v2/image/00000000000000000000000000000000",
        "/api/v2/nothing",
        "/api/v1/home",
        "/nothing",
    ] {
        refused(&mut checks, target, &subject.get(target), ErrorCode::NotFound);
    }
    checks.done();
}

pub(crate) fn malformed_ids_are_400(subject: &Subject) {
    let long = "a".repeat(129);
    let mut checks = Checks::default();
    for id in
        ["UPPER", "-dash-first", "a%20b", "a%2Fb", "%00", "%ff", "a:b", "%E2%82%AC", "-a/b", &long]
    {
        for path in ["/api/v2/catalog/", "/api/v2/stream/", "/api/v2/media/", "/api/v2/image/"] {
            let target = format!("{path}{id}");
            let response = subject.get(&target);
            // Behind the id of a film comes a name, which may be any.
            let code = match target.as_str() {
                "/api/v2/media/a/b" => ErrorCode::NotFound,
                _ => ErrorCode::InvalidIdentifier,
            };
            refused(&mut checks, &target, &response, code);
        }
    }
    checks.done();
}

pub(crate) fn unsupported_methods_are_405(subject: &Subject) {
    let media = format!("/api/v2/media/{CLIP}");
    let film = format!("/api/v2/catalog/{FILM}");
    let mut checks = Checks::default();
    for (method, target) in [
        ("POST", media.as_str()),
        ("PUT", &media),
        ("DELETE", &media),
        ("POST", &film),
        ("DELETE", "/api/v2/home"),
        ("POST", "/health"),
        ("POST", "/"),
        ("DELETE", "/api/v2/admin/root"),
    ] {
        let what = format!("{method} {target}");
        let request = subject.deployment.admin(Request::new(method, target));
        let response = subject.send(&request);
        refused(&mut checks, &what, &response, ErrorCode::MethodNotAllowed);
        let allow = response.header("allow").unwrap_or_default();
        checks.that(!allow.is_empty() && !allow.contains(method), || format!("{what}: {allow:?}"));
    }
    checks.done();
}

pub(crate) fn path_traversal_reads_nothing_outside_the_stores(subject: &Subject) {
    let mut checks = Checks::default();
    for target in [
        "/api/v2/media/..%2f..%2fkeys.toml",
        "/api/v2/media/%2e%2e%2fkeys.toml",
        "/api/v2/media/../../../keys.toml",
        "/assets/..%2f..%2fkeys.toml",
        "/assets/../keys.toml",
        "/api/v2/image/....//keys.toml",
        "/api/v2/catalog/..",
        "//etc/passwd",
        "/api/v2/media/",
        "/assets/",
    ] {
        let response = subject.get(target);
        checks.that(matches!(response.status, 400 | 404), || {
            format!("{target}: status {}, should be 400 or 404", response.status)
        });
        let text = String::from_utf8_lossy(&response.body);
        checks.that(!text.contains("admin_key"), || format!("{target} tells the admin key"));
    }
    checks.done();
}
