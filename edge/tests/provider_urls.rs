//! Which URLs of a provider the edge may request, and when a URL expires.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use edge::{
    http::ResponseHead,
    rules::{
        provider::{Provider, expires_at_ms, parse_providers},
        provider_headers::Secrets,
    },
};

const NOW_MS: u64 = 1_700_000_000_000;

const PROVIDERS: &str = r#"[
    {"id": "mirror", "origins": ["https://a.example", "https://b.example:8443"],
     "bases": ["https://a.example/films/", "https://b.example:8443/"]},
    {"id": "vault", "origins": ["https://api.example", "https://dl.example"],
     "resolve": "https://api.example/link?file={file}"},
    {"id": "attic", "origins": ["http://10.0.0.7:9000"], "bases": ["http://10.0.0.7:9000/f/"],
     "private": true}
]"#;

fn provider(id: &str) -> Provider {
    parse_providers(PROVIDERS).unwrap().into_iter().find(|provider| provider.id == id).unwrap()
}

#[test]
fn a_file_lies_under_each_base_of_its_provider() {
    let candidates = provider("mirror").direct_urls("a b/ü%2f?#.mp4", NOW_MS).unwrap();
    let urls: Vec<_> = candidates.iter().map(|candidate| candidate.url.as_str()).collect();
    let path = "a%20b/%C3%BC%252f%3F%23.mp4";
    assert_eq!(
        urls,
        [format!("https://a.example/films/{path}"), format!("https://b.example:8443/{path}")]
    );
    assert!(candidates.iter().all(|candidate| candidate.fresh_until_ms.is_none()));
}

#[test]
fn file_name_that_leaves_its_base_is_refused() {
    let long = "x".repeat(1025);
    for file in ["", "/etc", "a//b", "a/", "..", "a/../../b", "./a", long.as_str()] {
        assert!(provider("mirror").direct_urls(file, NOW_MS).is_err(), "{file}");
        assert!(provider("vault").resolver_url(file).is_err(), "{file}");
    }
    // What looks like it and is a name.
    assert!(provider("mirror").direct_urls("a..b/%2e%2e", NOW_MS).is_ok());
}

#[test]
fn resolver_url_has_the_file_name() {
    let url = provider("vault").resolver_url("a/b&c=d").unwrap().unwrap();
    assert_eq!(url.as_str(), "https://api.example/link?file=a%2Fb%26c%3Dd");
    assert_eq!(provider("mirror").resolver_url("a").unwrap(), None);
}

#[test]
fn unlisted_origins_are_refused_whatever_their_spelling() {
    let mirror = provider("mirror");
    let listed = ["https://a.example/x", "https://A.EXAMPLE:443/x", "https://b.example:8443"];
    assert!(listed.iter().all(|url| mirror.check_url(url).is_ok()));
    for url in [
        "http://a.example/x",
        "https://a.example:8443/x",
        "https://b.example/x",
        "https://a.example.evil.example/x",
        "https://evil.example/a.example",
        "https://evil.example#@a.example",
        "https://a.example@evil.example/",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://a.example./x",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "data:text/plain,x",
        "//a.example/x",
        "",
    ] {
        assert!(mirror.check_url(url).is_err(), "{url}");
    }
}

/// The provider `a` with one more origin.
fn provider_at(origin: &str) -> Result<Provider, String> {
    let record = format!(
        r#"[{{"id": "a", "origins": ["https://a.example", "{origin}"],
             "bases": ["https://a.example/"]}}]"#
    );
    parse_providers(&record).map(|mut providers| providers.remove(0))
}

/// URLs for which `https://*.archive.example` does not stand.
const NOT_BELOW_THE_NAME: [&str; 10] = [
    "https://archive.example/x",
    "https://evilarchive.example/x",
    "https://.archive.example/x",
    "https://*.archive.example/x",
    "https://ia1.archive.example:8443/x",
    "http://ia1.archive.example/x",
    "https://ia1.archive.example.evil.example/x",
    "https://evil.example/.archive.example",
    "https://evil.example#.archive.example",
    "https://u@ia1.archive.example/",
];

#[test]
fn wildcard_of_an_origin_stands_for_labels_below_a_name() {
    let archive = provider_at("https://*.archive.example").unwrap();
    for url in ["https://ia1.archive.example/x", "https://ia1.us.archive.example/x?y"] {
        assert!(archive.check_url(url).is_ok(), "{url}");
    }
    for url in NOT_BELOW_THE_NAME {
        assert!(archive.check_url(url).is_err(), "{url}");
    }
    let port = provider_at("https://*.archive.example:8443").unwrap();
    assert!(port.check_url("https://ia1.archive.example:8443/x").is_ok());
    assert!(port.check_url("https://ia1.archive.example/x").is_err());
}

#[test]
fn wildcard_is_the_whole_first_label_of_a_name() {
    for wrong in [
        "https://*",
        "https://*.example",
        "https://a.*.example",
        "https://a*.archive.example",
        "https://*.*.archive.example",
        "https://*.archive.example/",
        "*.archive.example",
    ] {
        assert!(provider_at(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn private_bucket_has_signed_urls_of_either_style() {
    let record = r#"[{"id": "a", "origins": ["https://b.s3.example", "https://s3.example:9000"],
        "bases": ["https://b.s3.example/films/", "https://s3.example:9000/b/"],
        "s3": {"region": "eu-1", "access_key": "AK", "secret_key": "{secret:s3}"}}]"#;
    let provider = parse_providers(record).unwrap().remove(0);
    assert!(provider.clone().with_secrets(&Secrets::new()).is_err_and(|why| why.contains("`s3`")));
    let secrets = Secrets::from([("s3".to_owned(), "very secret".to_owned())]);
    let provider = provider.with_secrets(&secrets).unwrap();
    assert!(!format!("{provider:?}").contains("very secret"));
    let urls = provider.direct_urls("a b.mp4", NOW_MS).unwrap();
    for (url, begins) in urls.iter().zip([
        "https://b.s3.example/films/a%20b.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "https://s3.example:9000/b/a%20b.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256",
    ]) {
        assert!(url.url.starts_with(begins), "{}", url.url);
        assert!(url.url.contains("&X-Amz-Date=20231114T221320Z&X-Amz-Expires=3600&"));
        assert!(url.fresh_until_ms.is_some_and(|until_ms| until_ms < NOW_MS + 3_600_000));
    }
    let both = record.replace("\"bases\"", "\"resolve\": \"https://b.s3.example/{file}\", \"old\"");
    assert!(parse_providers(&both).is_err());
}

#[test]
fn credentials_go_to_the_providers_own_urls_only() {
    let record = r#"[{"id": "a", "origins": ["https://api.example", "https://dl.example"],
        "resolve": "https://api.example/{file}",
        "headers": {"referer": "https://a.example/", "x-key": "{secret:k}", "cookie": "a=b"}}]"#;
    let secrets = Secrets::from([("k".to_owned(), "7".to_owned())]);
    let provider = parse_providers(record).unwrap().remove(0).with_secrets(&secrets).unwrap();
    let names = |url: &str| {
        let fields = provider.request_fields(&url::Url::parse(url).unwrap());
        fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    let all = ["cookie=a=b", "referer=https://a.example/", "x-key=7"];
    assert_eq!(names("https://api.example/x"), all);
    assert_eq!(names("https://dl.example/x"), ["referer=https://a.example/"]);
    assert_eq!(names("http://api.example/x"), ["referer=https://a.example/"]);
}

#[test]
fn private_hosts_are_refused_unless_the_record_says_private() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "a.localhost",
        "metadata",
        "printer.local",
        "metadata.google.internal",
        "metadata.google.internal.",
        "router.home.arpa",
    ] {
        let origin = url::Url::parse(&format!("http://{host}/")).unwrap();
        let origin = origin.origin().ascii_serialization();
        let record = format!(
            r#"[{{"id": "x", "origins": ["{origin}"], "bases": ["{origin}/"], "private": true}}]"#
        );
        let record = |private| {
            let mut provider = parse_providers(&record).unwrap().remove(0);
            provider.private = private;
            provider
        };
        let url = format!("http://{host}/f");
        assert!(record(false).check_url(&url).is_err(), "{url}");
        assert!(record(true).check_url(&url).is_ok(), "{url}");
    }
    assert!(provider("attic").direct_urls("a.mp4", NOW_MS).is_ok());
}

#[test]
fn redirect_to_an_unlisted_origin_is_refused_as_15_4_allows() {
    let vault = provider("vault");
    let from = vault.check_url("https://dl.example/a/b?c").unwrap();
    for (location, url) in [
        ("/x", Some("https://dl.example/x")),
        ("x", Some("https://dl.example/a/x")),
        ("//api.example/x", Some("https://api.example/x")),
        ("https://api.example/x#y", Some("https://api.example/x#y")),
        ("http://dl.example/x", None),
        ("https://evil.example/", None),
        ("//127.0.0.1/", None),
        ("https://user@dl.example/", None),
        ("https://[", None),
    ] {
        let to = vault.check_redirect(&from, location).ok();
        assert_eq!(to.as_ref().map(url::Url::as_str), url, "{location}");
    }
    let attic = provider("attic");
    let from = attic.check_url("http://10.0.0.7:9000/f/a").unwrap();
    assert!(
        attic.check_redirect(&from, "http://10.0.0.8:9000/f/a").is_err(),
        "private is not everywhere"
    );
}

#[test]
fn signed_url_says_when_it_expires() {
    for (query, ends_at_ms) in [
        ("X-Amz-Date=20260102T030405Z&X-Amz-Expires=300", Some(1_767_323_345_000)),
        ("x-goog-date=20260102T030405Z&x-goog-expires=300", Some(1_767_323_345_000)),
        ("X-Amz-Date=20240229T000000Z&X-Amz-Expires=0", Some(1_709_164_800_000)),
        ("Expires=1767323345&Signature=x", Some(1_767_323_345_000)),
        ("X-Amz-Expires=300", None),
        ("X-Amz-Date=2026-01-02&X-Amz-Expires=300", None),
        ("X-Amz-Date=20261302T030405Z&X-Amz-Expires=300", None),
        ("X-Amz-Date=20260102T030405Z&X-Amz-Expires=99999999999999999999", None),
        ("Expires=18446744073709551615", None),
        ("Expires=soon", None),
        ("", None),
    ] {
        let url = url::Url::parse(&format!("https://dl.example/f?{query}")).unwrap();
        assert_eq!(expires_at_ms(&url), ends_at_ms, "{query}");
    }
}

#[test]
fn invalid_provider_record_is_named_in_the_error() {
    for (record, why) in [
        (r#"{"id": "A", "origins": [], "bases": ["https://a.example/"]}"#, "A: an id"),
        (r#"{"id": "a", "origins": ["https://a.example"]}"#, "either"),
        (
            r#"{"id": "a", "origins": ["https://a.example/"], "bases": ["https://a.example/"]}"#,
            "an origin is a scheme",
        ),
        (
            r#"{"id": "a", "origins": ["https://a.example"], "bases": ["https://a.example"]}"#,
            "ends with /",
        ),
        (
            r#"{"id": "a", "origins": ["https://a.example"], "bases": ["https://b.example/"]}"#,
            "`origins` do not list",
        ),
        (
            r#"{"id": "a", "origins": ["https://a.example"], "resolve": "https://a.example/"}"#,
            "{file}",
        ),
        (r#"{"id": "a", "origins": [], "bases": [], "secret": 1}"#, "secret"),
        ("7", "providers"),
    ] {
        let error = parse_providers(&format!("[{record}]")).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

/// A provider whose films keep these fields.
fn provider_with_fields(fields: &[&str]) -> Result<Provider, String> {
    let fields = serde_json::to_string(fields).unwrap();
    let record = r#""id": "a", "origins": ["https://a.example"], "bases": ["https://a.example/"]"#;
    Ok(parse_providers(&format!("[{{{record}, \"fields\": {fields}}}]"))?.remove(0))
}

#[test]
fn copied_fields_describe_the_film_and_not_one_response() {
    for odd in [
        "",
        "A",
        "a b",
        "a:",
        "ä",
        "set-cookie",
        "etag",
        "connection",
        "proxy-status",
        "content-length",
        "access-control-allow-origin",
        "firstframe-object",
        &"a".repeat(257),
    ] {
        assert!(provider_with_fields(&[odd]).unwrap_err().contains("`fields`"), "{odd}");
    }
    let nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    assert!(provider_with_fields(&nine).unwrap_err().contains("at most 8"));
    assert!(provider_with_fields(&["a", "a"]).unwrap_err().contains("each once"));
    assert!(provider_with_fields(&nine[1..]).is_ok());
    let provider =
        provider_with_fields(&["cache-tag", "content-language", "x-long", "x-odd", "absent"])
            .unwrap();
    let long = "x".repeat(257);
    let sent = [
        ("cache-tag", "a,b"),
        ("content-language", "de"),
        ("x-long", &*long),
        ("x-odd", "a\nb"),
        ("x-other", "1"),
    ];
    let head = ResponseHead::copy(206, &provider.fields, |name| {
        sent.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    });
    let copied = [("cache-tag", "a,b"), ("content-language", "de")];
    assert_eq!(
        provider.copied_fields(&head),
        copied.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}
