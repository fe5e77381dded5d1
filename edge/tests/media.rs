//! `GET | HEAD /api/v2/media/{sourceId}`: status, headers and bytes.

use edge::memory::{Memory, MemoryResponse, send};

const PATH: &str = "/api/v2/media/00ff";
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A film of the bytes 0 to 99.
fn memory() -> Memory {
    let memory = Memory::default();
    memory.objects.put("media/00ff", &(0..100).collect::<Vec<u8>>(), 784_111_777_000);
    memory
}

fn get(memory: &Memory, headers: &[(&str, &str)]) -> MemoryResponse {
    send(memory, "GET", PATH, headers, Some(b""))
}

fn etag() -> String {
    get(&memory(), &[]).header("etag").to_owned()
}

#[test]
fn a_film_is_sent_whole_as_the_stores_own_stream() {
    let answer = get(&memory(), &[]);
    assert_eq!(answer.status, 200);
    assert!(answer.is_stream);
    assert_eq!(answer.body, (0..100).collect::<Vec<u8>>());
    for (name, value) in [
        ("content-length", "100"),
        ("content-type", "video/mp4"),
        ("accept-ranges", "bytes"),
        ("last-modified", DATE),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-range", ""),
        ("vary", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(answer.header("etag").starts_with('"'));
}

#[test]
fn media_type_is_that_of_the_name() {
    for (name, media_type) in [
        ("Night%20Train.mp4", "video/mp4"),
        ("Night%20Train.mkv", "video/x-matroska"),
        ("Night%20Train.webm", "video/webm"),
        ("Night%20Train.html", "video/mp4"),
    ] {
        let path = format!("{PATH}/{name}");
        let answer = send(&memory(), "GET", &path, &[("range", "bytes=0-1")], Some(b""));
        assert_eq!((answer.status, answer.header("content-type")), (206, media_type), "{name}");
    }
}

#[test]
fn each_header_is_sent_once() {
    for headers in [&[][..], &[("range", "bytes=0-1")], &[("range", "bytes=100-")]] {
        let answer = get(&memory(), headers);
        let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| &**name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{:?}", answer.headers);
    }
}

#[test]
fn a_range_is_sent_as_15_3_7_1_says() {
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-500", 0, 99),
        ("bytes=0-99999999999999999999999", 0, 99),
        ("bytes=99-100", 99, 99),
        ("bytes=5-6,100-", 5, 6),
    ] {
        let answer = get(&memory(), &[("range", range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/100"), "{range}");
        assert_eq!(answer.header("content-length"), (last - first + 1).to_string(), "{range}");
        assert_eq!(answer.body, (first..=last).collect::<Vec<u8>>(), "{range}");
        assert_eq!(answer.header("vary"), "", "{range}");
        assert!(answer.is_stream);
    }
}

#[test]
fn a_range_beyond_the_end_is_416_with_the_size() {
    for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=100-,200-"] {
        let answer = get(&memory(), &[("range", range)]);
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), "bytes */100", "{range}");
        let body = String::from_utf8(answer.body).unwrap();
        assert!(body.contains("range_not_satisfiable"), "{body}");
    }
}

#[test]
fn ranges_that_are_ignored_give_the_whole_film() {
    for range in ["bytes=0-1,5-6", "bytes=9-5", "bytes=9e-", "items=0-1", "bytes=", "x"] {
        let answer = get(&memory(), &[("range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, 100), "{range}");
        assert_eq!(answer.header("content-range"), "", "{range}");
    }
}

#[test]
fn every_range_of_an_empty_film_is_ignored() {
    let memory = Memory::default();
    memory.objects.put("media/00ff", b"", 0);
    for headers in [&[][..], &[("range", "bytes=0-")], &[("range", "bytes=-5")]] {
        let answer = get(&memory, headers);
        assert_eq!((answer.status, answer.header("content-length")), (200, "0"), "{headers:?}");
    }
}

#[test]
fn head_says_what_get_would_and_ignores_range_as_14_2_demands() {
    let whole = get(&memory(), &[]);
    for headers in [&[][..], &[("range", "bytes=0-9")], &[("range", "bytes=100-")]] {
        let answer = send(&memory(), "HEAD", PATH, headers, Some(b""));
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{headers:?}");
        for (name, value) in &whole.headers {
            assert_eq!(answer.header(name), value, "{name}");
        }
    }
}

#[test]
fn client_with_the_current_etag_gets_304_even_with_a_range_as_13_2_2_says() {
    let etag = etag();
    for method in ["GET", "HEAD"] {
        for headers in [
            &[("if-none-match", etag.as_str())][..],
            &[("if-none-match", "*")],
            &[("if-modified-since", DATE)],
            &[("if-none-match", etag.as_str()), ("range", "bytes=0-1")],
            &[("if-none-match", etag.as_str()), ("range", "bytes=100-")],
        ] {
            let answer = send(&memory(), method, PATH, headers, Some(b""));
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{method} {headers:?}");
            // §15.4.5: what a cache needs to freshen what it has, and no length of what is not sent.
            assert_eq!(answer.header("etag"), etag);
            assert!(!answer.header("cache-control").is_empty());
            assert_eq!(answer.header("content-length"), "");
            assert_eq!(answer.header("content-range"), "");
        }
    }
}

#[test]
fn if_match_of_another_state_is_412() {
    for method in ["GET", "HEAD"] {
        for headers in [
            &[("if-match", "\"other\"")][..],
            &[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT")],
            &[("if-match", "\"other\""), ("range", "bytes=0-1")],
            &[("if-match", "\"other\""), ("range", "bytes=100-")],
        ] {
            let answer = send(&memory(), method, PATH, headers, Some(b""));
            assert_eq!(answer.status, 412, "{method} {headers:?}");
        }
    }
}

#[test]
fn a_range_of_another_state_gives_the_whole_film_as_13_1_5_says() {
    let etag = etag();
    for (if_range, status) in
        [(etag.as_str(), 206), ("\"other\"", 200), (&format!("W/{etag}"), 200), (DATE, 206)]
    {
        let answer = get(&memory(), &[("range", "bytes=0-1"), ("if-range", if_range)]);
        assert_eq!(answer.status, status, "{if_range}");
        assert_eq!(answer.body.len(), if status == 206 { 2 } else { 100 }, "{if_range}");
    }
    // Even where that state had no such bytes.
    let answer = get(&memory(), &[("range", "bytes=100-"), ("if-range", "\"other\"")]);
    assert_eq!((answer.status, answer.body.len()), (200, 100));
}

#[test]
fn player_requests_cost_one_store_operation() {
    let etag = etag();
    for headers in [
        &[][..],
        &[("range", "bytes=10-19")],
        &[("range", "bytes=-10")],
        &[("range", "bytes=10-19"), ("if-range", etag.as_str())],
        &[("if-none-match", etag.as_str())],
    ] {
        let memory = memory();
        get(&memory, headers);
        assert_eq!(memory.objects.operations.get(), 1, "{headers:?}");
    }
}

#[test]
fn a_store_that_ignores_ranges_gives_the_whole_film() {
    let memory = memory();
    memory.objects.ignores_ranges.set(true);
    let answer = get(&memory, &[("range", "bytes=10-19")]);
    assert_eq!((answer.status, answer.body.len()), (200, 100));
    let answer = get(&memory, &[("range", "bytes=0-99")]);
    assert_eq!((answer.status, answer.body.len()), (206, 100));
}

#[test]
fn unknown_film_is_404_and_invalid_id_is_400() {
    for (path, status) in [
        ("/api/v2/media/00fe", 404),
        ("/api/v2/media/..", 400),
        ("/api/v2/media/a/b", 404),
        ("/api/v2/media/a%2fb", 400),
        ("/api/v2/media//00ff", 404),
        ("/api/v2/media/%2e%2e%2fadmin", 400),
        ("/api/v2/media/A", 400),
        ("/api/v2/media/%ff", 400),
        ("/api/v2/media/", 404),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = send(&memory(), method, path, &[], Some(b""));
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(answer.body.is_empty(), method == "HEAD");
            assert_ne!(answer.header("content-length"), "0", "{method} {path}");
        }
    }
    // The same path, spelled in another way (RFC 3986 §6.2.2.2).
    assert_eq!(send(&memory(), "GET", "/api/v2/media/%300ff", &[], Some(b"")).status, 200);
}

#[test]
fn any_name_behind_the_id_is_the_same_film() {
    let whole = get(&memory(), &[]);
    for name in ["", "Night%20Train.mp4", "a/b", "%ff", "..%2f..%2fkeys.toml", "movie.mp4?x=1"] {
        let answer = send(&memory(), "GET", &format!("{PATH}/{name}"), &[], Some(b""));
        assert_eq!((answer.status, &answer.headers), (200, &whole.headers), "{name}");
        assert_eq!(answer.body, whole.body, "{name}");
    }
    for route in ["headers", "start"] {
        let status = |target: &str| send(&memory(), "GET", target, &[], Some(b"")).status;
        let plain = status(&format!("/api/v2/{route}/00ff?at=0"));
        let named = status(&format!("/api/v2/{route}/00ff/Night%20Train.mp4?at=0"));
        assert!(plain == named && named != 400, "{route}: {plain}, {named}");
    }
}

#[test]
fn download_is_asked_for_by_the_query_and_named_by_the_url() {
    let named = "attachment; filename=\"Night Train.mp4\"; filename*=UTF-8''Night%20Train.mp4";
    let unnamed = "attachment; filename=\"00ff.mp4\"; filename*=UTF-8''00ff.mp4";
    for (target, disposition) in [
        ("/Night%20Train.mp4?download", named),
        ("/Night%20Train.mp4?x=1&download=1", named),
        ("/Night%20Train.mp4?downloads=1", ""),
        ("/Night%20Train.mp4", ""),
        ("?download", unnamed),
        ("/%0d%0ax:y?download", "attachment; filename=\"x y.mp4\"; filename*=UTF-8''x%20y.mp4"),
    ] {
        for (method, headers, status) in
            [("GET", &[][..], 200), ("HEAD", &[], 200), ("GET", &[("range", "bytes=0-9")], 206)]
        {
            let answer = send(&memory(), method, &format!("{PATH}{target}"), headers, Some(b""));
            assert_eq!(answer.status, status, "{method} {target}");
            assert_eq!(answer.header("content-disposition"), disposition, "{method} {target}");
        }
    }
}
