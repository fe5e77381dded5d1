//! What holds for every route: methods, preflights, pictures, the page.

use edge::memory::{Memory, MemoryResponse, send};
use serde_json::{Value, json};

const PUBLIC: [&str; 7] = [
    "/health",
    "/api/v2/home",
    "/api/v2/catalog/film",
    "/api/v2/catalog/film/episodes",
    "/api/v2/stream/film.1",
    "/api/v2/media/00ff",
    "/api/v2/image/00ff",
];

/// A preflight to a deployment that shares everything with every origin.
fn options(path: &str) -> MemoryResponse {
    let memory = Memory::default();
    memory.settings.0.borrow_mut().insert("cors_origins".to_owned(), "*".to_owned());
    send(&memory, "OPTIONS", path, &[], Some(b""))
}

#[test]
fn health_names_the_service() {
    let answer = send(&Memory::default(), "GET", "/health", &[], Some(b""));
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &body["data"]["service"]), (200, &json!("firstframe")));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
}

#[test]
fn a_preflight_lets_pages_of_any_origin_ask_for_ranges() {
    for path in PUBLIC {
        let answer = options(path);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("access-control-max-age"), "86400", "{path}");
        let exposed = answer.header("access-control-expose-headers");
        for name in ["Content-Range", "Content-Length", "ETag", "Accept-Ranges"] {
            assert!(exposed.contains(name), "{path} {exposed}");
        }
        let methods = answer.header("access-control-allow-methods");
        assert!(methods.contains("GET") && methods.contains("HEAD"), "{path} {methods}");
        let headers = answer.header("access-control-allow-headers");
        for name in ["Range", "If-Range", "If-None-Match", "Content-Type", "X-Client-Token"] {
            assert!(headers.contains(name), "{path} {headers}");
        }
        // The key is for programs, and no page has it.
        assert!(!headers.contains("Authorization"), "{path}");
        assert_eq!(answer.header("vary"), "", "{path}");
        // RFC 9110 §8.6: no length of what cannot be there.
        assert_eq!(answer.header("content-length"), "", "{path}");
    }
}

#[test]
fn preflight_of_the_admin_api_or_the_page_allows_no_origin() {
    for path in ["/api/v2/admin/root", &format!("/api/v2/admin/packs/{}", "0".repeat(64)), "/"] {
        let answer = options(path);
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), "", "{path}");
        assert!(answer.header("allow").contains("OPTIONS"), "{path}");
    }
}

#[test]
fn a_method_that_a_path_does_not_know_is_405_with_those_it_does() {
    for path in PUBLIC {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "PROPFIND"] {
            let answer = send(&Memory::default(), method, path, &[], Some(b""));
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{method} {path}");
        }
    }
}

#[test]
fn unknown_path_is_the_page_for_a_browser_and_json_for_a_program() {
    let browser = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let memory = Memory::default();
    let is_built = send(&memory, "GET", "/", &[], Some(b"")).status == 200;
    for (path, status) in
        [("/nothing", 404), ("/api/v2/nothing", 404), ("/title/X", 404), ("/%ff", 400)]
    {
        let get = |headers: &[(&str, &str)]| send(&memory, "GET", path, headers, Some(b""));
        for headers in [&[][..], &[("accept", "*/*")], &[("accept", "application/json")]] {
            let answer = get(headers);
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.header("content-type"), "application/json", "{path}");
        }
        for headers in [&[browser][..], &[browser, ("if-none-match", "*")]] {
            let answer = get(headers);
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            let kind = if is_built { "text/html; charset=utf-8" } else { "application/json" };
            assert_eq!(answer.header("content-type"), kind, "{path}");
        }
        let write = send(&memory, "POST", path, &[browser], Some(b""));
        assert_eq!(write.header("content-type"), "application/json", "{path}");
    }
}

#[test]
fn head_has_the_length_of_get_and_no_body() {
    for path in ["/health", "/api/v2/home", "/api/v2/catalog/film", "/nothing"] {
        let get = send(&Memory::default(), "GET", path, &[], Some(b""));
        let head = send(&Memory::default(), "HEAD", path, &[], Some(b""));
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
    }
}

#[test]
fn a_picture_is_sent_under_the_type_that_it_is() {
    let memory = Memory::default();
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 5_000]].concat();
    memory.objects.put("image/00ff", &png, 1_000);
    let get =
        |headers: &[(&str, &str)]| send(&memory, "GET", "/api/v2/image/00ff", headers, Some(b""));
    let answer = get(&[]);
    assert_eq!((answer.status, &answer.body), (200, &png));
    assert!(answer.is_stream);
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(answer.header("content-length"), "5008");
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let etag = answer.header("etag");
    let held = get(&[("if-none-match", etag)]);
    assert_eq!((held.status, held.body.len(), held.header("etag")), (304, 0, etag));
    assert_eq!(get(&[("range", "bytes=0-1")]).status, 200);
    let bare = send(&memory, "HEAD", "/api/v2/image/00ff", &[], Some(b""));
    assert_eq!((bare.status, bare.body.len(), bare.header("content-length")), (200, 0, "5008"));
}

#[test]
fn object_that_is_no_picture_is_not_sent_as_one() {
    let memory = Memory::default();
    for bytes in [&b"<svg onload='alert(1)'>"[..], b"<!doctype html>", b""] {
        memory.objects.put("image/00ff", bytes, 1_000);
        assert_eq!(send(&memory, "GET", "/api/v2/image/00ff", &[], Some(b"")).status, 404);
    }
    assert_eq!(send(&memory, "GET", "/api/v2/image/00fe", &[], Some(b"")).status, 404);
}

/// Whichever way this edge was built: with the page, or with a sentence in its place.
#[test]
fn the_page_answers_for_every_view_or_says_that_it_is_missing() {
    for path in ["/", "/title/film"] {
        let answer = send(&Memory::default(), "GET", path, &[], Some(b""));
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        if answer.status == 503 {
            assert!(String::from_utf8(answer.body).unwrap().contains("cargo xtask build"));
            continue;
        }
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        let held = [("if-none-match", answer.header("etag"))];
        assert_eq!(send(&Memory::default(), "GET", path, &held, Some(b"")).status, 304);
    }
    assert_eq!(send(&Memory::default(), "GET", "/assets/none.js", &[], Some(b"")).status, 404);
}
