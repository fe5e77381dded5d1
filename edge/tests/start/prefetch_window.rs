//! `POST /api/v2/stream/window`: the next films are prefetched, and films that left the window are evicted.

use edge::{
    memory::{Memory, MemoryResponse, ScriptedResponse, send},
    platform::PortError,
    rules::blocks,
};

use crate::fixture::{get, restart, season, text, upstream_requests};

fn prefetch_window(memory: &Memory, token: &str, current: &str, next: &[&str]) -> MemoryResponse {
    let body = serde_json::json!({"currentEpisodeId": current, "nextEpisodeIds": next});
    let headers = [("x-client-token", token)];
    let headers = if token.is_empty() { &[][..] } else { &headers };
    let body = body.to_string();
    let answer = send(memory, "POST", "/api/v2/stream/window", headers, Some(body.as_bytes()));
    assert_eq!(answer.status, 202, "{}", text(&answer));
    answer
}

fn viewer(memory: &Memory) -> String {
    let answer = send(memory, "POST", "/api/v2/session/anonymous", &[], Some(b""));
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    json["data"]["clientToken"].as_str().unwrap().to_owned()
}

fn is_stored(memory: &Memory, id: &str) -> bool {
    memory.key_value.values.borrow().contains_key(&blocks::key(id, 0))
}

fn pass(memory: &Memory, ms: u64) {
    memory.clock.0.set(memory.clock.0.get() + ms);
}

#[test]
fn two_of_the_next_episodes_are_prefetched_and_start_without_their_provider() {
    let (memory, ids) = season(4);
    let answer = prefetch_window(&memory, "", "film.1", &["film.2", "film.3", "film.4"]);
    assert!(text(&answer).contains(r#"["film.2","film.3"]"#), "{}", text(&answer));
    let stored: Vec<_> = ids.iter().map(|id| is_stored(&memory, id)).collect();
    assert_eq!(stored, [false, true, true, false]);
    let memory = restart(memory);
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    for id in &ids[1..3] {
        for route in ["headers", "start"] {
            assert_eq!(get(&memory, route, id, "at=0").status, 200);
        }
    }
    assert_eq!(upstream_requests(&memory), 0);
}

#[test]
fn same_prefetch_window_is_evaluated_once_in_half_a_minute() {
    let (memory, _) = season(2);
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    prefetch_window(&memory, "", "film.1", &["film.2"]);
    let tries = upstream_requests(&memory);
    assert!(tries > 0 && !memory.reports.borrow().is_empty(), "the operator hears of it");
    prefetch_window(&memory, "", "film.1", &["film.2"]);
    assert_eq!(upstream_requests(&memory), tries);
    pass(&memory, 90_000);
    prefetch_window(&memory, "", "film.1", &["film.2"]);
    assert!(upstream_requests(&memory) > tries);
}

#[test]
fn prefetched_episode_that_nobody_watched_is_deleted() {
    let (memory, ids) = season(4);
    let viewer = viewer(&memory);
    prefetch_window(&memory, &viewer, "film.1", &["film.2", "film.3"]);
    pass(&memory, 60_000);
    // The second is watched; the third is left out.
    assert_eq!(get(&memory, "start", &ids[1], "at=0").status, 200);
    prefetch_window(&memory, &viewer, "film.4", &["film.1"]);
    let stored: Vec<_> = ids.iter().map(|id| is_stored(&memory, id)).collect();
    assert_eq!(stored, [true, true, false, false]);
}

#[test]
fn prefetched_episode_of_another_viewer_stays() {
    let (memory, ids) = season(3);
    let (one, other) = (viewer(&memory), viewer(&memory));
    prefetch_window(&memory, &one, "film.1", &["film.2"]);
    prefetch_window(&memory, &other, "film.1", &["film.2"]);
    prefetch_window(&memory, &one, "film.3", &[]);
    assert!(is_stored(&memory, &ids[1]));
    prefetch_window(&memory, &other, "film.2", &["film.3"]);
    assert!(is_stored(&memory, &ids[1]), "it is watched now");
    prefetch_window(&memory, &other, "film.1", &["film.3"]);
    assert!(!is_stored(&memory, &ids[1]));
}

#[test]
fn invalid_prefetch_window_is_refused_and_unknown_episodes_are_left_out() {
    let (memory, _) = season(1);
    for body in ["", "{}", "[]", r#"{"currentEpisodeId": 1, "nextEpisodeIds": []}"#] {
        let answer = send(&memory, "POST", "/api/v2/stream/window", &[], Some(body.as_bytes()));
        assert_eq!(answer.status, 400, "{body}");
    }
    let long = format!(r#"{{"currentEpisodeId": "{}", "nextEpisodeIds": []}}"#, "a".repeat(9000));
    let answer = send(&memory, "POST", "/api/v2/stream/window", &[], Some(long.as_bytes()));
    assert_eq!(answer.status, 413);
    let answer = prefetch_window(&memory, "", "none.1", &["film.9", "..", "film.1"]);
    assert!(text(&answer).contains("\"nextEpisodeIds\":[]"), "{}", text(&answer));
    assert_eq!(send(&memory, "GET", "/api/v2/stream/window", &[], Some(b"")).status, 405);
    memory.database.failing.set_error(Some(PortError::Unavailable("down".to_owned())));
    prefetch_window(&memory, "", "none.1", &["film.1"]);
}
