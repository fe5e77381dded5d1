//! Viewers without names: sessions, history, what to go on with, the watchlist.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use catalog::{Episode, Title, build};
use edge::{
    memory::{Memory, MemoryResponse, send},
    platform::PortError,
    rules::progress::{WatchState, classify},
};
use serde_json::{Value, json};

const HISTORY: &str = "/api/v2/history";
const CONTINUE: &str = "/api/v2/continue-watching";
const WATCHLIST: &str = "/api/v2/watchlist";
const SESSION: &str = "/api/v2/session/anonymous";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A film and a series of three, each episode 100 seconds long.
fn memory() -> Memory {
    let title = |id: &str, count: u32| {
        let episodes = (1..=count).map(|number| Episode {
            number,
            title: format!("Episode {number}"),
            duration_ms: Some(100_000),
            ..Episode::default()
        });
        let cover = Some("c0".into());
        Title {
            id: id.into(),
            title: id.into(),
            cover,
            episodes: episodes.collect(),
            ..Title::default()
        }
    };
    let built = build(vec![title("film", 1), title("series", 3)]).unwrap();
    let memory = Memory::default();
    for pack in built.packs.iter().chain([&built.manifest]) {
        let key = edge::catalog_cache::pack_key(&pack.hash);
        memory.key_value.values.borrow_mut().insert(key, pack.bytes.clone());
    }
    let root = api::CatalogRoot { manifest: built.manifest.hash, flipped_at_ms: 0 };
    let root = serde_json::to_vec(&root).unwrap();
    memory.key_value.values.borrow_mut().insert(edge::catalog_cache::ROOT_KEY.into(), root);
    memory.clock.0.set(10 * DAY_MS);
    memory
}

fn send_as(memory: &Memory, token: &str, method: &str, path: &str, body: &Value) -> MemoryResponse {
    let headers = [("x-client-token", token)];
    send(memory, method, path, &headers, Some(body.to_string().as_bytes()))
}

fn data(answer: &MemoryResponse) -> Value {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body.get("error"), Some(&Value::Null), "{body}");
    body.get("data").unwrap().clone()
}

fn session(memory: &Memory) -> String {
    let answer = send(memory, "POST", SESSION, &[], Some(b""));
    assert_eq!(answer.status, 200);
    let token = data(&answer).get("clientToken").unwrap().as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-client-token"), token);
    token
}

/// Writes a position, and moves the clock on by a second.
fn watch(memory: &Memory, token: &str, episode_id: &str, position_seconds: f64) {
    let catalog_id = episode_id.split('.').next();
    let body = json!({
        "catalogId": catalog_id, "episodeId": episode_id, "positionSeconds": position_seconds,
    });
    let answer = send_as(memory, token, "POST", HISTORY, &body);
    assert_eq!(answer.status, 200, "{:?}", String::from_utf8(answer.body));
    memory.clock.0.set(memory.clock.0.get() + 1_000);
}

/// Episode, position and whether it was played, of each item.
fn items(memory: &Memory, token: &str, path: &str) -> Vec<(String, f64, bool)> {
    let data = data(&send_as(memory, token, "GET", path, &Value::Null));
    let items = data.get("items").unwrap().as_array().unwrap();
    let item = |item: &Value| {
        (
            item.get("episodeId").unwrap().as_str().unwrap().to_owned(),
            item.get("positionSeconds").unwrap().as_f64().unwrap(),
            item.get("played").unwrap().as_bool().unwrap(),
        )
    };
    items.iter().map(item).collect()
}

#[test]
fn a_token_is_24_bytes_in_hexadecimal_and_only_its_hash_is_stored() {
    let memory = memory();
    let token = session(&memory);
    assert_eq!(token.len(), 48);
    assert!(token.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_ne!(token, session(&memory));
    let sql = "SELECT token_hash FROM clients ORDER BY id";
    let rows = edge::memory::run_until_stalled(edge::platform::Database::query(
        &memory.database,
        sql,
        &[],
    ));
    let rows = format!("{rows:?}");
    assert!(rows.contains(&catalog::hash(token.as_bytes())) && !rows.contains(&token), "{rows}");
}

#[test]
fn known_token_stays_valid_in_a_new_session() {
    let memory = memory();
    let token = session(&memory);
    let again = send_as(&memory, &token, "POST", SESSION, &Value::Null);
    let id = data(&again).get("clientId").unwrap().as_str().unwrap().to_owned();
    assert_eq!(data(&again), json!({ "clientToken": token, "clientId": id }));
    let unknown = send_as(&memory, &"0".repeat(48), "POST", SESSION, &Value::Null);
    let unknown = data(&unknown);
    let other_id = unknown.get("clientId").unwrap().as_str().unwrap();
    for id in [&*id, other_id] {
        let digits = id.strip_prefix("anon_").unwrap();
        assert!(digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        // Neither a count of viewers nor a part of what the database has.
        assert!(!catalog::hash(token.as_bytes()).contains(digits), "{id}");
    }
    assert_ne!(id, other_id);
    assert_ne!(unknown.get("clientToken"), Some(&json!("0".repeat(48))), "tokens are ours to make");
}

#[test]
fn viewer_routes_need_a_known_token() {
    let memory = memory();
    for (method, path) in [
        ("GET", HISTORY),
        ("POST", HISTORY),
        ("DELETE", "/api/v2/history/film"),
        ("GET", CONTINUE),
        ("GET", WATCHLIST),
        ("POST", WATCHLIST),
        ("DELETE", "/api/v2/watchlist/film"),
    ] {
        for headers in [&[][..], &[("x-client-token", "x")]] {
            let answer = send(&memory, method, path, headers, Some(b"{}"));
            assert_eq!(answer.status, 401, "{method} {path}");
            let body = String::from_utf8(answer.body).unwrap();
            assert!(body.contains("client_token_required"), "{body}");
        }
    }
}

#[test]
fn history_has_one_item_a_title_newest_first_and_each_viewers_own() {
    let memory = memory();
    let (one, other) = (session(&memory), session(&memory));
    watch(&memory, &one, "series.1", 50.0);
    watch(&memory, &one, "film.1", 42.5);
    watch(&memory, &one, "series.2", 20.0);
    watch(&memory, &other, "film.1", 60.0);
    let expected = [("series.2".to_owned(), 20.0, false), ("film.1".to_owned(), 42.5, false)];
    assert_eq!(items(&memory, &one, HISTORY), expected);
    assert_eq!(items(&memory, &other, HISTORY), [("film.1".to_owned(), 60.0, false)]);

    let deleted = send_as(&memory, &one, "DELETE", "/api/v2/history/series", &Value::Null);
    assert_eq!(data(&deleted), json!({ "deleted": true }));
    assert_eq!(items(&memory, &one, HISTORY), [("film.1".to_owned(), 42.5, false)]);
    assert_eq!(items(&memory, &other, HISTORY).len(), 1);
}

#[test]
fn finished_episode_is_followed_by_the_next_and_finished_title_leaves_the_row() {
    let memory = memory();
    let token = session(&memory);
    watch(&memory, &token, "series.1", 95.0);
    watch(&memory, &token, "film.1", 3.0);
    let expected = [("film.1".to_owned(), 0.0, false), ("series.2".to_owned(), 0.0, false)];
    assert_eq!(items(&memory, &token, CONTINUE), expected);
    assert_eq!(items(&memory, &token, HISTORY)[1], ("series.1".to_owned(), 0.0, true));

    watch(&memory, &token, "film.1", 99.0);
    watch(&memory, &token, "series.3", 100.0);
    assert_eq!(items(&memory, &token, CONTINUE), []);
    assert_eq!(items(&memory, &token, HISTORY).len(), 2);
}

#[test]
fn positions_outside_an_episode_are_refused() {
    let memory = memory();
    let token = session(&memory);
    let body = |catalog: &str, episode: &str, position: Value| json!({ "catalogId": catalog, "episodeId": episode, "positionSeconds": position });
    for (body, status) in [
        (body("film", "film.1", json!(-1)), 400),
        (body("film", "film.1", json!("1")), 400),
        (body("film", "film.1", Value::Null), 400),
        (body("film", "film.1", json!(1e300)), 400),
        (body("series", "film.1", json!(1)), 400),
        (body("film", "film.2", json!(1)), 404),
        (body("film", "film", json!(1)), 404),
        (body("other", "other.1", json!(1)), 404),
        (json!({}), 400),
        (json!("x".repeat(2_000)), 413),
    ] {
        let answer = send_as(&memory, &token, "POST", HISTORY, &body);
        assert_eq!(answer.status, status, "{body}");
    }
    assert_eq!(items(&memory, &token, HISTORY), []);
}

#[test]
fn the_watchlist_has_each_title_once() {
    let memory = memory();
    let token = session(&memory);
    for catalog_id in ["film", "series", "film"] {
        let wish = json!({ "catalogId": catalog_id });
        assert_eq!(send_as(&memory, &token, "POST", WATCHLIST, &wish).status, 201);
        memory.clock.0.set(memory.clock.0.get() + 1_000);
    }
    let ids = |memory: &Memory| -> Vec<Value> {
        let data = data(&send_as(memory, &token, "GET", WATCHLIST, &Value::Null));
        let items = data.get("items").unwrap().as_array().unwrap().clone();
        items.iter().map(|item| item.get("catalogId").unwrap().clone()).collect()
    };
    assert_eq!(ids(&memory), ["film", "series"]);
    let unknown = send_as(&memory, &token, "POST", WATCHLIST, &json!({ "catalogId": "other" }));
    assert_eq!(unknown.status, 404);
    for _ in 0..2 {
        let deleted = send_as(&memory, &token, "DELETE", "/api/v2/watchlist/film", &Value::Null);
        assert_eq!(data(&deleted), json!({ "deleted": true }));
    }
    assert_eq!(ids(&memory), ["series"]);
}

#[test]
fn idle_viewers_are_forgotten_and_active_ones_are_not() {
    let memory = memory();
    let active = session(&memory);
    watch(&memory, &active, "film.1", 50.0);
    let idle: Vec<String> = (0..12).map(|_| session(&memory)).collect();
    memory.clock.0.set(memory.clock.0.get() + DAY_MS + 1);
    for _ in 0..2 {
        session(&memory);
    }
    assert_eq!(items(&memory, &active, HISTORY).len(), 1);
    for token in idle {
        assert_eq!(send_as(&memory, &token, "GET", HISTORY, &Value::Null).status, 401);
    }
}

/// Runs one statement on the database of a deployment.
fn sql(memory: &Memory, statement: &str) -> Vec<edge::platform::Row> {
    let query = edge::platform::Database::query(&memory.database, statement, &[]);
    edge::memory::run_until_stalled(query).unwrap().unwrap()
}

#[test]
fn viewer_with_a_history_leaves_when_it_stays_away_for_ninety_days() {
    let memory = memory();
    let [away, here] = [session(&memory), session(&memory)];
    for token in [&away, &here] {
        watch(&memory, token, "film.1", 50.0);
        let wish = json!({ "catalogId": "series" });
        assert_eq!(send_as(&memory, token, "POST", WATCHLIST, &wish).status, 201);
    }
    for _ in 0..92 {
        memory.clock.0.set(memory.clock.0.get() + DAY_MS);
        assert_eq!(items(&memory, &here, HISTORY).len(), 1);
        session(&memory);
    }
    assert_eq!(items(&memory, &here, HISTORY).len(), 1);
    assert_eq!(send_as(&memory, &away, "GET", HISTORY, &Value::Null).status, 401);
    let left = "SELECT 1 FROM history UNION ALL SELECT 1 FROM watchlist";
    assert_eq!(sql(&memory, left).len(), 2, "what an idle viewer stored goes with it");
}

#[test]
fn viewer_of_the_first_release_with_a_history_stays() {
    let memory = memory();
    let token = session(&memory);
    memory.clock.0.set(memory.clock.0.get() + 80 * DAY_MS);
    watch(&memory, &token, "film.1", 50.0);
    // The first release left the time of creation as it was.
    sql(&memory, "UPDATE clients SET created_at_ms = 0");
    memory.clock.0.set(memory.clock.0.get() + 10 * DAY_MS);
    session(&memory);
    assert_eq!(items(&memory, &token, HISTORY).len(), 1);
}

#[test]
fn new_sessions_of_one_address_are_limited() {
    let memory = memory();
    let begin = |address: &str| {
        let answer = send(&memory, "POST", SESSION, &[("client-address", address)], Some(b""));
        (answer.status, answer.header("retry-after").to_owned())
    };
    for _ in 0..60 {
        assert_eq!(begin("192.0.2.1:5000").0, 200);
    }
    assert_eq!(begin("192.0.2.1:6000"), (429, "60".to_owned()));
    for other in ["192.0.2.2", "127.0.0.1", "[::1]:5000", ""] {
        assert_eq!(begin(other).0, 200, "{other}");
    }
    memory.clock.0.set(memory.clock.0.get() + 60_000);
    assert_eq!(begin("192.0.2.1").0, 200);
}

#[test]
fn time_of_a_new_session_does_not_grow_with_the_viewers() {
    let memory = memory();
    session(&memory);
    let time = || {
        let start = std::time::Instant::now();
        for _ in 0..200 {
            session(&memory);
        }
        start.elapsed()
    };
    let few = time();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n LIMIT 100000) ";
    sql(&memory, &format!("{many} INSERT INTO clients SELECT i, 'h' || i, 0 FROM n"));
    sql(&memory, &format!("{many} INSERT INTO history SELECT i, 'a', 'a.1', 0, 0, 9e8 FROM n"));
    assert!(time() < 20 * few, "200 sessions take {:?} instead of {few:?}", time());
}

#[test]
fn failing_database_is_503_until_it_recovers() {
    let memory = memory();
    let down = PortError::Unavailable("d1 timed out".into());
    memory.database.failing.set_error(Some(down.clone()));
    assert_eq!(send(&memory, "POST", SESSION, &[], Some(b"")).status, 503);
    memory.database.failing.set_error(None);
    let token = session(&memory);
    memory.database.failing.set_error(Some(down));
    let answer = send_as(&memory, &token, "GET", HISTORY, &Value::Null);
    assert_eq!(answer.status, 503);
    assert!(!String::from_utf8(answer.body).unwrap().contains("d1"));
    // Films and titles do not need it.
    assert_eq!(send(&memory, "GET", "/api/v2/catalog/film", &[], Some(b"")).status, 200);
    memory.database.failing.set_error(None);
    assert_eq!(items(&memory, &token, HISTORY), []);
}

#[test]
fn failing_random_port_makes_no_session() {
    let memory = memory();
    memory.random.failing.set_error(Some(PortError::Unavailable("no entropy".into())));
    assert_eq!(send(&memory, "POST", SESSION, &[], Some(b"")).status, 503);
}

#[test]
fn progress_depends_on_how_much_is_left() {
    const HOUR_MS: u64 = 3_600_000;
    for (position_ms, duration_ms, progress) in [
        (0, Some(HOUR_MS), WatchState::Start),
        (179_999, Some(HOUR_MS), WatchState::Start),
        (180_000, Some(HOUR_MS), WatchState::At(180_000)),
        (3_240_000, Some(HOUR_MS), WatchState::At(3_240_000)),
        (3_240_001, Some(HOUR_MS), WatchState::Watched),
        (HOUR_MS, Some(HOUR_MS), WatchState::Watched),
        (u64::MAX, Some(HOUR_MS), WatchState::Watched),
        (u64::MAX, Some(u64::MAX), WatchState::Watched),
        (0, None, WatchState::Start),
        (5, None, WatchState::At(5)),
        (5, Some(0), WatchState::At(5)),
    ] {
        assert_eq!(
            classify(position_ms, duration_ms),
            progress,
            "{position_ms} of {duration_ms:?}"
        );
    }
}
