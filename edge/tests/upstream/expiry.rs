//! URLs that expire soon, have expired on arrival, or say so in odd ways: no resolver is asked in a loop.

use edge::memory::{OutboundRequest, ScriptedResponse};

use crate::fixture::{UpstreamFixture, canned, deployment, good, right, vault};

fn is_resolver(request: &OutboundRequest) -> bool {
    request.url.starts_with("https://api.example/")
}

/// A film whose resolver sends this body, made of the seconds now; and how many resolutions two hundred
/// reads within 24 seconds take.
fn resolutions(body: impl Fn(u64) -> String + 'static) -> (UpstreamFixture, usize) {
    let memory = deployment();
    let fixture = UpstreamFixture::of(memory, "vault");
    // What was resolved at the ingest has expired.
    fixture.memory.clock.0.set(fixture.memory.clock.0.get() + 3_600_000);
    fixture.memory.outbound.serve_with(move |request| {
        if is_resolver(request) {
            return canned(200, &[], body(request.now_ms / 1000).into_bytes());
        }
        good(request)
    });
    let before = fixture.requests();
    for _ in 0..200 {
        assert_eq!(right(&fixture.range(5_000_000, 5_001_000), 5_000_000), 5_001_000);
        fixture.memory.clock.0.set(fixture.memory.clock.0.get() + 120);
    }
    let requests = fixture.memory.outbound.requests.borrow();
    let count = requests.iter().skip(before).filter(|one| is_resolver(one)).count();
    drop(requests);
    (fixture, count)
}

fn reports(fixture: &UpstreamFixture, text: &str) -> usize {
    fixture.memory.reports.borrow().iter().filter(|report| report.contains(text)).count()
}

#[test]
fn url_of_a_short_life_is_used_for_half_of_it() {
    let (_, count) = resolutions(|now_s| {
        format!("{{\"urls\": [\"https://dl.example/f?Expires={}\"]}}", now_s + 60)
    });
    assert_eq!(count, 1);
    let (_, count) = resolutions(|now_s| {
        format!("{{\"urls\": [\"https://dl.example/f?Expires={}\"]}}", now_s + 20)
    });
    assert!((2..=3).contains(&count), "{count}");
}

#[test]
fn presigned_url_of_a_minute_is_no_loop() {
    let (_, count) = resolutions(|_| {
        // The signer's clock is an hour behind: the URL had expired before it came.
        let query = "X-Amz-Date=20231114T221320Z&X-Amz-Expires=60";
        format!("{{\"urls\": [\"https://dl.example/f?{query}\"]}}")
    });
    assert!(count <= 6, "{count}");
}

#[test]
fn seconds_in_the_place_of_milliseconds_are_recognized_and_reported_once() {
    let (fixture, count) = resolutions(|now_s| {
        format!("{{\"urls\": [\"https://dl.example/f\"], \"expiresAtMs\": {}}}", now_s + 600)
    });
    assert_eq!(count, 1);
    assert_eq!(reports(&fixture, "vault: its resolver: `expiresAtMs` has seconds"), 1);
}

#[test]
fn url_that_had_expired_when_it_came_is_used_and_reported_once() {
    let (fixture, count) = resolutions(|now_s| {
        format!("{{\"urls\": [\"https://dl.example/f?Expires={}\"]}}", now_s - 10)
    });
    assert!((1..=6).contains(&count), "{count}");
    assert_eq!(reports(&fixture, "had expired when it came"), 1);
}

#[test]
fn url_that_is_refused_at_once_is_resolved_with_pauses_and_a_limit() {
    let fixture = UpstreamFixture::new("vault");
    fixture.memory.outbound.serve_with(|request| {
        if is_resolver(request) { vault(request) } else { canned(403, &[], Vec::new()) }
    });
    let (before, began_ms) = (fixture.requests(), fixture.memory.clock.0.get());
    assert_eq!(fixture.range(5_000_000, 5_001_000).status, 502);
    assert!(fixture.requests() - before <= 6, "{}", fixture.requests() - before);
    assert!(fixture.memory.clock.0.get() - began_ms >= 500, "no pause");
    for _ in 0..100 {
        fixture.range(5_000_000, 5_001_000);
    }
    assert!(fixture.requests() - before <= 40, "{}", fixture.requests() - before);
}

#[test]
fn url_forms_of_resolvers_are_read() {
    for body in [
        "\"https://dl.example/f\"",
        "{\"url\": \"https://dl.example/f\"}",
        "[\"https://dl.example/f\"]",
        "[{\"url\": \"https://dl.example/f\", \"expiresAtMs\": 4102444800000}]",
        "https://dl.example/f\n",
        "\n https://dl.example/f \r\nhttps://dl.example/g\n",
        "{\"urls\": [\"//dl.example/f\"]}",
    ] {
        let (_, count) = resolutions(move |_| body.to_owned());
        assert_eq!(count, 1, "{body}");
    }
}

#[test]
fn relative_url_of_a_resolver_is_below_its_own() {
    let relative = |request: &OutboundRequest| {
        if is_resolver(request) && request.url.contains("/link") {
            return canned(200, &[], b"\"/files/f\"".to_vec());
        }
        if request.range.is_none() { ScriptedResponse::ConnectionRefused } else { good(request) }
    };
    let memory = deployment();
    memory.outbound.serve_with(relative);
    assert_eq!(crate::fixture::ingest(&memory, "vault").status, 201);
    let requests = memory.outbound.requests.borrow();
    assert_eq!(requests[1].url, "https://api.example/files/f");
}
