//! Pictures of a provider: ingested, stored whole, sent with the type of their bytes.

use edge::{
    http::ByteRange,
    memory::{Memory, MemoryResponse, OutboundRequest, ScriptedResponse, send},
    rules::signature::{Keys, Scope},
};

use crate::fixture::{KEYS, canned, deployment, put_catalog, text};

const ADMIN: &str = "Bearer the-key";

/// A PNG by its first bytes.
fn png(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..=250).cycle().take(size - bytes.len()));
    bytes
}

/// A server that has these bytes.
fn has(bytes: Vec<u8>) -> impl Fn(&OutboundRequest) -> ScriptedResponse {
    move |request| {
        let size = bytes.len() as u64;
        let range = request.range.unwrap_or(ByteRange { start: 0, end: size });
        let (start, end) = (range.start, range.end.min(size));
        let said = format!("bytes {start}-{}/{size}", end - 1);
        let length = (end - start).to_string();
        let sent = bytes[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()].to_vec();
        canned(206, &[("content-range", &said), ("content-length", &length)], sent)
    }
}

fn ingest(memory: &Memory) -> MemoryResponse {
    let body = br#"{"provider": "one", "file": "posters/a.png"}"#;
    send(memory, "POST", "/api/v2/admin/pictures", &[("authorization", ADMIN)], Some(body))
}

/// A deployment that has ingested these bytes, and the picture's id.
fn ingested(bytes: &[u8]) -> (Memory, String) {
    let memory = deployment();
    memory.outbound.serve_with(has(bytes.to_vec()));
    let answer = ingest(&memory);
    assert_eq!(answer.status, 201, "{}", text(&answer));
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["data"]["sizeBytes"], bytes.len());
    (memory, json["data"]["id"].as_str().unwrap().to_owned())
}

fn url(memory: &Memory, id: &str) -> String {
    let query = Keys::parse(KEYS).unwrap().sign(Scope::Image, id, memory.clock.0.get());
    format!("/api/v2/image/{id}?{query}")
}

fn get(memory: &Memory, path: &str, headers: &[(&str, &str)]) -> MemoryResponse {
    send(memory, "GET", path, headers, Some(b""))
}

#[test]
fn picture_is_sent_whole_with_its_type_and_headers_that_forbid_scripts() {
    for size in [100, 600_000, 4 * 1024 * 1024] {
        let (memory, id) = ingested(&png(size));
        let answer = get(&memory, &url(&memory, &id), &[]);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        assert!(answer.body == png(size), "{size}: other bytes");
        for (name, value) in [
            ("content-type", "image/png"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("vary", ""),
            ("etag", &format!("\"{id}\"")),
            ("content-length", &size.to_string()),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert!(answer.header("cache-control").ends_with(", immutable"));
        let head = send(&memory, "HEAD", &url(&memory, &id), &[], Some(b""));
        assert_eq!((head.status, head.headers), (200, answer.headers));
    }
}

#[test]
fn picture_is_fetched_once_and_then_stored() {
    let (memory, id) = ingested(&png(600_000));
    assert_eq!(memory.outbound.requests.borrow().len(), 2, "both its blocks, once");
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    let answer = get(&memory, &url(&memory, &id), &[]);
    assert_eq!(answer.status, 200);
    let held = [("if-none-match", answer.header("etag"))];
    let again = get(&memory, &url(&memory, &id), &held);
    assert_eq!((again.status, again.body.len(), again.header("content-type")), (304, 0, ""));
    assert_eq!(get(&memory, &url(&memory, &id), &[("if-match", "\"x\"")]).status, 412);
    assert_eq!(memory.outbound.requests.borrow().len(), 2);
    // Purged and gone there, it is an error that says so, and comes back with its provider.
    let purged = "/api/v2/admin/startup";
    assert_eq!(send(&memory, "DELETE", purged, &[("authorization", ADMIN)], None).status, 200);
    assert_eq!(get(&memory, &url(&memory, &id), &[]).status, 502);
    memory.outbound.serve_with(has(png(600_000)));
    memory.clock.0.set(memory.clock.0.get() + 60_000);
    assert!(get(&memory, &url(&memory, &id), &[]).body == png(600_000));
}

#[test]
fn another_picture_under_the_same_name_is_never_sent_for_it() {
    let (memory, id) = ingested(&png(1_000));
    send(&memory, "DELETE", "/api/v2/admin/startup", &[("authorization", ADMIN)], None);
    // The same size and no validators: only the bytes tell.
    let mut other = png(1_000);
    other[999] ^= 1;
    memory.outbound.serve_with(has(other));
    let answer = get(&memory, &url(&memory, &id), &[]);
    assert_eq!(answer.status, 410, "{}", text(&answer));
    assert!(memory.key_value.values.borrow().keys().all(|key| !key.starts_with("b/")));
}

#[test]
fn picture_needs_its_own_signature() {
    let (memory, id) = ingested(&png(100));
    let good = url(&memory, &id);
    let film = Keys::parse(KEYS).unwrap().sign(Scope::Media, &id, memory.clock.0.get());
    let bare = format!("/api/v2/image/{id}");
    for bad in
        [bare.clone(), format!("{bare}?{film}"), good.replace(&id, "up.other"), good.clone() + "0"]
    {
        assert_eq!(get(&memory, &bad, &[]).status, 403, "{bad}");
    }
    // Caches may store it until the URL expires, in a week or so.
    let cached = get(&memory, &good, &[]).header("cache-control").to_owned();
    let seconds: u64 = cached.split(['=', ',']).nth(2).unwrap().parse().unwrap();
    assert!((7 * 86_400..=8 * 86_400).contains(&seconds), "{cached}");
    memory.clock.0.set(memory.clock.0.get() + seconds * 1000 + 1000);
    assert_eq!(get(&memory, &good, &[]).status, 403);
}

#[test]
fn file_that_is_no_picture_or_too_large_is_not_ingested() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let mut late = vec![b' '; 100];
    late.extend_from_slice(&png(100));
    for (n, bytes) in [
        svg.to_vec(),
        b"<?xml version='1.0'?><svg/>".to_vec(),
        b"<!doctype html>".to_vec(),
        late,
        png(4 * 1024 * 1024 + 1),
    ]
    .into_iter()
    .enumerate()
    {
        let memory = deployment();
        memory.outbound.serve_with(has(bytes));
        let answer = ingest(&memory);
        assert_eq!(answer.status, 400, "case {n}: {}", text(&answer));
        assert!(text(&answer).contains("a picture "), "case {n}: {}", text(&answer));
        assert_eq!(memory.outbound.requests.borrow().len(), 1, "case {n}");
        assert!(memory.key_value.values.borrow().is_empty(), "case {n} leaves something");
    }
}

#[test]
fn picture_redirects_are_followed_to_listed_origins_only() {
    for (location, status) in
        [("/b.png", 201), ("https://evil.example/b.png", 502), ("http://169.254.169.254/", 502)]
    {
        let memory = deployment();
        let there = has(png(100));
        let to = location.to_owned();
        memory.outbound.serve_with(move |request| {
            if request.url.ends_with("/a.png") {
                canned(302, &[("location", &to)], vec![])
            } else {
                there(request)
            }
        });
        assert_eq!(ingest(&memory).status, status, "{location}");
        let requests = memory.outbound.requests.borrow();
        assert!(requests.iter().all(|one| one.url.starts_with("https://a.example/")), "{location}");
    }
}

#[test]
fn pictures_are_ingested_with_the_admin_key_and_from_listed_providers_only() {
    let memory = deployment();
    let body = br#"{"provider": "one", "file": "a.png"}"#;
    let path = "/api/v2/admin/pictures";
    assert_eq!(send(&memory, "POST", path, &[], Some(body)).status, 401);
    for body in [
        &br#"{"provider": "nobody", "file": "a.png"}"#[..],
        br#"{"provider": "one", "file": "../a.png"}"#,
        br#"{"provider": "one"}"#,
        br#"{"url": "https://a.example/a.png"}"#,
    ] {
        let answer = send(&memory, "POST", path, &[("authorization", ADMIN)], Some(body));
        assert_eq!(answer.status, 400, "{}", text(&answer));
    }
    assert!(memory.outbound.requests.borrow().is_empty());
}

/// Every URL of a picture in an answer.
fn pictures(memory: &Memory, path: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let said = text(&get(memory, path, headers));
    let urls = said.split('"').filter(|part| part.starts_with("/api/v2/image/"));
    urls.map(str::to_owned).collect()
}

#[test]
fn every_picture_url_in_a_response_works() {
    let (memory, id) = ingested(&png(100));
    memory.objects.put("image/own", &png(100), 0);
    let title = |name: &str, cover: &str, banner: &str| catalog::Title {
        id: name.to_owned(),
        cover: Some(cover.to_owned()),
        banner: Some(banner.to_owned()),
        episodes: vec![catalog::Episode {
            number: 1,
            sources: vec![catalog::Source {
                id: "s".to_owned(),
                playable: true,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    put_catalog(&memory, vec![title("a", &id, "own"), title("b", "own", &id)]);
    let session = send(&memory, "POST", "/api/v2/session/anonymous", &[], Some(b""));
    let viewer = [("x-client-token", session.header("x-client-token"))];
    for name in ["a", "b"] {
        let body = format!(r#"{{"catalogId": "{name}"}}"#);
        assert_eq!(
            send(&memory, "POST", "/api/v2/watchlist", &viewer, Some(body.as_bytes())).status,
            201
        );
        let body =
            format!(r#"{{"catalogId": "{name}", "episodeId": "{name}.1", "positionSeconds": 60}}"#);
        assert_eq!(
            send(&memory, "POST", "/api/v2/history", &viewer, Some(body.as_bytes())).status,
            200
        );
    }
    let paths = [
        ("/api/v2/home", 4),
        ("/api/v2/catalog/a", 3),
        ("/api/v2/catalog/b", 3),
        ("/api/v2/history", 2),
        ("/api/v2/continue-watching", 2),
        ("/api/v2/watchlist", 2),
    ];
    for access in ["open", "signed"] {
        memory.settings.0.borrow_mut().insert("media_access".to_owned(), access.to_owned());
        for (path, count) in paths {
            let urls = pictures(&memory, path, &viewer);
            assert_eq!(urls.len(), count, "{path}");
            for url in urls {
                let signed = access == "signed" || url.contains(&id);
                assert_eq!(url.contains("?e="), signed, "{access} {path}: {url}");
                assert_eq!(get(&memory, &url, &[]).status, 200, "{access} {path}: {url}");
                let bare = url.split('?').next().unwrap();
                let status = if signed { 403 } else { 200 };
                assert_eq!(get(&memory, bare, &[]).status, status, "{access} {path}: {bare}");
            }
        }
        // URLs stay the same for a day, so that browsers find what they have.
        let before = pictures(&memory, "/api/v2/home", &[]);
        let day_ms = 24 * 60 * 60 * 1000;
        memory.clock.0.set((memory.clock.0.get() / day_ms + 1) * day_ms);
        let day = pictures(&memory, "/api/v2/home", &[]);
        memory.clock.0.set(memory.clock.0.get() + day_ms - 1);
        assert_eq!(pictures(&memory, "/api/v2/home", &[]), day);
        assert_ne!(before, day);
    }
}

#[test]
fn film_is_not_sent_as_a_picture() {
    let fixture = crate::fixture::UpstreamFixture::new("one");
    assert_eq!(get(&fixture.memory, &url(&fixture.memory, &fixture.id), &[]).status, 404);
}

#[test]
fn a_title_is_purged_with_its_pictures() {
    let (memory, id) = ingested(&png(100));
    let title = catalog::Title { id: "a".to_owned(), cover: Some(id), ..Default::default() };
    put_catalog(&memory, vec![title]);
    let path = "/api/v2/admin/startup/a";
    assert_eq!(send(&memory, "DELETE", path, &[("authorization", ADMIN)], None).status, 200);
    assert!(memory.key_value.values.borrow().keys().all(|key| !key.starts_with("b/")));
}
