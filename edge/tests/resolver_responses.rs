//! Which URLs a resolver's response names, and until when they are used.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use edge::rules::{
    provider::{UpstreamUrl, parse_providers},
    resolver_response::{self, ResolverResponse},
};

const NOW_MS: u64 = 1_700_000_000_000;
const PROVIDERS: &str = r#"[{"id": "vault", "origins": ["https://api.example", "https://dl.example"],
    "resolve": "https://api.example/link?file={file}"}]"#;

/// Responses without an allowed URL.
const INVALID: [&str; 14] = [
    "",
    "[]",
    "{}",
    "null",
    "7",
    "[7]",
    r#"{"urls":[]}"#,
    r#"{"urls":"https://dl.example/"}"#,
    r#"{"urls":["https://evil.example/"]}"#,
    r#"{"url":"//evil.example/"}"#,
    "https://evil.example/",
    "<html>\n/a\n</html>",
    "not a URL",
    "/a b",
];

/// What the resolver of `vault` says in this response.
fn resolved(response: &str) -> Result<ResolverResponse, String> {
    let resolver = url::Url::parse("https://api.example/v1/link?file=x").unwrap();
    let vault = parse_providers(PROVIDERS).unwrap().remove(0);
    resolver_response::parse(&vault, &resolver, response.as_bytes(), NOW_MS)
}

#[test]
fn resolved_urls_of_unlisted_origins_are_left_out() {
    let answer = r#"{"urls": ["https://evil.example/", "https://dl.example/f?Expires=1700002000",
        "https://dl.example/g"], "expiresAtMs": 1700003000000, "more": 1}"#;
    let upstream_url = |url: &str, fresh_until_ms| UpstreamUrl {
        url: url.to_owned(),
        fresh_until_ms: Some(fresh_until_ms),
    };
    let urls = vec![
        upstream_url("https://dl.example/f?Expires=1700002000", 1_700_001_940_000),
        upstream_url("https://dl.example/g", 1_700_002_940_000),
    ];
    assert_eq!(resolved(answer), Ok(ResolverResponse { urls, notes: Vec::new() }));
    for answer in INVALID {
        assert!(resolved(answer).is_err(), "{answer}");
    }
}

#[test]
fn resolver_response_has_at_most_sixteen_urls() {
    let urls = "https://dl.example/f\n".repeat(20);
    assert_eq!(resolved(&urls).map(|read| read.urls.len()), Ok(16));
}

#[test]
fn relative_urls_are_the_resolvers() {
    for (answer, url) in [
        (r#""/f""#, "https://api.example/f"),
        (r#"{"url": "f?x"}"#, "https://api.example/v1/f?x"),
        ("//dl.example/f", "https://dl.example/f"),
        ("/f\n/g", "https://api.example/f"),
    ] {
        assert_eq!(resolved(answer).map(|read| read.urls[0].url.clone()).as_deref(), Ok(url));
    }
}

#[test]
fn margin_is_half_of_a_short_life_and_a_new_url_is_fresh() {
    for (stated, left_ms, note) in [
        (NOW_MS + 3_600_000, 3_540_000, None),
        (NOW_MS + 60_000, 30_000, None),
        (NOW_MS + 2_000, 5_000, None),
        (NOW_MS - 2_000, 5_000, Some("had expired")),
        (NOW_MS / 1000 + 60, 30_000, Some("seconds")),
        (0, 5_000, Some("seconds")),
    ] {
        let answer = format!(r#"{{"url": "https://dl.example/f", "expiresAtMs": {stated}}}"#);
        let read = resolved(&answer).unwrap();
        assert_eq!(read.urls[0].fresh_until_ms, Some(NOW_MS + left_ms), "{stated}");
        let has_note = |note| read.notes.iter().any(|said| said.contains(note));
        assert!(note.map_or(read.notes.is_empty(), has_note), "{stated}: {:?}", read.notes);
    }
}
