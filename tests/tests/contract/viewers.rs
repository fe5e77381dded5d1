//! Viewers: sessions, history, continue-watching, the watchlist.

use api::{Deleted, ErrorCode, History, HistoryEntry, Session, Watchlist, WatchlistEntry, paths};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tests::{
    fixture::{EMPTY_TITLE, FILM, SERIES},
    http::{Request, Response},
};

use crate::{
    Subject,
    shared::{Checks, code, data},
};

const TOKEN: &str = "X-Client-Token";

/// An anonymous viewer.
struct Viewer<'a> {
    subject: &'a Subject,
    token: String,
}

impl<'a> Viewer<'a> {
    fn new(subject: &'a Subject) -> Self {
        let response = subject.send(&Request::new("POST", paths::SESSION));
        assert_eq!(response.status, 200, "a session");
        Self { subject, token: data::<Session>(&response).client_token }
    }

    fn send(&self, request: Request) -> Response {
        self.subject.send(&request.header(TOKEN, &self.token))
    }

    fn get<T: DeserializeOwned>(&self, target: &str) -> T {
        data(&self.send(Request::get(target)))
    }

    fn post(&self, target: &str, body: &Value) -> Response {
        self.send(Request::post(target, body.to_string()))
    }

    fn watch(&self, episode: &str, seconds: f64) -> Response {
        let (title, _) = episode.rsplit_once('.').expect("an episode's id");
        let body = json!({"catalogId": title, "episodeId": episode, "positionSeconds": seconds});
        self.post(paths::HISTORY, &body)
    }

    fn delete(&self, path: &str, id: &str) -> Response {
        self.send(Request::new("DELETE", format!("{path}/{id}")))
    }
}

fn episodes(items: &[HistoryEntry]) -> Vec<&str> {
    items.iter().map(|item| item.episode_id.as_str()).collect()
}

pub(crate) fn session_is_anonymous_and_persistent(subject: &Subject) {
    let mut checks = Checks::default();
    let first = subject.send(&Request::new("POST", paths::SESSION));
    let session: Session = data(&first);
    let digits = session.client_token.bytes().all(|b| b.is_ascii_hexdigit());
    checks.that(digits && session.client_token.len() == 48, || session.client_token.clone());
    checks.that(session.client_id.starts_with("anon_"), || session.client_id.clone());
    checks.header("session", &first, TOKEN, &session.client_token);
    checks.header("session", &first, "cache-control", "no-store");

    let viewer = Viewer { subject, token: session.client_token.clone() };
    let again: Session = data(&viewer.send(Request::new("POST", paths::SESSION)));
    checks.equal("with its token", again, session.clone());
    let stranger: Session = data(&subject.send(&Request::new("POST", paths::SESSION)));
    checks.that(stranger.client_token != session.client_token, || "one token for two".to_owned());
    let made_up = Request::new("POST", paths::SESSION).header(TOKEN, "0".repeat(48));
    let given: Session = data(&subject.send(&made_up));
    checks.that(given.client_token != "0".repeat(48), || "a token of one's own making".to_owned());
    checks.done();
}

pub(crate) fn viewer_routes_need_a_token(subject: &Subject) {
    let mut checks = Checks::default();
    let body = json!({"catalogId": FILM, "episodeId": "night-train.1", "positionSeconds": 30});
    for token in [None, Some(String::new()), Some("0".repeat(48)), Some("x".repeat(5000))] {
        for request in [
            Request::get(paths::HISTORY),
            Request::post(paths::HISTORY, body.to_string()),
            Request::get(paths::CONTINUE_WATCHING),
            Request::get(paths::WATCHLIST),
            Request::new("DELETE", format!("{}/{FILM}", paths::WATCHLIST)),
        ] {
            let what = format!("{request} with {:?}", token.as_ref().map(String::len));
            let request = match &token {
                Some(token) => request.header(TOKEN, token),
                None => request,
            };
            let response = subject.send(&request);
            checks.equal(&what, response.status, 401);
            checks.equal(&what, code(&response), Some(ErrorCode::ClientTokenRequired));
        }
    }
    checks.done();
}

pub(crate) fn history_has_one_row_per_title_newest_first(subject: &Subject) {
    let mut checks = Checks::default();
    let viewer = Viewer::new(subject);
    checks.equal("at first", viewer.get::<History>(paths::HISTORY).items.len(), 0);
    for (episode, seconds) in
        [("night-train.1", 20.0), ("north.and.south.1", 12.5), ("night-train.1", 31.25)]
    {
        checks.equal(episode, viewer.watch(episode, seconds).status, 200);
    }
    let history: History = viewer.get(paths::HISTORY);
    checks.equal("rows", episodes(&history.items), vec!["night-train.1", "north.and.south.1"]);
    if let Some(row) = history.items.first() {
        checks.that((row.position_seconds - 31.25).abs() < 0.001, || format!("{row:?}"));
        checks.equal("title", row.title.as_str(), "Night Train");
        checks.equal("duration", row.duration_seconds, Some(60.0));
        checks.that(!row.played && row.updated_at_ms > 0, || format!("{row:?}"));
    }
    let other: History = Viewer::new(subject).get(paths::HISTORY);
    checks.equal("another viewer", other.items.len(), 0);

    let deleted: Deleted = data(&viewer.delete(paths::HISTORY, FILM));
    checks.that(deleted.deleted, || "not deleted".to_owned());
    let again = viewer.delete(paths::HISTORY, FILM);
    checks.equal("deleting it again", again.status, 200);
    let left: History = viewer.get(paths::HISTORY);
    checks.equal("left", episodes(&left.items), vec!["north.and.south.1"]);
    checks.done();
}

pub(crate) fn finished_title_leaves_continue_watching(subject: &Subject) {
    let mut checks = Checks::default();
    let viewer = Viewer::new(subject);
    viewer.watch("night-train.1", 59.0);
    viewer.watch("north.and.south.1", 59.5);
    let history: History = viewer.get(paths::HISTORY);
    checks.that(history.items.len() == 2 && history.items.iter().all(|row| row.played), || {
        format!("the history has {history:?}")
    });
    let row: History = viewer.get(paths::CONTINUE_WATCHING);
    checks.equal("continue-watching", episodes(&row.items), vec!["north.and.south.2"]);
    let at = row.items.first().map(|item| item.position_seconds);
    checks.equal("the next episode begins", at, Some(0.0));
    viewer.watch("night-train.1", 30.0);
    let row: History = viewer.get(paths::CONTINUE_WATCHING);
    let both = vec!["night-train.1", "north.and.south.2"];
    checks.equal("watched once more", episodes(&row.items), both);
    viewer.watch("north.and.south.3", 59.5);
    let row: History = viewer.get(paths::CONTINUE_WATCHING);
    checks.equal("after the last episode", episodes(&row.items), vec!["night-train.1"]);
    checks.done();
}

pub(crate) fn watchlist_keeps_its_titles(subject: &Subject) {
    let mut checks = Checks::default();
    let viewer = Viewer::new(subject);
    for id in [FILM, SERIES, FILM] {
        let response = viewer.post(paths::WATCHLIST, &json!({"catalogId": id}));
        checks.equal(id, response.status, 201);
        checks.equal(id, data::<WatchlistEntry>(&response).catalog_id.as_str(), id);
    }
    let ids = |list: &Watchlist| list.items.iter().map(|one| one.catalog_id.clone()).collect();
    let mut listed: Vec<String> = ids(&viewer.get(paths::WATCHLIST));
    listed.sort();
    checks.equal("listed, each once", listed, vec![FILM.to_owned(), SERIES.to_owned()]);
    checks.equal("deleting one", viewer.delete(paths::WATCHLIST, FILM).status, 200);
    checks.equal("deleting none", viewer.delete(paths::WATCHLIST, EMPTY_TITLE).status, 200);
    let left: Vec<String> = ids(&viewer.get(paths::WATCHLIST));
    checks.equal("left", left, vec![SERIES.to_owned()]);
    let absent = viewer.post(paths::WATCHLIST, &json!({"catalogId": "absent"}));
    checks.equal("a title that is not there", code(&absent), Some(ErrorCode::NotFound));
    checks.done();
}

pub(crate) fn invalid_progress_is_refused(subject: &Subject) {
    let mut checks = Checks::default();
    let viewer = Viewer::new(subject);
    let full = |title: &str, episode: &str, position: Value| json!({"catalogId": title, "episodeId": episode, "positionSeconds": position});
    for (body, status) in [
        (full(FILM, "night-train.1", json!(-1)), 400),
        (full(FILM, "night-train.1", json!(1e300)), 400),
        (full(FILM, "night-train.1", json!("30")), 400),
        (full(FILM, "night-train.1", Value::Null), 400),
        (full(SERIES, "night-train.1", json!(3)), 400),
        (full(FILM, "night-train.2", json!(3)), 404),
        (full("absent", "absent.1", json!(3)), 404),
        (full(FILM, "night-train", json!(3)), 404),
        (json!({"catalogId": FILM}), 400),
        (json!([]), 400),
    ] {
        checks.equal(&body.to_string(), viewer.post(paths::HISTORY, &body).status, status);
    }
    for text in ["", "{", "\u{0}"] {
        let response = viewer.send(Request::post(paths::HISTORY, text));
        checks.equal(&format!("{text:?}"), response.status, 400);
    }
    let long = "x".repeat(2 << 20);
    let status = viewer.send(Request::post(paths::HISTORY, long)).status;
    checks.equal("2 MiB", status, 413);
    checks.equal("nothing is stored", viewer.get::<History>(paths::HISTORY).items.len(), 0);
    checks.done();
}

pub(crate) fn page_of_another_origin_may_use_viewer_routes(subject: &Subject) {
    let mut checks = Checks::default();
    for (method, target) in [
        ("POST", paths::SESSION.to_owned()),
        ("POST", paths::HISTORY.to_owned()),
        ("DELETE", format!("{}/{FILM}", paths::WATCHLIST)),
    ] {
        let preflight = Request::new("OPTIONS", &target)
            .header("Origin", "https://page.example")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", "x-client-token,content-type");
        let response = subject.send(&preflight);
        let list = |name| response.header(name).unwrap_or_default().to_ascii_lowercase();
        let methods = list("access-control-allow-methods").to_ascii_uppercase();
        checks.that(methods.contains(method), || format!("{method} {target}: {methods}"));
        let headers = list("access-control-allow-headers");
        let both = ["x-client-token", "content-type"].iter().all(|name| headers.contains(name));
        checks.that(both, || format!("{method} {target}: {headers}"));
    }
    checks.done();
}
