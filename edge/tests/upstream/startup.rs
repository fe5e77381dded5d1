//! Startup blocks: which are stored, how many upstream requests they cost, and what comes back after a loss.

use std::{cell::RefCell, rc::Rc};

use catalog::prepend_hash;
use edge::{
    memory::{Memory, ScriptedResponse, respond, run},
    platform::{Database, PortError, Value},
    rules::blocks::{BLOCK_BYTES, key},
};
use futures::future::join_all;

use crate::fixture::{
    MOOV_START, SIZE, UpstreamFixture, deployment, ingest, put_catalog, right, text, vault,
};

/// Everything that a player reads until its first picture.
pub(crate) fn start(fixture: &UpstreamFixture) {
    assert_eq!(right(&fixture.range(0, 262_144), 0), 262_144);
    assert_eq!(right(&fixture.range(SIZE - 524_288, SIZE), SIZE - 524_288), SIZE);
    assert_eq!(right(&fixture.range(MOOV_START, SIZE), MOOV_START), SIZE);
    assert_eq!(right(&fixture.range(262_144, 1_500_000), 262_144), 1_500_000);
}

/// The same stores, and an instance that remembers nothing.
pub(crate) fn fresh(memory: Memory) -> Memory {
    Memory { instance: Rc::default(), reports: edge::memory::MemoryReports::default(), ..memory }
}

fn restart(fixture: UpstreamFixture) -> UpstreamFixture {
    UpstreamFixture { memory: fresh(fixture.memory), id: fixture.id }
}

pub(crate) fn rows(memory: &Memory) -> i64 {
    let query = memory.database.query("SELECT COUNT(*) FROM blocks", &[]);
    match run(memory, query).unwrap().unwrap()[0][0] {
        Value::Integer(count) => count,
        Value::Null | Value::Text(_) => panic!("no number"),
    }
}

#[test]
fn film_is_ingested_with_four_requests_and_starts_without_its_upstream() {
    let fixture = UpstreamFixture::new("vault");
    assert_eq!(
        fixture.requests(),
        4,
        "a resolver, the first block, the tail, the rest of the head"
    );
    fixture.memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    start(&fixture);
    let fixture = restart(fixture);
    start(&fixture);
    assert_eq!(fixture.requests(), 4);
    // Beyond the blocks, there is nothing to be done.
    assert_eq!(fixture.range(5_000_000, 5_000_001).status, 502);
}

#[test]
fn purged_blocks_come_back_with_four_requests() {
    let fixture = restart(UpstreamFixture::new("vault"));
    fixture.purge_blocks();
    assert_eq!(rows(&fixture.memory), 0);
    start(&fixture);
    assert!(fixture.requests() <= 4, "{:?}", fixture.memory.outbound.requests);
    let requests = fixture.requests();
    start(&fixture);
    assert_eq!(fixture.requests(), requests);
    assert!(rows(&fixture.memory) > 0);
}

#[test]
fn readers_of_one_block_share_one_request() {
    let fixture = restart(UpstreamFixture::new("vault"));
    fixture.purge_blocks();
    let url = fixture.url();
    let readers = (0..50)
        .map(|_| respond(&fixture.memory, "GET", &url, &[("range", "bytes=0-99999")], Some(b"")));
    for answer in run(&fixture.memory, join_all(readers)).unwrap() {
        assert_eq!(right(&answer, 0), 100_000);
    }
    assert_eq!(fixture.requests(), 2, "one resolver, one block");
}

#[test]
fn expired_url_is_resolved_once_for_all_readers_and_reading_goes_on() {
    let fixture = UpstreamFixture::new("vault");
    let before = fixture.requests();
    // Every URL resolved so far is refused from now on.
    fixture.memory.outbound.serve_with(move |request| {
        let old = (0..before).any(|n| request.url.contains(&format!("?n={n}&")));
        if old { crate::fixture::canned(403, &[], Vec::new()) } else { vault(request) }
    });
    let url = fixture.url();
    let readers = (0..20).map(|_| {
        respond(&fixture.memory, "GET", &url, &[("range", "bytes=5000000-5000999")], Some(b""))
    });
    for answer in run(&fixture.memory, join_all(readers)).unwrap() {
        assert_eq!(right(&answer, 5_000_000), 5_001_000);
    }
    let requests = fixture.memory.outbound.requests.borrow();
    let resolved = requests.iter().skip(before).filter(|one| one.url.contains("api.example"));
    assert_eq!(resolved.count(), 1);
}

#[test]
fn a_url_is_resolved_again_before_it_expires() {
    let fixture = UpstreamFixture::new("vault");
    let before = fixture.requests();
    fixture.memory.clock.0.set(fixture.memory.clock.0.get() + 541_000);
    assert_eq!(right(&fixture.range(5_000_000, 5_000_001), 5_000_000), 5_000_001);
    assert_eq!(fixture.requests(), before + 2, "a resolver and a range, and no refusal");
}

#[test]
fn body_cut_by_an_expired_url_is_resumed_at_its_next_byte() {
    let fixture = restart(UpstreamFixture::new("vault"));
    fixture.purge_blocks();
    let spent = RefCell::new(std::collections::BTreeMap::<String, usize>::new());
    fixture.memory.outbound.serve_with(move |request| {
        let ScriptedResponse::Response(status, headers, mut stream) = vault(request) else {
            return ScriptedResponse::ConnectionRefused;
        };
        if request.range.is_none() {
            return ScriptedResponse::Response(status, headers, stream);
        }
        // 700,000 bytes a URL, then 403.
        let mut spent = spent.borrow_mut();
        let left = spent.entry(request.url.clone()).or_insert(700_000);
        if *left == 0 {
            return crate::fixture::canned(403, &[], Vec::new());
        }
        stream.bytes.truncate(*left);
        *left -= stream.bytes.len();
        ScriptedResponse::Response(status, headers, stream)
    });
    assert_eq!(right(&fixture.range(0, 1_500_000), 0), 1_500_000);
    let requests = fixture.memory.outbound.requests.borrow();
    let starts: Vec<_> = requests.iter().filter_map(|one| Some(one.range?.start)).collect();
    assert_eq!(starts, [0, 700_000, 700_000, 1_400_000, 1_400_000]);
}

#[test]
fn stored_blocks_are_bounded_and_the_least_recently_used_film_goes_first() {
    let memory = deployment();
    memory.settings.0.borrow_mut().insert("startup_bytes_max".to_owned(), "8000000".to_owned());
    memory.outbound.serve_with(vault);
    let used = |memory: &Memory| {
        let query = memory.database.query("SELECT SUM(bytes) FROM blocks", &[]);
        let row = run(memory, query).unwrap().unwrap();
        if let Value::Integer(sum) = row[0][0] { sum } else { 0 }
    };
    for provider in ["one", "two", "vault"] {
        assert_eq!(ingest(&memory, provider).status, 201);
        memory.clock.0.set(memory.clock.0.get() + 1000);
        assert!(used(&memory) <= 8_000_000, "{}", used(&memory));
    }
    let keys = memory.key_value.values.borrow();
    let blocks = keys.keys().filter(|key| key.starts_with("b/")).count();
    drop(keys);
    assert_eq!(i64::try_from(blocks).unwrap(), rows(&memory), "every block has its row");
    assert!(memory.key_value.values.borrow().values().all(|value| value.len() <= 900_000));
}

#[test]
fn a_title_is_purged_and_others_are_not() {
    let fixture = UpstreamFixture::new("one");
    let other = ingest(&fixture.memory, "two");
    assert_eq!(other.status, 201, "{}", text(&other));
    put_catalog(&fixture.memory, vec![fixture.title("film")]);

    // The stream's URL is signed, and tells nothing of where the film lies.
    let stream = text(&fixture.admin("GET", "/api/v2/stream/film.1"));
    assert!(stream.contains(&format!("/api/v2/media/{}/", fixture.id)), "{stream}");
    assert!(!stream.contains("a.example") && !stream.contains("films/"), "{stream}");

    let before = rows(&fixture.memory);
    let answer = fixture.admin("DELETE", "/api/v2/admin/startup/film");
    assert_eq!((answer.status, text(&answer).contains("\"films\":1")), (200, true));
    assert_eq!(rows(&fixture.memory) * 2, before, "the other film's are there");
    let values = fixture.memory.key_value.values.borrow();
    assert!(!values.contains_key(&key(&fixture.id, 0)));
    drop(values);
    fixture.memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    assert_eq!(fixture.range(0, 1).status, 502);
    assert_eq!(fixture.admin("DELETE", "/api/v2/admin/startup/none").status, 404);
}

#[test]
fn broken_block_is_never_served() {
    let fixture = UpstreamFixture::new("one");
    let (key, length) = (key(&fixture.id, 0), usize::try_from(BLOCK_BYTES).unwrap());
    let whole = fixture.memory.key_value.values.borrow()[&key].clone();
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    let wrong = [Vec::new(), whole[..1000].to_vec(), flipped, prepend_hash(&vec![0; length - 1])];
    let mut fixture = fixture;
    for (n, stored) in wrong.into_iter().enumerate() {
        fixture = restart(fixture);
        fixture.memory.outbound.requests.borrow_mut().clear();
        fixture.memory.key_value.values.borrow_mut().insert(key.clone(), stored);
        assert_eq!(right(&fixture.range(0, 1000), 0), 1000);
        assert_eq!(fixture.requests(), 1, "case {n} is fetched anew");
        assert_eq!(fixture.memory.key_value.values.borrow()[&key], whole, "and mended");
    }
}

#[test]
fn failing_stores_cost_upstream_requests_and_no_film() {
    let fixture = restart(UpstreamFixture::new("one"));
    fixture.range(0, 1);
    let down = Some(PortError::Unavailable("down".to_owned()));
    fixture.memory.database.failing.set_error(down.clone());
    start(&fixture);
    let fixture = restart(fixture);
    fixture.range(0, 1);
    fixture.memory.key_value.failing.set_error(down);
    start(&fixture);
    fixture.memory.key_value.failing.set_error(None);
    fixture.memory.database.failing.set_error(None);
    let requests = fixture.requests();
    start(&fixture);
    assert_eq!(fixture.requests(), requests);
    assert!(!fixture.memory.reports.borrow().is_empty(), "the operator hears of it");
}
