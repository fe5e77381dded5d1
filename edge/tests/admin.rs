//! The admin API: keys, hashes, sizes, and one flip at a time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

use catalog::{Title, build, hash};
use edge::{
    memory::{Memory, MemoryResponse, send},
    platform::PortError,
};
use serde_json::{Value, json};

const KEY: &str = "Bearer the-key";
const ROOT: &str = "/api/v2/admin/root";

fn memory() -> Memory {
    let memory = Memory::default();
    memory.settings.0.borrow_mut().insert("admin_key".into(), "the-key".into());
    memory
}

fn pack_path(bytes: &[u8]) -> String {
    format!("/api/v2/admin/packs/{}", hash(bytes))
}

fn send_as_admin(memory: &Memory, method: &str, path: &str, body: &[u8]) -> MemoryResponse {
    send(memory, method, path, &[("authorization", KEY)], Some(body))
}

fn error_code(answer: &MemoryResponse) -> Value {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    body["error"]["code"].clone()
}

fn flip(memory: &Memory, manifest: &str, previous: Option<&str>) -> MemoryResponse {
    let body = json!({ "manifest": manifest, "previous": previous }).to_string();
    send_as_admin(memory, "PUT", ROOT, body.as_bytes())
}

/// Stores the packs of a catalog with one title, and returns the hash of its manifest.
fn stored(memory: &Memory, id: &str) -> String {
    let built = build(vec![Title { id: id.into(), ..Title::default() }]).unwrap();
    for pack in built.packs.iter().chain([&built.manifest]) {
        assert_eq!(send_as_admin(memory, "PUT", &pack_path(&pack.bytes), &pack.bytes).status, 201);
    }
    built.manifest.hash
}

#[test]
fn admin_routes_need_the_key() {
    let pack = pack_path(b"pack");
    let keyless = Memory::default();
    for memory in [&memory(), &keyless] {
        for headers in [
            &[][..],
            &[("authorization", "Bearer other")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic dGhlLWtleQ==")],
        ] {
            for (method, path) in
                [("GET", ROOT), ("PUT", ROOT), ("GET", &pack), ("HEAD", &pack), ("PUT", &pack)]
            {
                let answer = send(memory, method, path, headers, Some(b"pack"));
                assert_eq!(answer.status, 401, "{method} {path} {headers:?}");
                assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"firstframe\"");
                assert_eq!(answer.header("access-control-allow-origin"), "");
            }
        }
        assert!(memory.key_value.values.borrow().is_empty());
    }
    // A deployment without a key lets nobody in, whatever they send.
    assert_eq!(send(&keyless, "GET", ROOT, &[("authorization", KEY)], Some(b"")).status, 401);
}

#[test]
fn a_pack_is_stored_under_the_hash_of_its_bytes_only() {
    let memory = memory();
    let path = pack_path(b"pack");
    assert_eq!(send_as_admin(&memory, "HEAD", &path, b"").status, 404);
    let refused = send_as_admin(&memory, "PUT", &path, b"other");
    assert_eq!((refused.status, error_code(&refused)), (400, json!("invalid_payload")));
    assert_eq!(send_as_admin(&memory, "HEAD", &path, b"").status, 404);
    for _ in 0..2 {
        assert_eq!(send_as_admin(&memory, "PUT", &path, b"pack").status, 201);
    }
    let head = send_as_admin(&memory, "HEAD", &path, b"");
    assert_eq!((head.status, head.header("content-length")), (200, "4"));
    assert_eq!(send_as_admin(&memory, "GET", &path, b"").body, b"pack");
}

#[test]
fn a_pack_larger_than_a_value_is_refused() {
    let memory = memory();
    let fitting = vec![7; api::limits::VALUE_BYTES_MAX];
    assert_eq!(send_as_admin(&memory, "PUT", &pack_path(&fitting), &fitting).status, 201);
    let larger = vec![7; api::limits::VALUE_BYTES_MAX + 1];
    let refused = send_as_admin(&memory, "PUT", &pack_path(&larger), &larger);
    assert_eq!((refused.status, error_code(&refused)), (413, json!("payload_too_large")));
}

#[test]
fn truncated_body_stores_nothing() {
    let memory = memory();
    let answer = send(&memory, "PUT", &pack_path(b"pack"), &[("authorization", KEY)], None);
    assert_eq!((answer.status, error_code(&answer)), (400, json!("invalid_payload")));
    assert!(memory.key_value.values.borrow().is_empty());
}

#[test]
fn a_name_that_is_no_hash_is_refused() {
    let memory = memory();
    for name in ["abc", &"A".repeat(64), &"g".repeat(64), "../root"] {
        let answer = send_as_admin(&memory, "GET", &format!("/api/v2/admin/packs/{name}"), b"");
        assert_eq!(answer.status, 400, "{name}");
    }
}

#[test]
fn the_root_is_null_until_the_first_flip() {
    let memory = memory();
    let answer = send_as_admin(&memory, "GET", ROOT, b"");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, body), (200, json!({ "data": null, "meta": {}, "error": null })));
    memory.clock.0.set(77);
    let manifest = stored(&memory, "a");
    assert_eq!(flip(&memory, &manifest, None).status, 200);
    let body: Value =
        serde_json::from_slice(&send_as_admin(&memory, "GET", ROOT, b"").body).unwrap();
    assert_eq!(body["data"], json!({ "manifest": manifest, "flippedAtMs": 77 }));
}

#[test]
fn a_flip_from_another_state_is_a_conflict() {
    let memory = memory();
    let (a, b) = (stored(&memory, "a"), stored(&memory, "b"));
    assert_eq!(flip(&memory, &a, Some(&b)).status, 409, "there is none yet");
    assert_eq!(flip(&memory, &a, None).status, 200);
    for previous in [None, Some(b.as_str())] {
        let answer = flip(&memory, &b, previous);
        assert_eq!((answer.status, error_code(&answer)), (409, json!("conflict")));
    }
    assert_eq!(flip(&memory, &b, Some(&a)).status, 200);
    assert_eq!(flip(&memory, &b, Some(&a)).status, 200, "tried again after a lost answer");
    assert_eq!(flip(&memory, &a, Some(&b)).status, 200, "and back");
}

#[test]
fn one_of_two_flips_from_one_root_wins_however_stale_the_store_is() {
    let memory = memory();
    let (a, b, c) = (stored(&memory, "a"), stored(&memory, "b"), stored(&memory, "c"));
    assert_eq!(flip(&memory, &a, None).status, 200);
    let behind = memory.key_value.values.borrow()["c/root"].clone();
    assert_eq!(flip(&memory, &b, Some(&a)).status, 200);
    let current = memory.key_value.values.borrow()["c/root"].clone();
    // In another place the store still says `a`.
    memory.key_value.values.borrow_mut().insert("c/root".into(), behind.clone());
    let answer = flip(&memory, &c, Some(&a));
    assert_eq!((answer.status, error_code(&answer)), (409, json!("conflict")));
    assert_eq!(flip(&memory, &b, Some(&a)).status, 200, "whoever won may do it again");
    memory.key_value.values.borrow_mut().insert("c/root".into(), current);
    assert_eq!(flip(&memory, &c, Some(&b)).status, 200);
    // Who claimed a root and went away holds it for two minutes.
    memory.key_value.values.borrow_mut().insert("c/root".into(), behind);
    memory.clock.0.set(memory.clock.0.get() + 120_001);
    assert_eq!(flip(&memory, &c, Some(&a)).status, 200);
}

#[test]
fn a_flip_needs_every_pack() {
    let memory = memory();
    let manifest = stored(&memory, "a");
    let keys: Vec<String> = memory.key_value.values.borrow().keys().cloned().collect();
    assert_eq!(keys.len(), 3, "home, details, manifest");
    for key in keys {
        let taken = memory.key_value.values.borrow_mut().remove(&key).unwrap();
        let answer = flip(&memory, &manifest, None);
        assert_eq!((answer.status, error_code(&answer)), (400, json!("invalid_payload")), "{key}");
        memory.key_value.values.borrow_mut().insert(key, taken);
    }
    assert_eq!(flip(&memory, &manifest, None).status, 200);
}

#[test]
fn flip_to_a_pack_that_is_no_manifest_is_refused() {
    let memory = memory();
    send_as_admin(&memory, "PUT", &pack_path(b"no manifest"), b"no manifest");
    assert_eq!(flip(&memory, &hash(b"no manifest"), None).status, 400);
    for body in [&b""[..], b"{}", b"[]", b"\xff", br#"{"manifest":"x","previous":null}"#] {
        assert_eq!(send_as_admin(&memory, "PUT", ROOT, body).status, 400, "{body:?}");
    }
    assert_eq!(send_as_admin(&memory, "PUT", ROOT, &[b' '; 2_000]).status, 413);
}

#[test]
fn failing_store_is_503() {
    let memory = memory();
    let manifest = stored(&memory, "a");
    memory.key_value.failing.set_error(Some(PortError::Denied("quota".into())));
    assert_eq!(send_as_admin(&memory, "GET", ROOT, b"").status, 503);
    assert_eq!(send_as_admin(&memory, "PUT", &pack_path(b"pack"), b"pack").status, 503);
    assert_eq!(flip(&memory, &manifest, None).status, 503);
    memory.key_value.failing.set_error(None);
    assert_eq!(flip(&memory, &manifest, None).status, 200);
}

/// The audit log, which is empty from now on.
fn audit(memory: &Memory) -> Vec<String> {
    memory.reports.notes.take()
}

#[test]
fn each_admin_call_is_one_line_with_its_key_and_result() {
    let memory = memory();
    memory.settings.0.borrow_mut().insert("admin_key".into(), "ci:first,laptop:second".into());
    let call = |method: &str, path: &str, key: &str, body: &str| {
        let key = format!("Bearer {key}");
        let headers = [("authorization", &*key), ("client-address", "203.0.113.7:5")];
        send(&memory, method, path, &headers, Some(body.as_bytes()));
        let lines = audit(&memory);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.concat()
    };
    let line = call("GET", ROOT, "first", "");
    let parts = ["key=\"ci\"", "method=GET", ROOT, "status=200", "203.0.113.7"];
    assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    let line = call("PUT", &pack_path(b"pack"), "second", "pack");
    assert!(line.contains("key=\"laptop\"") && line.contains("status=201"), "{line}");
    let film = json!({ "provider": "archive", "file": "a\u{1b}[2J\nadmin key=\u{202e}.mp4" });
    let line = call("POST", "/api/v2/admin/sources", "second", &film.to_string());
    assert!(line.contains("archive: a\\u{1b}[2J\\nadmin key=\\u{202e}.mp4"), "{line}");
    assert!(!line.contains('\n') && line.contains("status=4"), "{line}");
    let line = call("DELETE", "/api/v2/admin/startup/absent", "first", "");
    assert!(line.contains("startup/absent") && line.contains("status=404"), "{line}");
    let line = call("GET", ROOT, "guess-of-a-key", "");
    assert!(line.contains("key=none") && line.contains("status=401"), "{line}");
    for secret in ["first", "second", "guess"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[test]
fn flood_of_refused_admin_calls_is_a_line_a_second() {
    let memory = memory();
    memory.clock.0.set(1_700_000_000_000);
    for second in 0..3 {
        for _ in 0..50 {
            send(&memory, "GET", ROOT, &[("authorization", "Bearer guess")], Some(b""));
        }
        let lines = audit(&memory);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let unlogged = if second == 0 { 0 } else { 49 };
        assert!(lines[0].ends_with(&format!("refused_before_unlogged={unlogged}")), "{lines:?}");
        memory.clock.0.set(memory.clock.0.get() + 1_000);
    }
}
