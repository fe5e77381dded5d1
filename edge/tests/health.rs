//! Liveness and readiness: which stores fail, and since when.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::rc::Rc;

use edge::{
    memory::{Memory, MemoryResponse, send},
    platform::PortError,
};
use serde_json::{Value, json};

fn get(memory: &Memory, path: &str) -> (u16, Value) {
    let MemoryResponse { status, body, .. } = send(memory, "GET", path, &[], Some(b""));
    (status, serde_json::from_slice(&body).unwrap())
}

/// The stores that fail, and since when.
fn failing(memory: &Memory) -> (u16, Vec<(String, u64)>) {
    let (status, body) = get(memory, "/health/ready");
    let stores = body.pointer("/data/stores").unwrap().as_array().unwrap().iter();
    let failing = stores.filter_map(|store| {
        let since = store.get("sinceMs").map(|since| since.as_u64().unwrap());
        assert_eq!(since.is_some(), store.get("problem").is_some(), "{store}");
        Some((store.get("store").unwrap().as_str().unwrap().to_owned(), since?))
    });
    (status, failing.collect())
}

fn down() -> PortError {
    PortError::Unavailable("kv.internal:7 does not respond".to_owned())
}

#[test]
fn readiness_names_each_store_that_fails_and_since_when() {
    let memory = Memory::default();
    memory.clock.0.set(1_000);
    assert_eq!(failing(&memory), (200, vec![]));
    memory.database.failing.set_error(Some(down()));
    assert_eq!(failing(&memory), (503, vec![("database".to_owned(), 1_000)]));
    memory.clock.0.set(5_000);
    memory.objects.failing.set_error(Some(down()));
    // Another instance knows it too.
    let memory = Memory { instance: Rc::default(), ..memory };
    let both = vec![("objects".to_owned(), 5_000), ("database".to_owned(), 1_000)];
    assert_eq!(failing(&memory), (503, both));
    memory.database.failing.set_error(None);
    memory.objects.failing.set_error(None);
    assert_eq!(failing(&memory), (200, vec![]));
    memory.clock.0.set(9_000);
    memory.database.failing.set_error(Some(down()));
    assert_eq!(failing(&memory), (503, vec![("database".to_owned(), 9_000)]));
}

#[test]
fn store_that_says_nothing_is_not_ready_after_three_seconds() {
    let memory = Memory::default();
    memory.clock.0.set(1_000);
    memory.key_value.failing.set_silent(true);
    let (status, stores) = failing(&memory);
    assert_eq!((status, stores.len()), (503, 1));
    assert!(memory.clock.0.get() < 5_000);
}

#[test]
fn readiness_tells_clients_nothing_that_is_for_the_operator() {
    let memory = Memory::default();
    memory.key_value.failing.set_error(Some(down()));
    let answer = send(&memory, "GET", "/health/ready", &[], Some(b""));
    assert!(!String::from_utf8(answer.body).unwrap().contains("kv.internal"));
    assert!(memory.reports.borrow().iter().any(|report| report.contains("kv.internal")));
}

#[test]
fn liveness_touches_no_store_and_health_is_not_fine_without_one() {
    let memory = Memory::default();
    let (status, fine) = get(&memory, "/health");
    assert_eq!(status, 200);
    assert_eq!(get(&memory, "/health/live"), (200, fine.clone()));
    for failing in [&memory.key_value.failing, &memory.objects.failing, &memory.database.failing] {
        failing.set_error(Some(down()));
        let reads = memory.key_value.reads.get();
        assert_eq!(get(&memory, "/health/live"), (200, fine.clone()));
        assert_eq!(memory.key_value.reads.get(), reads);
        let (status, body) = get(&memory, "/health");
        assert_eq!(status, 503);
        assert_eq!(body.pointer("/error/code"), Some(&json!("storage_unavailable")));
        failing.set_error(None);
    }
}
