//! The durable store: what is written to it, restored from it and purged from it.

use edge::{
    memory::{Memory, MemoryObjects, ScriptedResponse, run, run_until_stalled, send},
    platform::{ObjectStore, PortError},
    rules::blocks::{BLOCK_BYTES, key},
};

use crate::{
    fixture::{UpstreamFixture, deployment, good, ingest, put_catalog, right, text},
    startup::{rows, start},
};

/// A deployment with this setting, and a film in it.
fn fixture(setting: &str) -> UpstreamFixture {
    let memory = deployment();
    set(&memory, setting);
    UpstreamFixture::of(memory, "one")
}

fn set(memory: &Memory, setting: &str) {
    memory.settings.0.borrow_mut().insert("startup_store".to_owned(), setting.to_owned());
}

/// The same stores of objects, and everything else of this place gone.
fn wiped(fixture: UpstreamFixture) -> UpstreamFixture {
    let Memory { objects, durable_objects, settings, clock, outbound, .. } = fixture.memory;
    let memory =
        Memory { objects, durable_objects, settings, clock, outbound, ..Memory::default() };
    UpstreamFixture { memory, id: fixture.id }
}

/// Whether the key-value store has the first block of the film.
fn has_first_block(fixture: &UpstreamFixture) -> bool {
    fixture.memory.key_value.values.borrow().contains_key(&key(&fixture.id, 0))
}

fn keys(store: &MemoryObjects) -> usize {
    store.keys().len()
}

fn startup_store(memory: &Memory) -> String {
    let answer = send(memory, "GET", "/health", &[], Some(b""));
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    json["data"]["startupStore"].as_str().unwrap_or("nothing").to_owned()
}

#[test]
fn emptied_stores_are_restored_from_the_durable_store_without_the_upstream() {
    for (setting, in_objects) in [("durable", true), ("separate", false)] {
        let before = fixture(setting);
        assert_eq!(keys(&before.memory.objects) > 0, in_objects);
        assert_eq!(keys(&before.memory.durable_objects) > 0, !in_objects);
        let fixture = wiped(before);
        fixture.memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
        let requests = fixture.requests();
        start(&fixture);
        assert_eq!(fixture.requests(), requests);
        assert!(has_first_block(&fixture), "put back");
        assert!(rows(&fixture.memory) > 0);
        // From then on the key-value store is enough.
        let down = Some(PortError::Unavailable("down".to_owned()));
        fixture.memory.objects.failing.set_error(down.clone());
        fixture.memory.durable_objects.failing.set_error(down);
        start(&fixture);
    }
}

#[test]
fn local_setting_writes_to_no_durable_store() {
    let fixture = fixture("local");
    assert_eq!((keys(&fixture.memory.objects), keys(&fixture.memory.durable_objects)), (0, 0));
    let fixture = wiped(fixture);
    assert_eq!(fixture.range(0, 1).status, 503, "its record is gone");
}

#[test]
fn separate_store_without_keys_is_local_and_health_says_so() {
    let memory = deployment();
    set(&memory, "separate");
    memory.durable_objects.is_not_set_up.set(true);
    let fixture = UpstreamFixture::of(memory, "one");
    start(&fixture);
    assert_eq!((keys(&fixture.memory.objects), keys(&fixture.memory.durable_objects)), (0, 0));
    assert_eq!(startup_store(&fixture.memory), "local");
    let reports = fixture.memory.reports.borrow().clone();
    let about_it = reports.iter().filter(|report| report.contains("startup_store")).count();
    assert_eq!(about_it, 1, "{reports:?}");
    fixture.memory.durable_objects.is_not_set_up.set(false);
    assert_eq!(startup_store(&fixture.memory), "apart");
    for setting in ["durable", "local"] {
        set(&fixture.memory, setting);
        assert_eq!(startup_store(&fixture.memory), setting);
    }
    set(&fixture.memory, "cloud");
    let unknown = startup_store(&fixture.memory);
    assert_eq!(unknown, "nothing", "health is reported whatever the settings are");
}

#[test]
fn block_is_written_to_the_durable_store_first() {
    for setting in ["durable", "separate"] {
        let fixture = fixture(setting);
        fixture.purge_blocks();
        let store = if setting == "separate" {
            &fixture.memory.durable_objects
        } else {
            &fixture.memory.objects
        };
        assert!(store.keys().iter().all(|key| !key.starts_with("b/")), "{:?}", store.keys());
        store.failing.set_error(Some(PortError::Full("full".to_owned())));
        fixture.memory.outbound.serve_with(good);
        assert_eq!(right(&fixture.range(0, 1000), 0), 1000, "its bytes are there all the same");
        assert!(!has_first_block(&fixture));
        store.failing.set_error(None);
        let fixture =
            UpstreamFixture { memory: crate::startup::fresh(fixture.memory), id: fixture.id };
        assert_eq!(right(&fixture.range(0, 1000), 0), 1000);
        assert!(has_first_block(&fixture), "and stored when there is room again");
    }
}

#[test]
fn purge_deletes_blocks_from_the_durable_store() {
    for (setting, path) in [
        ("durable", "/api/v2/admin/startup"),
        ("durable", "/api/v2/admin/startup/film"),
        ("separate", "/api/v2/admin/startup"),
        ("separate", "/api/v2/admin/startup/film"),
    ] {
        let fixture = fixture(setting);
        let other = ingest(&fixture.memory, "two");
        assert_eq!(other.status, 201, "{}", text(&other));
        fixture.memory.objects.put("media/00ff", b"a film", 0);
        put_catalog(&fixture.memory, vec![fixture.title("film")]);
        let store = if setting == "separate" {
            &fixture.memory.durable_objects
        } else {
            &fixture.memory.objects
        };
        // A block that this place forgot for want of room is still there.
        let forgotten = key(&fixture.id, 0);
        fixture.memory.key_value.values.borrow_mut().remove(&forgotten);
        let blocks = || store.keys().into_iter().filter(|key| key.starts_with("b/")).count();
        let before = blocks();
        assert_eq!(fixture.admin("DELETE", path).status, 200);
        let left = if path.ends_with("/film") { before / 2 } else { 0 };
        assert_eq!(blocks(), left, "{setting} {path}");
        assert_eq!(
            run_until_stalled(fixture.memory.objects.head("media/00ff"))
                .unwrap()
                .unwrap()
                .unwrap()
                .size_bytes,
            6
        );
        fixture.memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
        assert_eq!(fixture.range(0, 1).status, 502, "{setting} {path}: a block came back");
    }
}

#[test]
fn broken_block_of_the_durable_store_is_never_served() {
    let fixture = wiped(fixture("separate"));
    let key = key(&fixture.id, 0);
    let half = vec![0; usize::try_from(BLOCK_BYTES / 2).unwrap()];
    run(&fixture.memory, ObjectStore::put(&fixture.memory.durable_objects, &key, &half))
        .unwrap()
        .unwrap();
    assert_eq!(right(&fixture.range(0, 1000), 0), 1000);
    assert!(fixture.requests() > 0, "it is fetched anew");
}

#[test]
fn old_value_apart_means_separate_and_is_reported_once() {
    let memory = deployment();
    set(&memory, "apart");
    let fixture = UpstreamFixture::of(memory, "one");
    start(&fixture);
    assert!(keys(&fixture.memory.durable_objects) > 0);
    assert_eq!(startup_store(&fixture.memory), "apart", "the JSON value has not changed");
    let reports = fixture.memory.reports.borrow();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("write `separate`"), "{reports:?}");
}
