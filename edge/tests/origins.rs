//! Pages of other origins: who may read responses and send writes, and the headers that say so.

use edge::{
    memory::{Memory, MemoryResponse, send},
    rules::origins::{ORIGIN_COUNT_MAX, Origins},
};

const SHARED: [&str; 6] = [
    "/health",
    "/api/v2/home",
    "/api/v2/stream/film.1",
    "/api/v2/media/00ff",
    "/assets/none.js",
    "/nothing",
];
const SITE: &str = "https://site.example";
const OTHER: &str = "https://other.example";

fn memory(cors_origins: &str) -> Memory {
    let memory = Memory::default();
    let mut settings = memory.settings.0.borrow_mut();
    settings.insert("cors_origins".to_owned(), cors_origins.to_owned());
    settings.insert("admin_key".to_owned(), "the-key".to_owned());
    drop(settings);
    memory.objects.put("media/00ff", b"ab", 1_000);
    memory
}

fn get(memory: &Memory, path: &str, origin: &str) -> MemoryResponse {
    let headers = [("origin", origin), ("sec-fetch-site", "cross-site")];
    let headers = if origin.is_empty() { &headers[..0] } else { &headers[..] };
    send(memory, "GET", path, headers, Some(b""))
}

#[test]
fn no_other_origin_reads_anything_by_default() {
    let memory = memory("");
    for path in SHARED {
        for origin in ["", SITE, "null"] {
            let answer = get(&memory, path, origin);
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("vary"), "", "{path}");
        }
        let preflight = send(&memory, "OPTIONS", path, &[("origin", SITE)], Some(b""));
        assert_eq!(preflight.header("access-control-allow-methods"), "", "{path}");
    }
}

#[test]
fn player_is_for_pages_of_every_site() {
    for origins in ["", SITE, "https://site.example, https://b.example", "*"] {
        let memory = memory(origins);
        let entry = get(&memory, "/player/firstframe.js", OTHER);
        if entry.status == 503 {
            assert!(String::from_utf8(entry.body).unwrap().contains("cargo xtask build"));
            continue;
        }
        let script = String::from_utf8(entry.body.clone()).unwrap();
        let name = script.split('"').nth(1).unwrap().strip_prefix("..").unwrap().to_owned();
        let asset = get(&memory, &name, OTHER);
        for (answer, cache) in
            [(&entry, "no-cache"), (&asset, "public, max-age=31536000, immutable")]
        {
            assert_eq!(answer.status, 200, "{name}");
            assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{origins}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
            assert!(!answer.header("vary").contains("Origin"), "it is the same for all");
            assert_eq!(answer.header("cache-control"), cache);
        }
        let held = [("if-none-match", entry.header("etag"))];
        let again = send(&memory, "GET", "/player/firstframe.js", &held, Some(b""));
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("access-control-allow-origin"), "*");
    }
}

#[test]
fn one_listed_origin_is_named_to_all_and_several_make_responses_vary() {
    let one = memory("HTTPS://Site.example:443/");
    let several = memory("https://site.example, http://127.0.0.1:5000");
    for path in SHARED {
        for origin in ["", SITE, OTHER] {
            let answer = get(&one, path, origin);
            assert_eq!(answer.header("access-control-allow-origin"), SITE, "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{path}");
            assert_eq!(answer.header("vary"), "", "{path}");
        }
        for (origin, allowed) in [
            ("", ""),
            (SITE, SITE),
            (OTHER, ""),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("http://127.0.0.1:5001", ""),
            ("http://site.example", ""),
        ] {
            let answer = get(&several, path, origin);
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{path} {origin}");
            assert!(answer.header("vary").ends_with("Origin"), "{path} {}", answer.header("vary"));
        }
    }
}

#[test]
fn page_and_admin_api_are_never_shared() {
    let memory = memory("*");
    for path in ["/", "/title/film", "/api/v2/admin/root"] {
        for method in ["GET", "OPTIONS"] {
            let answer = send(&memory, method, path, &[("origin", SITE)], Some(b""));
            assert_eq!(answer.header("access-control-allow-origin"), "", "{method} {path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        }
    }
}

#[test]
fn write_of_a_foreign_page_is_refused() {
    let writes = [
        ("POST", "/api/v2/session/anonymous"),
        ("POST", "/api/v2/session"),
        ("POST", "/api/v2/history"),
        ("POST", "/api/v2/watchlist"),
        ("DELETE", "/api/v2/watchlist/film"),
        ("DELETE", "/api/v2/history/film"),
        ("POST", "/api/v2/stream/window"),
        ("PUT", "/api/v2/admin/root"),
        ("DELETE", "/api/v2/admin/startup"),
    ];
    let host = ("host", "films.example:8443");
    let key = ("authorization", "Bearer the-key");
    let foreign: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", SITE)],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("origin", "https://films.example")],
        &[("origin", "null")],
    ];
    let own: [&[(&str, &str)]; 4] = [
        &[],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://anything.example")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://films.example:8443")],
    ];
    let memory = memory("https://listed.example");
    for (method, path) in writes {
        let status = |headers: &[(&str, &str)]| {
            let headers = [headers, &[host, key]].concat();
            let answer = send(&memory, method, path, &headers, Some(b"{}"));
            let is_foreign = String::from_utf8(answer.body).unwrap().contains("foreign_origin");
            assert_eq!(is_foreign, answer.status == 403, "{method} {path}");
            answer.status
        };
        for headers in foreign {
            assert_eq!(status(headers), 403, "{method} {path} {headers:?}");
        }
        for headers in own {
            assert_ne!(status(headers), 403, "{method} {path} {headers:?}");
        }
        let listed = [("sec-fetch-site", "cross-site"), ("origin", "https://listed.example")];
        assert_ne!(status(&listed), 403, "{method} {path}");
    }
}

#[test]
fn every_origin_may_write_where_every_origin_may_read() {
    let memory = memory("*");
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", SITE)][..],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "null")],
    ] {
        let answer = send(&memory, "POST", "/api/v2/session/anonymous", headers, Some(b""));
        assert_eq!(answer.status, 200, "{headers:?}");
    }
}

#[test]
fn setting_keeps_a_limited_number_of_origins_and_drops_what_is_none() {
    assert!(Origins::parse("").is_empty() && Origins::parse(" , junk, null").is_empty());
    assert_eq!(Origins::parse("https://a.example, *"), Origins::Any);
    let many: Vec<_> = (0..=ORIGIN_COUNT_MAX).map(|n| format!("https://{n}.example")).collect();
    let origins = Origins::parse(&many.join(","));
    assert!(
        origins.allows(&many[ORIGIN_COUNT_MAX - 1]) && !origins.allows(&many[ORIGIN_COUNT_MAX])
    );
}

#[test]
fn headers_forbid_what_a_response_does_not_need() {
    let memory = memory("");
    for path in
        ["/health", "/api/v2/home", "/api/v2/stream/film.1", "/api/v2/media/none", "/nothing"]
    {
        let answer = get(&memory, path, "");
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        let tls = send(&memory, "GET", path, &[("tls", "on")], Some(b""));
        assert_eq!(tls.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    let page = get(&memory, "/", "");
    if page.status == 200 {
        assert!(page.header("content-security-policy").contains("connect-src 'self'"));
        assert!(page.header("content-security-policy").contains("media-src 'self' blob:;"));
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert!(page.header("permissions-policy").contains("camera=()"));
    }
}
