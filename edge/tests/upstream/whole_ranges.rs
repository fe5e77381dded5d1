//! A range that leaves the startup blocks has all its bytes: from blocks, and from the upstream behind
//! them, or it ends short of its length.

use std::{future::poll_fn, task::Poll};

use edge::{
    http::{Body, ByteRange, Connection, Headers, Method, PartStream, Request},
    memory::{Memory, MemoryStream, OutboundRequest, ScriptedResponse, StreamEnd, run},
    platform::{PortError, Upload},
    serve::{BodyWriter, ClientGone, serve, write_joined},
};

use crate::fixture::{
    ETAG, MOOV_START, SIZE, UpstreamFixture, canned, content, good, right, sent, text,
};

const HEAD_END: u64 = 2 * 1024 * 1024;

/// The responses of a server that breaks off each body after so many bytes.
fn breaks_after(count: usize) -> impl Fn(&OutboundRequest) -> ScriptedResponse {
    move |request| match good(request) {
        ScriptedResponse::Response(status, headers, mut stream) => {
            stream.bytes.truncate(count);
            stream.ending = StreamEnd::Reset;
            ScriptedResponse::Response(status, headers, stream)
        }
        other @ (ScriptedResponse::ConnectionRefused | ScriptedResponse::NoResponse) => other,
    }
}

#[test]
fn a_range_that_leaves_the_blocks_goes_on_with_one_upstream_request() {
    let fixture = UpstreamFixture::new("one");
    let last = SIZE - 1;
    for (range, start, end) in [
        ("bytes=0-".to_owned(), 0, SIZE),
        ("bytes=100-16000000".to_owned(), 100, 16_000_001),
        ("bytes=2097151-2097152".to_owned(), HEAD_END - 1, HEAD_END + 1),
        (format!("bytes=0-{last}"), 0, SIZE),
        (format!("bytes=-{SIZE}"), 0, SIZE),
        (format!("bytes=-{}", SIZE - 1), 1, SIZE),
        // What ends within the blocks of the tail comes from the upstream in one piece.
        ("bytes=3000000-".to_owned(), 3_000_000, SIZE),
        (format!("bytes={}-{}", HEAD_END, MOOV_START + 5), HEAD_END, MOOV_START + 6),
    ] {
        let before = fixture.requests();
        let answer = fixture.get(&[("range", &range)]);
        assert_eq!(right(&answer, start), end, "{range}");
        assert!(!answer.is_truncated, "{range}");
        assert_eq!(fixture.requests(), before + 1, "{range}");
    }
}

#[test]
fn whole_film_has_its_first_bytes_from_blocks() {
    let fixture = UpstreamFixture::new("one");
    let (before, etag) = (fixture.requests(), format!("\"{}\"", fixture.id));
    for headers in [&[][..], &[("range", "bytes=0-"), ("if-range", "\"other\"")]] {
        let answer = fixture.get(headers);
        assert_eq!((answer.status, answer.header("content-length")), (200, &*SIZE.to_string()));
        assert!(answer.body == content(ByteRange { start: 0, end: SIZE }));
    }
    assert_eq!(fixture.requests(), before + 2);
    let answer = fixture.get(&[("range", "bytes=0-"), ("if-range", &etag)]);
    assert_eq!(right(&answer, 0), SIZE);
}

#[test]
fn upstream_that_fails_behind_the_blocks_cuts_the_body() {
    for play in [
        (|_: &OutboundRequest| ScriptedResponse::ConnectionRefused)
            as fn(&OutboundRequest) -> ScriptedResponse,
        |_| ScriptedResponse::NoResponse,
        |_| canned(500, &[], Vec::new()),
        |_| canned(404, &[], Vec::new()),
        |request| sent(request.range.unwrap(), "\"v2\""),
        |request| sent(ByteRange { start: 5, ..request.range.unwrap() }, ETAG),
    ] {
        let fixture = UpstreamFixture::new("one");
        fixture.memory.outbound.serve_with(play);
        for range in ["bytes=100-", "bytes=100-4000000"] {
            let answer = fixture.get(&[("range", range)]);
            assert_eq!(right(&answer, 100), HEAD_END, "{range}");
            assert!(answer.is_truncated && answer.body.len() as u64 == HEAD_END - 100, "{range}");
        }
        let answer = fixture.get(&[]);
        assert_eq!((answer.status, answer.header("content-length")), (200, &*SIZE.to_string()));
        assert!(answer.is_truncated && answer.body.len() as u64 == HEAD_END);
        let reports = fixture.memory.reports.borrow();
        assert!(reports.iter().any(|report| report.contains("one: ")), "{reports:?}");
    }
}

#[test]
fn body_that_breaks_off_behind_the_blocks_goes_on_at_its_next_byte() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(breaks_after(5_000_000));
    let before = fixture.requests();
    let answer = fixture.get(&[("range", "bytes=0-")]);
    assert_eq!((right(&answer, 0), answer.is_truncated), (SIZE, false));
    let requests = fixture.memory.outbound.requests.borrow();
    let starts: Vec<_> = requests[before..].iter().map(|one| one.range.unwrap().start).collect();
    assert_eq!(starts, [HEAD_END, HEAD_END + 5_000_000, HEAD_END + 10_000_000]);
}

#[test]
fn upstream_that_always_breaks_off_is_given_up() {
    for count in [0, 1, 1000] {
        let fixture = UpstreamFixture::new("one");
        fixture.memory.outbound.serve_with(breaks_after(count));
        let (before, began_ms) = (fixture.requests(), fixture.memory.clock.0.get());
        let answer = fixture.get(&[("range", "bytes=0-")]);
        assert_eq!(right(&answer, 0), HEAD_END + 8 * count as u64);
        assert!(answer.is_truncated);
        assert_eq!(fixture.requests() - before, 8, "{count}");
        assert!(fixture.memory.clock.0.get() - began_ms >= 1_000, "no pause");
    }
}

#[test]
fn upstream_that_caps_its_ranges_is_read_to_the_end() {
    for cap in [64 * 1024, 1024 * 1024] {
        let fixture = UpstreamFixture::new("one");
        fixture.purge_blocks();
        fixture.memory.outbound.serve_with(move |request| {
            let range = request.range.unwrap();
            sent(ByteRange { end: range.end.min(range.start + cap), ..range }, ETAG)
        });
        for (range, start, end) in
            [("bytes=0-", 0, SIZE), ("bytes=3000000-9000000", 3_000_000, 9_000_001)]
        {
            let answer = fixture.get(&[("range", range)]);
            assert_eq!((right(&answer, start), answer.is_truncated), (end, false), "{range}");
        }
    }
}

#[test]
fn upstream_that_ignores_ranges_is_read_to_the_end() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|_| {
        let headers = [("content-length", &*SIZE.to_string()), ("etag", ETAG)];
        canned(200, &headers, content(ByteRange { start: 0, end: SIZE }))
    });
    for (range, start, end) in [
        ("bytes=0-", 0, SIZE),
        ("bytes=3000000-", 3_000_000, SIZE),
        ("bytes=3000000-14000000", 3_000_000, 14_000_001),
    ] {
        let answer = fixture.get(&[("range", range)]);
        assert_eq!((right(&answer, start), answer.is_truncated), (end, false), "{range}");
    }
}

#[test]
fn crumbs_of_a_range_are_not_accepted() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|request| {
        let range = request.range.unwrap();
        sent(ByteRange { end: range.start + 1000, ..range }, ETAG)
    });
    let before = fixture.requests();
    assert_eq!(fixture.range(3_000_000, 9_000_000).status, 502);
    assert!(fixture.requests() - before <= 8);
    fixture.memory.clock.0.set(fixture.memory.clock.0.get() + 60_000);
    assert_eq!(right(&fixture.range(3_000_000, 3_001_000), 3_000_000), 3_001_000);
}

struct NoBody;

impl Upload for NoBody {
    async fn read(self, _: usize) -> Result<Vec<u8>, PortError> {
        Ok(Vec::new())
    }
}

/// A client that takes its first bytes when the upstream was asked for those behind them.
struct WaitingClient<'a> {
    memory: &'a Memory,
    requests: usize,
    taken: u64,
}

impl BodyWriter<MemoryStream> for WaitingClient<'_> {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ClientGone> {
        poll_fn(|context| {
            if self.memory.outbound.requests.borrow().len() > self.requests {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.taken += bytes.len() as u64;
        Ok(())
    }

    async fn write_stream(&mut self, part: PartStream<MemoryStream>) -> Result<u64, ClientGone> {
        self.taken += part.length;
        Ok(part.length)
    }
}

#[test]
fn upstream_is_asked_while_the_blocks_are_sent() {
    let fixture = UpstreamFixture::new("one");
    let url = fixture.url();
    let (path, query) = url.split_once('?').unwrap();
    let request = Request {
        method: Method::Get,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Headers::of(&[("range", "bytes=0-")]),
        connection: Connection::default(),
        upload: NoBody,
    };
    let memory = &fixture.memory;
    let reply = run(memory, serve(memory, request)).unwrap();
    let Body::Joined(body) = reply.body else { panic!("{}", reply.status) };
    let mut client = WaitingClient { memory, requests: fixture.requests(), taken: 0 };
    // A client whose last reads come first would wait for ever.
    assert_eq!(run(memory, write_joined(memory, body, &mut client)), Some(true));
    assert_eq!(client.taken, SIZE);
}

#[test]
fn size_that_the_first_response_does_not_say_is_asked_for() {
    let memory = crate::fixture::deployment();
    memory.outbound.serve_with(|request| match (request.range, good(request)) {
        (Some(_), ScriptedResponse::Response(status, mut headers, stream)) => {
            for (_, value) in headers.iter_mut().filter(|(name, _)| *name == "content-range") {
                *value = value.replace(&format!("/{SIZE}"), "/*");
            }
            ScriptedResponse::Response(status, headers, stream)
        }
        _ => canned(200, &[("content-length", &SIZE.to_string()), ("etag", ETAG)], Vec::new()),
    });
    let answer = crate::fixture::ingest(&memory, "one");
    assert_eq!(answer.status, 201, "{}", text(&answer));
    let id = crate::deployment::source_id(&answer);
    let fixture = UpstreamFixture { memory, id };
    assert_eq!(right(&fixture.get(&[("range", "bytes=0-")]), 0), SIZE);
}

#[test]
fn server_that_never_says_the_size_is_asked_some_times() {
    let memory = crate::fixture::deployment();
    memory.outbound.serve_with(|_| canned(206, &[("content-range", "bytes 0-9/*")], vec![0; 10]));
    let answer = crate::fixture::ingest(&memory, "one");
    assert_eq!(answer.status, 502);
    assert!(text(&answer).contains("does not say the size of the file"), "{}", text(&answer));
    assert!(memory.outbound.requests.borrow().len() <= 10);
}
