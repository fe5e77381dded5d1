//! Ids that titles and episodes had lead to where these are now.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

#[path = "common/deployment.rs"]
#[expect(dead_code, reason = "it is shared with tests that use all of it")]
mod deployment;

use catalog::{RetiredEpisode, Title};
use deployment::{deployment, put_catalog, title};
use edge::memory::{Memory, send};
use serde_json::{Value, json};

/// The title `old` became part of `new`, whose first episode is called `river`.
fn moved() -> Vec<Title> {
    let mut new = title("new", &["00aa", "00bb"]);
    new.episodes[0].key = Some("river".to_owned());
    new.episodes[0].former_ids = vec!["old.1".to_owned()];
    let retired = vec![RetiredEpisode {
        key: "1".to_owned(),
        name: None,
        moved_to: Some("new.river".to_owned()),
    }];
    let old = Title {
        id: "old".to_owned(),
        moved_to: Some("new".to_owned()),
        retired,
        ..Title::default()
    };
    vec![new, old]
}

fn data(memory: &Memory, method: &str, path: &str, token: &str, body: &Value) -> Value {
    let body = body.to_string();
    let answer = send(memory, method, path, &[("x-client-token", token)], Some(body.as_bytes()));
    let json: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(answer.status < 300, "{path}: {json}");
    json["data"].clone()
}

#[test]
fn old_ids_of_titles_and_episodes_are_answered_with_the_new_ones() {
    let memory = deployment();
    put_catalog(&memory, moved());
    let get = |path: &str| data(&memory, "GET", path, "", &Value::Null);
    let title = get("/api/v2/catalog/old");
    assert_eq!(title["id"], "new");
    for id in ["old", "new"] {
        let title = get(&format!("/api/v2/catalog/{id}"));
        assert_eq!(title["movedEpisodes"], json!({ "old.1": "new.river" }), "{id}");
    }
    let ids: Vec<_> = title["episodes"].as_array().unwrap().iter().map(|e| &e["id"]).collect();
    assert_eq!(ids, ["new.river", "new.2"]);
    assert_eq!(get("/api/v2/catalog/old/episodes")["catalogId"], "new");
    for id in ["old.1", "new.river"] {
        assert_eq!(get(&format!("/api/v2/stream/{id}"))["episodeId"], "new.river");
    }
    for gone in ["old.2", "new.1"] {
        let answer = send(&memory, "GET", &format!("/api/v2/stream/{gone}"), &[], None);
        assert_eq!(answer.status, 404, "{gone} was never that film");
    }
    let home = get("/api/v2/home");
    assert_eq!(home["recent"].as_array().unwrap().len(), 1, "{home}");
}

#[test]
fn history_and_watchlist_follow_their_titles() {
    let memory = deployment();
    put_catalog(&memory, vec![title("old", &["00aa"]), title("other", &["00cc"])]);
    let session = data(&memory, "POST", "/api/v2/session/anonymous", "", &Value::Null);
    let token = session["clientToken"].as_str().unwrap();
    let position = json!({ "catalogId": "old", "episodeId": "old.1", "positionSeconds": 100.0 });
    data(&memory, "POST", "/api/v2/history", token, &position);
    data(&memory, "POST", "/api/v2/watchlist", token, &json!({ "catalogId": "old" }));
    put_catalog(&memory, moved());
    memory.clock.0.set(memory.clock.0.get() + 10_000);
    for _ in 0..2 {
        for path in ["/api/v2/history", "/api/v2/continue-watching"] {
            let items = data(&memory, "GET", path, token, &Value::Null)["items"].clone();
            assert_eq!(items[0]["episodeId"], "new.river", "{path}");
            assert_eq!(items[0]["positionSeconds"], 100.0);
        }
        let items = data(&memory, "GET", "/api/v2/watchlist", token, &Value::Null)["items"].clone();
        assert_eq!(items[0]["catalogId"], "new");
    }
    for list in ["history", "watchlist"] {
        data(&memory, "DELETE", &format!("/api/v2/{list}/new"), token, &Value::Null);
        let path = format!("/api/v2/{list}");
        let items = data(&memory, "GET", &path, token, &Value::Null)["items"].clone();
        assert_eq!(items, json!([]), "no row of the old id is left");
    }
}
