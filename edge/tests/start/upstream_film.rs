//! Upstream films: how many requests their providers get until a film starts.

use edge::{
    memory::{Memory, ScriptedResponse, respond, run},
    rules::blocks::{self, START_INDEX_BLOCK},
};
use futures::future::join_all;
use mp4::synth::MoovAt;

use crate::fixture::{LongFilm, get, ingest, providers, restart, text, upstream_requests, url};

#[test]
fn upstream_film_of_two_hours_takes_four_requests_to_ingest_and_none_to_start() {
    for (minutes, moov_at) in [(120, MoovAt::Tail), (120, MoovAt::Head), (24, MoovAt::Tail)] {
        for (provider, most) in [("one", 3), ("vault", 4)] {
            let memory = providers(&LongFilm::new(minutes, moov_at));
            let id = ingest(&memory, provider);
            assert!(
                upstream_requests(&memory) <= most,
                "{minutes}: {:?}",
                memory.outbound.requests
            );
            assert_eq!(memory.reports.borrow().len(), 0, "{:?}", memory.reports);
            let memory = restart(memory);
            memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
            for route in ["headers", "start"] {
                let answer = get(&memory, route, &id, "at=0");
                assert_eq!(answer.status, 200, "{}", text(&answer));
            }
            assert_eq!(upstream_requests(&memory), 0);
        }
    }
}

#[test]
fn upstream_film_of_ten_hours_takes_four_requests_with_moov_at_either_end() {
    for moov_at in [MoovAt::Tail, MoovAt::Head] {
        let memory = providers(&LongFilm::new(600, moov_at));
        let id = ingest(&memory, "one");
        assert!(upstream_requests(&memory) <= 4, "{:?}", memory.outbound.requests);
        let memory = restart(memory);
        let answer = get(&memory, "headers", &id, "at=30000");
        assert_eq!((answer.status, upstream_requests(&memory)), (200, 0), "{}", text(&answer));
    }
}

/// The root is not what its hash says.
fn break_root(memory: &Memory, id: &str) {
    let key = blocks::key(id, START_INDEX_BLOCK);
    let before = memory.key_value.values.borrow_mut().insert(key, b"broken".to_vec());
    assert!(before.is_some_and(|root| root.len() > 64), "it was there");
}

#[test]
fn missing_start_index_is_built_once_for_all_readers() {
    let memory = providers(&LongFilm::new(120, MoovAt::Tail));
    let id = ingest(&memory, "one");
    break_root(&memory, &id);
    let memory = restart(memory);
    let url = url(&memory, "headers", &id, "at=100");
    let many = (0..50).map(|_| respond(&memory, "GET", &url, &[], Some(b"")));
    for answer in run(&memory, join_all(many)).unwrap() {
        assert_eq!(answer.status, 200, "{}", text(&answer));
    }
    assert!(upstream_requests(&memory) <= 1, "{:?}", memory.outbound.requests);
}

#[test]
fn failing_provider_leaves_nothing_stored_and_gets_the_next_request() {
    let film = LongFilm::new(120, MoovAt::Tail);
    let memory = providers(&film);
    let id = ingest(&memory, "one");
    break_root(&memory, &id);
    let memory = restart(memory);
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    assert_eq!(get(&memory, "headers", &id, "at=0").status, 502);
    let outbound = providers(&film).outbound;
    let memory = Memory { outbound, ..restart(memory) };
    assert_eq!(get(&memory, "headers", &id, "at=0").status, 200);
}
