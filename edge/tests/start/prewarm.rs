//! `GET | POST /api/v2/admin/prewarm/{episodeId}`.

use edge::memory::{Memory, ScriptedResponse};
use mp4::synth::MoovAt;
use serde_json::Value;

use crate::fixture::{LongFilm, OWN, admin, get, own, publish, season, text, upstream_requests};

fn ready(memory: &Memory, method: &str, episode: &str) -> Value {
    let answer = admin(memory, method, &format!("/api/v2/admin/prewarm/{episode}"));
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let mut json: Value = serde_json::from_slice(&answer.body).unwrap();
    json["data"]["films"][0].take()
}

#[test]
fn prewarm_reports_missing_bytes_and_then_fetches_them() {
    let (memory, ids) = season(2);
    let before = ready(&memory, "GET", "film.1");
    assert_eq!(
        (before["id"].as_str(), before["starts"].as_str()),
        (Some(&*ids[0]), Some("missing"))
    );
    let missing = before["missingBytes"].as_u64().unwrap();
    assert!(missing > 2_000_000, "{missing}");
    assert_eq!(upstream_requests(&memory), 0, "telling costs nothing");
    let warmed = ready(&memory, "POST", "film.1");
    assert_eq!(warmed["starts"], "stored");
    let requests = usize::try_from(warmed["requests"].as_u64().unwrap()).unwrap();
    assert!(requests == upstream_requests(&memory) && (1..=3).contains(&requests), "{requests}");
    assert!(warmed["sizeBytes"].as_u64().unwrap() >= missing);
    let after = ready(&memory, "GET", "film.1");
    assert_eq!(
        (after["missingBytes"].as_u64(), after["starts"].as_str()),
        (Some(0), Some("stored"))
    );
    assert_eq!(ready(&memory, "POST", "film.1")["requests"], 0, "once is enough");
    assert_ne!(ready(&memory, "GET", "film.2")["missingBytes"], 0, "no other");
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    for route in ["headers", "start"] {
        assert_eq!(get(&memory, route, &ids[0], "at=0").status, 200);
    }
}

#[test]
fn prewarm_indexes_own_films_and_reports_why_one_has_no_start() {
    let memory = own(&LongFilm::new(1, MoovAt::Head));
    publish(&memory, &[OWN]);
    assert_eq!(ready(&memory, "GET", "film.1")["starts"], "missing");
    assert_eq!(ready(&memory, "POST", "film.1")["starts"], "stored");
    assert_eq!(ready(&memory, "GET", "film.1")["starts"], "stored");
    let odd = crate::fixture::own_bytes(&[0; 5000]);
    publish(&odd, &[OWN]);
    let why = &ready(&odd, "POST", "film.1")["starts"]["refused"];
    assert!(why.as_str().is_some_and(|why| why.contains("box")), "{why}");
}

#[test]
fn prewarm_needs_the_admin_key_and_an_episode_that_exists() {
    let memory = own(&LongFilm::new(1, MoovAt::Head));
    publish(&memory, &[OWN]);
    let path = "/api/v2/admin/prewarm/film.1";
    assert_eq!(edge::memory::send(&memory, "POST", path, &[], Some(b"")).status, 401);
    for episode in ["film.2", "none.1", "film"] {
        let path = format!("/api/v2/admin/prewarm/{episode}");
        assert_eq!(admin(&memory, "POST", &path).status, 404, "{episode}");
    }
}
