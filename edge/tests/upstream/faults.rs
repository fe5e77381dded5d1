//! An upstream fails: what clients and the operator get, and when the circuit breaker opens.

use edge::memory::{MemoryStream, OutboundRequest, ScriptedResponse};

use crate::fixture::{UpstreamFixture, canned, deployment, good, ingest, right, sent, text, vault};

type Server = fn(&OutboundRequest) -> ScriptedResponse;

/// A range in the middle of the film.
fn middle(fixture: &UpstreamFixture) -> edge::memory::MemoryResponse {
    fixture.range(5_000_000, 5_001_000)
}

#[test]
fn failed_request_goes_to_another_mirror() {
    for wrong in [
        ScriptedResponse::ConnectionRefused,
        ScriptedResponse::NoResponse,
        canned(500, &[], vec![]),
        canned(404, &[], vec![]),
    ] {
        let fixture = UpstreamFixture::new("two");
        fixture.memory.outbound.serve_with(move |request| {
            if request.url.starts_with("https://a.") { wrong.clone() } else { good(request) }
        });
        for _ in 0..10 {
            assert_eq!(right(&middle(&fixture), 5_000_000), 5_001_000);
        }
    }
}

#[test]
fn bytes_of_two_file_states_are_never_mixed() {
    let fixture = UpstreamFixture::new("two");
    // One mirror has another state of the file.
    fixture.memory.outbound.serve_with(|request| {
        if request.url.starts_with("https://a.") {
            sent(request.range.unwrap(), "\"v2\"")
        } else {
            good(request)
        }
    });
    assert_eq!(right(&middle(&fixture), 5_000_000), 5_001_000);
    // Both have.
    fixture.memory.outbound.serve_with(|request| sent(request.range.unwrap(), "\"v2\""));
    let answer = middle(&fixture);
    assert_eq!(answer.status, 410);
    assert!(text(&answer).contains("source_gone"));
    // Stored blocks are still those of the film as it was.
    assert_eq!(right(&fixture.range(0, 1000), 0), 1000);
}

#[test]
fn circuit_breaker_opens_on_failures_and_then_lets_one_request_through() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|_| canned(500, &[], vec![]));
    let before = fixture.requests();
    for _ in 0..100 {
        let answer = middle(&fixture);
        assert!(matches!(answer.status, 502 | 503), "{}", answer.status);
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    assert!(fixture.requests() - before <= 8, "{}", fixture.requests() - before);
    fixture.memory.outbound.serve_with(good);
    fixture.memory.clock.0.set(fixture.memory.clock.0.get() + 60_000);
    assert_eq!(right(&middle(&fixture), 5_000_000), 5_001_000);
}

#[test]
fn retry_after_is_respected() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|_| canned(429, &[("retry-after", "30")], vec![]));
    let before = fixture.requests();
    let answer = middle(&fixture);
    assert_eq!((answer.status, answer.header("retry-after")), (503, "30"));
    assert!(text(&answer).contains("upstream_unavailable"));
    assert_eq!(middle(&fixture).status, 503);
    assert_eq!(fixture.requests(), before + 1, "no request before that");
    // A short one is waited for.
    let fixture = UpstreamFixture::new("one");
    let first = fixture.requests();
    fixture.memory.outbound.serve_with(move |request| {
        if request.number == first {
            canned(503, &[("retry-after", "2")], vec![])
        } else {
            good(request)
        }
    });
    let before_ms = fixture.memory.clock.0.get();
    assert_eq!(right(&middle(&fixture), 5_000_000), 5_001_000);
    assert!(fixture.memory.clock.0.get() >= before_ms + 2_000);
}

#[test]
fn redirects_are_followed_three_times_and_only_to_listed_origins() {
    let to = |location: &str| canned(302, &[("location", location)], vec![]);
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(move |request| match request.url.as_str() {
        "https://a.example/films/film.mp4" => to("/1"),
        "https://a.example/1" => to("https://a.example/2"),
        "https://a.example/2" => to("3"),
        _ => good(request),
    });
    assert_eq!(right(&middle(&fixture), 5_000_000), 5_001_000);
    for location in [
        "/films/film.mp4",
        "http://a.example/x",
        "https://b.example/x",
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/x",
        "http://2130706433/x",
        "//localhost/x",
        "https://a.example@evil.example/x",
        "file:///etc/passwd",
        "",
    ] {
        let fixture = UpstreamFixture::new("one");
        let before = fixture.requests();
        let location = location.to_owned();
        fixture.memory.outbound.serve_with(move |_| to(&location));
        let answer = middle(&fixture);
        assert!(matches!(answer.status, 502 | 503), "{}", answer.status);
        let requests = fixture.memory.outbound.requests.borrow();
        let unlisted = |one: &&OutboundRequest| !one.url.starts_with("https://a.example/");
        assert_eq!(requests.iter().skip(before).find(unlisted), None);
    }
}

#[test]
fn responses_never_reveal_an_upstream_url() {
    for canned in [
        canned(500, &[], b"https://dl.example/secret".to_vec()),
        ScriptedResponse::ConnectionRefused,
    ] {
        let fixture = UpstreamFixture::new("vault");
        fixture.memory.outbound.serve_with(move |_| canned.clone());
        let answer = middle(&fixture);
        let said = format!("{:?} {}", answer.headers, text(&answer));
        assert!(!said.contains("example"), "{said}");
        let reports = fixture.memory.reports.borrow().join("\n");
        assert!(reports.contains("vault") && !reports.contains("Expires"), "{reports}");
    }
}

#[test]
fn unused_response_bodies_are_discarded() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|_| canned(500, &[], vec![0; 1000]));
    let before = fixture.requests();
    middle(&fixture);
    assert_eq!(fixture.memory.outbound.discarded.get(), fixture.requests() - before);
}

#[test]
fn responses_that_cannot_be_a_film_are_not_ingested() {
    let cases: [(&str, Server, u16); 8] = [
        ("nobody", good, 400),
        ("one", |_| canned(404, &[], vec![]), 410),
        ("one", |_| canned(206, &[("content-range", "bytes 0-9/*")], vec![0; 10]), 502),
        ("one", |_| canned(200, &[], vec![0; 10]), 502),
        ("one", |_| canned(200, &[("content-length", "0")], vec![]), 502),
        ("one", |_| ScriptedResponse::NoResponse, 502),
        ("vault", |_| canned(200, &[], b"{\"urls\": [\"http://10.0.0.1/\"]}".to_vec()), 502),
        ("vault", |_| canned(200, &[], vec![b' '; 100_000]), 502),
    ];
    for (n, (provider, play, status)) in cases.into_iter().enumerate() {
        let memory = deployment();
        memory.outbound.serve_with(play);
        let answer = ingest(&memory, provider);
        assert_eq!(answer.status, status, "case {n}: {}", text(&answer));
        assert!(memory.key_value.values.borrow().is_empty(), "case {n} leaves something");
    }
}

#[test]
fn buffered_reads_are_limited() {
    let fixture = UpstreamFixture::new("vault");
    fixture.purge_blocks();
    // Each read takes its time: 100 films at once would be 400 MB.
    fixture.memory.outbound.serve_with(|request| match vault(request) {
        ScriptedResponse::Response(status, headers, stream) if request.range.is_some() => {
            let headers = headers.into_iter().filter(|(name, _)| *name != "content-length");
            let stream = MemoryStream { byte_ms: 1, ..stream };
            ScriptedResponse::Response(status, headers.collect(), stream)
        }
        other @ (ScriptedResponse::ConnectionRefused
        | ScriptedResponse::NoResponse
        | ScriptedResponse::Response(..)) => other,
    });
    let url = fixture.url();
    let ranges: Vec<_> = (0..100).map(|n| format!("bytes={0}-{0}", 4_000_000 + n)).collect();
    let headers: Vec<_> = ranges.iter().map(|range| [("range", range.as_str())]).collect();
    let readers = headers
        .iter()
        .map(|headers| edge::memory::respond(&fixture.memory, "GET", &url, headers, Some(b"")));
    let answers = edge::memory::run(&fixture.memory, futures::future::join_all(readers)).unwrap();
    for (n, answer) in answers.iter().enumerate() {
        let start = 4_000_000 + n as u64;
        assert!(answer.status == 503 || right(answer, start) == start + 1);
    }
    assert!(answers.iter().filter(|answer| answer.status == 206).count() >= 8);
}
