//! Ranges and conditions of RFC 9110 on an upstream film.

use edge::{
    http::ByteRange,
    memory::{OutboundRequest, ScriptedResponse, send},
};

use crate::fixture::{
    ETAG, MOOV_START, SIZE, UpstreamFixture, canned, content, deployment, good, ingest, right, text,
};

#[test]
fn a_range_is_answered_from_blocks_or_from_the_upstream() {
    let fixture = UpstreamFixture::new("one");
    let requests = fixture.requests();
    for (start, end) in [(0, 1), (0, 1000), (524_287, 524_289), (1_000_000, 1_999_999)] {
        assert_eq!(right(&fixture.range(start, end), start), end);
    }
    for (start, end) in [(MOOV_START, SIZE), (SIZE - 1, SIZE), (SIZE - 10, SIZE)] {
        assert_eq!(right(&fixture.range(start, end), start), end);
    }
    assert_eq!(fixture.requests(), requests, "nothing of that is requests for");
    for (start, end) in [(5_000_000, 5_000_001), (5_000_000, 9_000_000), (3_000_000, SIZE)] {
        let answer = fixture.range(start, end);
        assert_eq!(right(&answer, start), end);
        assert!(answer.is_stream, "what passes through is the upstream's own stream");
    }
    assert_eq!(fixture.requests(), requests + 3, "each of these once");
}

#[test]
fn every_form_of_range_counts_as_14_1_2_says() {
    let fixture = UpstreamFixture::new("one");
    let last = SIZE - 1;
    for (range, start, end) in [
        ("bytes=-10".to_owned(), SIZE - 10, SIZE),
        (format!("bytes={last}-"), last, SIZE),
        (format!("bytes={last}-99999999999999999999999"), last, SIZE),
        ("bytes=5-9,99999999-".to_owned(), 5, 10),
        (format!("bytes=-{}", 1_000_000_000_000_u64), 0, SIZE),
    ] {
        assert_eq!(right(&fixture.get(&[("range", &range)]), start), end, "{range}");
    }
    for range in [format!("bytes={SIZE}-"), "bytes=-0".to_owned(), "bytes=99999999-".to_owned()] {
        let answer = fixture.get(&[("range", &range)]);
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes */{SIZE}"));
    }
}

#[test]
fn request_without_a_range_streams_the_whole_film() {
    let fixture = UpstreamFixture::new("one");
    for range in ["", "items=0-5", "bytes=9-5", "bytes=0-1,5-6"] {
        let answer = fixture.get(&[("range", range)]);
        assert_eq!((answer.status, answer.is_stream), (200, true), "{range}");
        assert_eq!(answer.header("content-length"), SIZE.to_string());
        assert!(answer.body == content(ByteRange { start: 0, end: SIZE }));
    }
}

#[test]
fn etag_is_the_source_id_and_conditions_are_evaluated_here() {
    let fixture = UpstreamFixture::new("one");
    let requests = fixture.requests();
    let etag = format!("\"{}\"", fixture.id);
    assert_ne!(etag, ETAG);
    let head = send(&fixture.memory, "HEAD", &fixture.url(), &[("range", "bytes=0-9")], Some(b""));
    assert_eq!((head.status, head.header("etag")), (200, etag.as_str()));
    assert_eq!(head.header("content-length"), SIZE.to_string());
    assert_eq!(fixture.get(&[("if-none-match", &etag)]).status, 304);
    assert_eq!(fixture.get(&[("if-match", "\"other\"")]).status, 412);
    assert_eq!(fixture.get(&[("range", "bytes=0-9"), ("if-range", &etag)]).status, 206);
    assert_eq!(fixture.requests(), requests, "the record knows all that");
    assert_eq!(fixture.get(&[("range", "bytes=0-9"), ("if-range", "\"other\"")]).status, 200);
}

#[test]
fn upstream_film_is_not_read_without_a_signature() {
    let fixture = UpstreamFixture::new("one");
    let path = format!("/api/v2/media/{}", fixture.id);
    for method in ["GET", "HEAD"] {
        assert_eq!(send(&fixture.memory, method, &path, &[], Some(b"")).status, 403);
    }
    let unknown = "up.00000000000000000000000000000000";
    let url = fixture.url().replace(&fixture.id, unknown);
    assert_eq!(send(&fixture.memory, "GET", &url, &[], Some(b"")).status, 403);
}

#[test]
fn source_id_depends_on_bytes_and_validators_and_not_on_names_or_urls() {
    let one = UpstreamFixture::new("one");
    let again = ingest(&one.memory, "one");
    assert!(text(&again).contains(&one.id));
    assert_ne!(UpstreamFixture::new("two").id, one.id, "another provider");
    let id = |play: fn(&OutboundRequest) -> ScriptedResponse| {
        let memory = deployment();
        memory.outbound.serve_with(play);
        let body = text(&ingest(&memory, "one"));
        serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"]["id"].clone()
    };
    assert_eq!(id(good), one.id.as_str());
    let other_etag = id(|request| crate::fixture::sent(request.range.unwrap(), "\"v2\""));
    assert_ne!(other_etag, one.id.as_str());
    // The same validators on other bytes, as servers have that make tags of time and size.
    let other_bytes = id(|request| match good(request) {
        ScriptedResponse::Response(status, headers, mut stream) => {
            stream.bytes.iter_mut().skip(40).for_each(|byte| *byte ^= 1);
            ScriptedResponse::Response(status, headers, stream)
        }
        other @ (ScriptedResponse::ConnectionRefused | ScriptedResponse::NoResponse) => other,
    });
    assert_ne!(other_bytes, one.id.as_str());
}

#[test]
fn small_film_is_stored_whole_and_starts_with_the_upstream_down() {
    let memory = deployment();
    memory.outbound.serve_with(|_| {
        let headers =
            [("content-range", "bytes 0-999/1000"), ("content-length", "1000"), ("etag", ETAG)];
        canned(206, &headers, content(ByteRange { start: 0, end: 1000 }))
    });
    let body = text(&ingest(&memory, "one"));
    let id = serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"]["id"].clone();
    let fixture = UpstreamFixture { memory, id: id.as_str().unwrap().to_owned() };
    fixture.memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    let answer = fixture.get(&[]);
    assert_eq!((answer.status, answer.body.len()), (200, 1000));
    let answer = fixture.get(&[("range", "bytes=990-")]);
    assert_eq!(answer.header("content-range"), "bytes 990-999/1000");
    assert_eq!(answer.body, content(ByteRange { start: 990, end: 1000 }));
}
