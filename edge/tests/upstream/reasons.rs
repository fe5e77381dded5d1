//! Why an ingest failed is told to the deployer; and a fault of one file stops no other.

use edge::memory::{Memory, OutboundRequest, ScriptedResponse};

use crate::{
    deployment,
    fixture::{UpstreamFixture, canned, deployment as deployed, good, ingest, right, text},
};

type Server = fn(&OutboundRequest) -> ScriptedResponse;

fn redirect(_: &OutboundRequest) -> ScriptedResponse {
    canned(302, &[("location", "https://evil.example/k?key=1")], vec![])
}

/// A provider, the faults of its servers, and what the deployer is to be sent of it.
const CASES: [(&str, Server, &str); 12] = [
    ("one", |_| canned(404, &[], vec![]), "https://a.example: it has no such file"),
    ("one", |_| canned(403, &[], vec![]), "https://a.example: refuses newly resolved URLs"),
    ("one", |_| canned(500, &[], vec![]), "one: https://a.example: status 500"),
    ("one", |_| canned(418, &[], vec![]), "one: https://a.example: status 418"),
    ("one", |_| ScriptedResponse::ConnectionRefused, "https://a.example: no connection"),
    ("one", |_| ScriptedResponse::NoResponse, "https://a.example: no response in time"),
    ("one", redirect, "a redirect to https://evil.example: a URL has an origin that"),
    (
        "one",
        |_| canned(206, &[("content-range", "bytes 0-9/10"), ("content-encoding", "gzip")], vec![]),
        "a range with a Content-Encoding",
    ),
    ("vault", |_| canned(401, &[], vec![]), "its resolver: https://api.example: status 401"),
    ("vault", |_| canned(200, &[], b"<html>".to_vec()), "neither JSON nor lines with a URL"),
    ("vault", |_| canned(200, &[], b"{}".to_vec()), "has no `urls`, no `url`"),
    (
        "vault",
        |_| canned(200, &[], b"[\"https://evil.example/f?key=1\"]".to_vec()),
        "https://evil.example: a URL has an origin that the provider's `origins` do not list",
    ),
];

#[test]
fn deployer_gets_the_reason_of_a_failed_ingest() {
    for (provider, play, reason) in CASES {
        let memory = deployed();
        memory.outbound.serve_with(play);
        for path in ["sources", "pictures"] {
            let body = format!("{{\"provider\": \"{provider}\", \"file\": \"film.mp4\"}}");
            let answer = admin_post(&memory, path, &body);
            assert!(answer.status >= 400);
            assert!(text(&answer).contains(reason), "{}", text(&answer));
            assert!(!text(&answer).contains("key=1"), "{}", text(&answer));
            memory.clock.0.set(memory.clock.0.get() + 120_000);
        }
    }
}

fn admin_post(memory: &Memory, path: &str, body: &str) -> edge::memory::MemoryResponse {
    let path = format!("/api/v2/admin/{path}");
    edge::memory::send(memory, "POST", &path, &[deployment::ADMIN], Some(body.as_bytes()))
}

#[test]
fn deployer_gets_the_reason_of_an_invalid_setting() {
    let memory = deployed();
    memory.settings.0.borrow_mut().insert("providers".to_owned(), "[{\"id\": 1}]".to_owned());
    let answer = ingest(&memory, "one");
    assert!(text(&answer).contains("the setting providers: "), "{}", text(&answer));
}

/// Responses that say nothing of their origin.
fn faults_of_a_file() -> [ScriptedResponse; 8] {
    [
        canned(302, &[("location", "http://127.0.0.1/f")], vec![]),
        canned(302, &[("location", "/films/bad.mp4")], vec![]),
        canned(206, &[("content-range", "bytes 0-9/100")], vec![0; 10]),
        canned(200, &[("content-encoding", "gzip")], vec![0; 10]),
        canned(400, &[], vec![]),
        canned(403, &[], vec![]),
        canned(451, &[], vec![]),
        canned(304, &[], vec![]),
    ]
}

#[test]
fn fault_of_one_file_leaves_its_neighbours_alone() {
    for bad in faults_of_a_file() {
        let fixture = UpstreamFixture::new("one");
        fixture.memory.outbound.serve_with(move |request| {
            if request.url.ends_with("/bad.mp4") { bad.clone() } else { good(request) }
        });
        let before = fixture.requests();
        for _ in 0..40 {
            let answer = deployment::ingest(&fixture.memory, "one", "bad.mp4");
            assert!(matches!(answer.status, 502 | 503), "{}", answer.status);
            assert_eq!(right(&fixture.range(5_000_000, 5_001_000), 5_000_000), 5_001_000);
        }
        let bad = fixture.requests() - before - 40;
        assert!(bad <= 40, "the bad file itself was requested {bad} times");
    }
}

#[test]
fn file_whose_redirect_leads_to_a_dead_server_leaves_its_neighbours_alone() {
    let fixture = UpstreamFixture::new("two");
    fixture.memory.outbound.serve_with(|request| match request.url.as_str() {
        "https://b.example/dead.mp4" => ScriptedResponse::ConnectionRefused,
        url if url.ends_with("/bad.mp4") => {
            canned(302, &[("location", "https://b.example/dead.mp4")], vec![])
        }
        url if url.starts_with("https://b.example/") => canned(404, &[], vec![]),
        _ => good(request),
    });
    for _ in 0..20 {
        let answer = deployment::ingest(&fixture.memory, "two", "bad.mp4");
        assert!(matches!(answer.status, 502 | 503), "{}", answer.status);
        assert_eq!(right(&fixture.range(5_000_000, 5_001_000), 5_000_000), 5_001_000);
    }
}

#[test]
fn fault_of_an_origin_counts_for_all_of_its_files() {
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(|_| canned(500, &[], vec![]));
    let before = fixture.requests();
    for n in 0..20 {
        deployment::ingest(&fixture.memory, "one", &format!("{n}.mp4"));
    }
    assert!(fixture.requests() - before <= 8, "{}", fixture.requests() - before);
}
