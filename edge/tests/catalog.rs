//! The catalog as pages see it, from publishing to the current view.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use catalog::{BuiltCatalog, Episode, Source, Title, build};
use edge::{
    memory::{Memory, MemoryResponse, send},
    platform::PortError,
};
use serde_json::{Value, json};

const KEY: &str = "Bearer the-key";

fn title(id: &str, episode_count: u32) -> Title {
    let source = |height| Source {
        id: format!("{id}-{height}"),
        size_bytes: 1_000,
        container: "mp4".into(),
        height: Some(height),
        codec: Some("avc1.64001f, mp4a.40.2".into()),
        playable: true,
        ..Source::default()
    };
    let episodes = (1..=episode_count)
        .map(|number| Episode {
            number,
            title: format!("Episode {number}"),
            duration_ms: Some(60_000),
            sources: vec![source(1080), source(720)],
            ..Episode::default()
        })
        .collect();
    let cover = Some(format!("cover-{id}"));
    Title { id: id.into(), title: id.to_uppercase(), cover, episodes, ..Title::default() }
}

fn memory() -> Memory {
    let memory = Memory::default();
    memory.settings.0.borrow_mut().insert("admin_key".into(), "the-key".into());
    memory
}

fn get(memory: &Memory, path: &str) -> MemoryResponse {
    send(memory, "GET", path, &[], Some(b""))
}

fn parsed(answer: &MemoryResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn put(memory: &Memory, path: &str, body: &[u8]) -> MemoryResponse {
    send(memory, "PUT", path, &[("authorization", KEY)], Some(body))
}

fn put_packs(memory: &Memory, built: &BuiltCatalog) {
    for pack in built.packs.iter().chain([&built.manifest]) {
        let answer = put(memory, &format!("/api/v2/admin/packs/{}", pack.hash), &pack.bytes);
        assert_eq!(answer.status, 201, "{:?}", String::from_utf8(answer.body));
    }
}

fn flip(memory: &Memory, manifest: &str, previous: Option<&str>) -> MemoryResponse {
    let body = json!({ "manifest": manifest, "previous": previous }).to_string();
    put(memory, "/api/v2/admin/root", body.as_bytes())
}

fn publish(memory: &Memory, titles: Vec<Title>, previous: Option<&str>) -> String {
    let built = build(titles).unwrap();
    put_packs(memory, &built);
    assert_eq!(flip(memory, &built.manifest.hash, previous).status, 200);
    built.manifest.hash
}

#[test]
fn published_titles_are_on_home_and_in_the_catalog() {
    let memory = memory();
    publish(&memory, vec![title("film", 1), title("series", 12)], None);

    let home = parsed(&get(&memory, "/api/v2/home"));
    assert_eq!(home["error"], Value::Null);
    assert_eq!(home["meta"]["provider"], "firstframe");
    assert_eq!(home["data"]["ongoing"][0]["episodeLabel"], "12 episodes");
    assert_eq!(home["data"]["recent"][0]["coverImage"], "/api/v2/image/cover-film");

    let series = parsed(&get(&memory, "/api/v2/catalog/series"));
    assert_eq!(series["data"]["title"], "SERIES");
    assert_eq!(series["data"]["episodes"][11]["id"], "series.12");
    assert_eq!(series["data"]["recommendations"][0]["id"], "film");
    assert_eq!(series["data"]["recommendations"].as_array().unwrap().len(), 1);

    let episodes = parsed(&get(&memory, "/api/v2/catalog/series/episodes"));
    assert_eq!(episodes["data"]["catalogId"], "series");
    assert_eq!(episodes["data"]["items"], series["data"]["episodes"]);

    let stream = parsed(&get(&memory, "/api/v2/stream/series.12"));
    assert_eq!(stream["data"]["selectionReason"], "preferred_720p_direct_mp4");
    let url = "/api/v2/media/series-720/SERIES%2012%20Episode%2012.mp4";
    assert_eq!(stream["data"]["preferredStream"]["url"], url);
    let film = parsed(&get(&memory, "/api/v2/stream/film.1"));
    assert_eq!(film["data"]["preferredStream"]["url"], "/api/v2/media/film-720/FILM.mp4");
    assert_eq!(stream["data"]["preferredStream"]["sizeBytes"], 1_000);
    assert_eq!(stream["data"]["candidates"].as_array().unwrap().len(), 2);
}

#[test]
fn home_is_empty_and_titles_are_unknown_before_the_first_catalog() {
    let memory = memory();
    let home = parsed(&get(&memory, "/api/v2/home"));
    assert_eq!(home["data"], json!({ "featured": [], "ongoing": [], "recent": [] }));
    assert_eq!(get(&memory, "/api/v2/catalog/film").status, 404);
}

#[test]
fn unknown_ids_are_404_and_invalid_ones_400() {
    let memory = memory();
    publish(&memory, vec![title("film", 1)], None);
    for (path, status, code) in [
        ("/api/v2/catalog/other", 404, "not_found"),
        ("/api/v2/catalog/Film", 400, "invalid_identifier"),
        ("/api/v2/catalog/other/episodes", 404, "not_found"),
        ("/api/v2/catalog/film/seasons", 400, "invalid_identifier"),
        ("/api/v2/stream/film.2", 404, "not_found"),
        ("/api/v2/stream/film", 404, "not_found"),
        ("/api/v2/stream/film.01", 404, "not_found"),
        ("/api/v2/stream/other.1", 404, "not_found"),
        ("/api/v2/stream/%00", 400, "invalid_identifier"),
        ("/api/v2/nothing", 404, "not_found"),
        ("/title/A", 404, "not_found"),
        ("/", 503, "storage_unavailable"),
    ] {
        let answer = get(&memory, path);
        if path == "/" && answer.status == 200 {
            continue; // The page was built in.
        }
        let body = parsed(&answer);
        assert_eq!((answer.status, &body["error"]["code"]), (status, &json!(code)), "{path}");
        assert_eq!(body["data"], Value::Null, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[test]
fn response_is_fresh_until_the_catalog_changes() {
    let memory = memory();
    let first = publish(&memory, vec![title("film", 1)], None);
    for path in ["/api/v2/home", "/api/v2/catalog/film", "/api/v2/stream/film.1"] {
        let answer = get(&memory, path);
        let etag = answer.header("etag");
        // A stream has the start at its viewer's position.
        let control = if path.contains("stream") { "private, no-cache" } else { "no-cache" };
        assert_eq!(answer.header("cache-control"), control, "{path}");
        let again = send(&memory, "GET", path, &[("if-none-match", etag)], Some(b""));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), etag, "{path}");
    }
    let held = get(&memory, "/api/v2/home").header("etag").to_owned();
    publish(&memory, vec![title("film", 1), title("other", 1)], Some(&first));
    let changed = send(&memory, "GET", "/api/v2/home", &[("if-none-match", &held)], Some(b""));
    assert_eq!(changed.status, 200);
}

#[test]
fn packs_are_read_once_and_the_root_every_two_seconds() {
    let memory = memory();
    publish(&memory, vec![title("film", 1)], None);
    memory.clock.0.set(10_000);
    get(&memory, "/api/v2/catalog/film");
    let reads = || memory.key_value.reads.get();
    let first_reads = reads();
    for _ in 0..100 {
        get(&memory, "/api/v2/catalog/film");
    }
    assert_eq!(reads(), first_reads);
    memory.clock.0.set(12_000);
    get(&memory, "/api/v2/catalog/film");
    assert_eq!(reads(), first_reads + 1);
}

#[test]
fn flip_by_another_instance_is_seen_within_two_seconds() {
    let memory = memory();
    let first = publish(&memory, vec![title("film", 1)], None);
    get(&memory, "/api/v2/home");
    // Another instance over the same store.
    let other = Memory { settings: edge::memory::MemorySettings::default(), ..self::memory() };
    other.settings.0.borrow_mut().insert("admin_key".into(), "the-key".into());
    other.key_value.values.replace(memory.key_value.values.take());
    publish(&other, vec![title("later", 1)], Some(&first));
    memory.key_value.values.replace(other.key_value.values.take());

    assert_eq!(get(&memory, "/api/v2/catalog/later").status, 404);
    memory.clock.0.set(2_000);
    assert_eq!(get(&memory, "/api/v2/catalog/later").status, 200);
    assert_eq!(get(&memory, "/api/v2/catalog/film").status, 404);
}

fn down() -> PortError {
    PortError::Unavailable("kv.internal:7 refused".into())
}

#[test]
fn failing_store_is_503_until_it_recovers() {
    let memory = memory();
    publish(&memory, vec![title("film", 1)], None);
    memory.objects.put("media/00ff", b"bytes", 0);
    let fresh = Memory { settings: edge::memory::MemorySettings::default(), ..self::memory() };
    fresh.key_value.values.replace(memory.key_value.values.take());
    fresh.objects.put("media/00ff", b"bytes", 0);
    fresh.key_value.failing.set_error(Some(down()));
    fresh.objects.failing.set_error(Some(down()));
    let paths = ["/api/v2/home", "/api/v2/catalog/film", "/api/v2/media/00ff"];
    for path in paths {
        for method in ["GET", "HEAD"] {
            let answer = send(&fresh, method, path, &[], Some(b""));
            assert_eq!(answer.status, 503, "{method} {path}");
            assert_eq!(answer.header("retry-after"), "1");
        }
        let body = String::from_utf8(get(&fresh, path).body).unwrap();
        assert!(body.contains("storage_unavailable"), "{body}");
        assert!(!body.contains("kv.internal"), "what the store said is for the operator: {body}");
    }
    assert!(fresh.reports.borrow().iter().all(|report| report.contains("kv.internal")));
    assert_eq!(fresh.reports.borrow().len(), 3 * paths.len());

    fresh.key_value.failing.set_error(None);
    fresh.objects.failing.set_error(None);
    for path in paths {
        assert_eq!(get(&fresh, path).status, 200, "{path}");
    }
}

#[test]
fn cached_catalog_is_served_while_the_store_is_down() {
    let memory = memory();
    publish(&memory, vec![title("film", 1)], None);
    assert_eq!(get(&memory, "/api/v2/catalog/film").status, 200);
    memory.key_value.failing.set_error(Some(down()));
    for now_ms in [60_000, 120_000] {
        memory.clock.0.set(now_ms);
        assert_eq!(get(&memory, "/api/v2/catalog/film").status, 200);
    }
    assert_eq!(memory.reports.borrow().len(), 2, "and the operator hears of it");
}

#[test]
fn a_pack_that_the_root_names_and_the_store_lost_is_503_not_404() {
    let memory = memory();
    publish(&memory, vec![title("film", 1)], None);
    let fresh = Memory::default();
    let root = memory.key_value.values.borrow()["c/root"].clone();
    fresh.key_value.values.borrow_mut().insert("c/root".into(), root);
    assert_eq!(get(&fresh, "/api/v2/catalog/film").status, 503);
}
