//! Accounts of viewers: how the deployer makes them, how a viewer signs in, and whose history it is.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

#[path = "common/deployment.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod deployment;

use argon2::{Argon2, Params, PasswordHasher as _};
use deployment::{ADMIN, admin, deployment, put_catalog, text, title};
use edge::{
    memory::{Memory, MemoryResponse, send},
    platform::PortError,
};
use serde_json::{Value, json};

const ACCOUNTS: &str = "/api/v2/admin/accounts";
const SIGN_IN: &str = "/api/v2/session";
const HISTORY: &str = "/api/v2/history";
const WATCHLIST: &str = "/api/v2/watchlist";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn hash_of(password: &str) -> String {
    let argon2 = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    let salt = catalog::hash(password.as_bytes());
    argon2.hash_password_with_salt(password.as_bytes(), &salt.as_bytes()[..16]).unwrap().to_string()
}

/// A library for those who have accounts, with the accounts anna and bob.
fn private() -> Memory {
    let memory = deployment();
    memory.settings.0.borrow_mut().insert("viewers".to_owned(), "accounts".to_owned());
    put_catalog(&memory, vec![title("film", &["00ff"]), title("other", &["00aa"])]);
    for (name, password) in [("anna", "open sesame"), ("bob", "swordfish")] {
        let added = add(&memory, name, &hash_of(password));
        assert_eq!(added.status, 201, "{}", text(&added));
    }
    memory
}

fn add(memory: &Memory, name: &str, hash: &str) -> MemoryResponse {
    let body = json!({ "name": name, "passwordHash": hash }).to_string();
    send(memory, "POST", ACCOUNTS, &[ADMIN], Some(body.as_bytes()))
}

fn set_password(memory: &Memory, name: &str, hash: &str) -> MemoryResponse {
    let body = json!({ "passwordHash": hash }).to_string();
    send(memory, "PUT", &format!("{ACCOUNTS}/{name}"), &[ADMIN], Some(body.as_bytes()))
}

fn sign_in_from(memory: &Memory, name: &str, password: &str, address: &str) -> MemoryResponse {
    let body = json!({ "name": name, "password": password }).to_string();
    send(memory, "POST", SIGN_IN, &[("client-address", address)], Some(body.as_bytes()))
}

/// The value of `Cookie` after a viewer has signed in.
fn cookie(memory: &Memory, name: &str, password: &str) -> String {
    let answer = sign_in_from(memory, name, password, "192.0.2.1");
    assert_eq!(answer.status, 200, "{}", text(&answer));
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn get(memory: &Memory, path: &str, cookie: &str) -> MemoryResponse {
    send(memory, "GET", path, &[("cookie", cookie)], Some(b""))
}

fn json_of(answer: &MemoryResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn code(answer: &MemoryResponse) -> String {
    json_of(answer)["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Titles of the history, or of the watchlist.
fn titles(memory: &Memory, path: &str, cookie: &str) -> Vec<String> {
    let answer = get(memory, path, cookie);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let items = json_of(&answer)["data"]["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["catalogId"].as_str().unwrap().to_owned()).collect()
}

/// Watches a film with this cookie, and with a token if the device has one.
fn watch(memory: &Memory, cookie: &str, token: &str, film: &str) {
    let entry =
        json!({ "catalogId": film, "episodeId": format!("{film}.1"), "positionSeconds": 60 });
    let headers = [("cookie", cookie), ("x-client-token", token)];
    for path in [HISTORY, WATCHLIST] {
        let answer = send(memory, "POST", path, &headers, Some(entry.to_string().as_bytes()));
        assert!(answer.status < 300, "{path}: {}", text(&answer));
    }
}

fn names(memory: &Memory) -> Vec<String> {
    let items = json_of(&admin(memory, "GET", ACCOUNTS))["data"]["items"].clone();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.as_array().unwrap().iter().map(name).collect()
}

fn count(memory: &Memory, sql: &str) -> String {
    let rows = edge::platform::Database::query(&memory.database, sql, &[]);
    format!("{:?}", edge::memory::run_until_stalled(rows))
}

#[test]
fn link_begins_where_the_account_left_the_episode_on_another_device() {
    let memory = private();
    let anna = cookie(&memory, "anna", "open sesame");
    let bob = cookie(&memory, "bob", "swordfish");
    watch(&memory, &anna, "", "film");
    for (cookie, path, seconds) in
        [(&anna, "/watch/film.1", 60), (&anna, "/watch/other.1", 0), (&bob, "/watch/film.1", 0)]
    {
        let answer = get(&memory, path, cookie);
        if answer.status == 503 {
            assert!(std::env::var_os("FIRSTFRAME_BIN").is_none(), "the page is not built in");
            return;
        }
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let start = format!("start?at={seconds}.000&until=picture>");
        assert!(answer.header("link").contains(&start), "{path}: {}", answer.header("link"));
        let left = format!(" data-left=\"60\" data-left-at=\"{}\"", memory.clock.0.get());
        assert_eq!(text(&answer).contains(&left), seconds > 0, "{path}");
    }
}

#[test]
fn stranger_gets_nothing_and_forged_cookies_cost_no_query() {
    let memory = private();
    let anna = cookie(&memory, "anna", "open sesame");
    let as_bob = anna.replace("n=anna", "n=bob");
    let longer = anna.replace("e=1", "e=2");
    let twice = format!("{anna}&n=bob");
    assert_eq!(get(&memory, "/api/v2/home", &anna).status, 200);
    assert_eq!(get(&memory, "/api/v2/home", &twice).status, 200, "the first name counts");
    memory.database.failing.set_error(Some(PortError::Unavailable("down".to_owned())));
    for cookie in ["", "firstframe_viewer=n=anna", &as_bob, &longer] {
        for path in ["/api/v2/home", "/api/v2/stream/film.1", HISTORY] {
            let answer = get(&memory, path, cookie);
            assert_eq!((answer.status, &*code(&answer)), (401, "sign_in_required"), "{path}");
        }
    }
    assert_eq!(get(&memory, "/api/v2/home", &anna).status, 503, "this one needs the database");
}

#[test]
fn viewer_has_one_history_and_watchlist_on_two_devices() {
    let memory = private();
    let devices = [(); 2].map(|()| cookie(&memory, "anna", "open sesame"));
    let bob = cookie(&memory, "bob", "swordfish");
    let session = |cookie: &str| {
        let answer =
            send(&memory, "POST", "/api/v2/session/anonymous", &[("cookie", cookie)], Some(b""));
        json_of(&answer)["data"]["clientToken"].as_str().unwrap().to_owned()
    };
    watch(&memory, &devices[0], "", "film");
    memory.clock.0.set(memory.clock.0.get() + 1_000);
    // The token of somebody else's device changes nothing.
    watch(&memory, &devices[1], &session(&bob), "other");
    for device in &devices {
        for path in [HISTORY, WATCHLIST, "/api/v2/continue-watching"] {
            assert_eq!(titles(&memory, path, device), ["other", "film"], "{path}");
        }
    }
    assert_eq!(titles(&memory, HISTORY, &bob), [""; 0]);
    assert_eq!(session(&devices[0]), session(&devices[1]));
    assert_ne!(session(&devices[0]), session(&bob));
}

#[test]
fn account_is_known_by_its_cookie_and_signs_out() {
    let memory = private();
    let anna = cookie(&memory, " Anna ", "open sesame");
    let state = |cookie: &str| json_of(&get(&memory, SIGN_IN, cookie))["data"].clone();
    assert_eq!(state(&anna), json!({ "signedIn": true, "needsName": true, "name": "anna" }));
    assert_eq!(state(""), json!({ "signedIn": false, "needsName": true }));
    let out = send(&memory, "DELETE", SIGN_IN, &[("cookie", &anna)], Some(b""));
    assert!(out.header("set-cookie").starts_with("firstframe_viewer=; Path=/; Max-Age=0;"));
    let tls = [("tls", "on")];
    let body = json!({ "name": "anna", "password": "open sesame" }).to_string();
    let answer = send(&memory, "POST", SIGN_IN, &tls, Some(body.as_bytes()));
    let parts: Vec<_> = answer.header("set-cookie").split("; ").skip(1).collect();
    assert_eq!(parts, ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Lax", "Secure"]);
    memory.clock.0.set(memory.clock.0.get() + 30 * DAY_MS + 2_000);
    assert_eq!(get(&memory, "/api/v2/home", &anna).status, 401, "the cookie is over");
}

#[test]
fn change_of_a_password_or_removal_ends_the_sessions_of_that_account_alone() {
    let memory = private();
    let (anna, bob) = (cookie(&memory, "anna", "open sesame"), cookie(&memory, "bob", "swordfish"));
    watch(&memory, &anna, "", "film");
    let home = |cookie: &str| get(&memory, "/api/v2/home", cookie).status;
    assert_eq!(set_password(&memory, "anna", &hash_of("barley")).status, 200);
    assert_eq!((home(&anna), home(&bob)), (401, 200));
    assert_eq!(sign_in_from(&memory, "anna", "open sesame", "192.0.2.9").status, 401);
    let anna = cookie(&memory, "anna", "barley");
    assert_eq!(titles(&memory, HISTORY, &anna), ["film"], "the history is the account's");

    assert_eq!(admin(&memory, "DELETE", &format!("{ACCOUNTS}/anna")).status, 200);
    assert_eq!((home(&anna), home(&bob)), (401, 200));
    assert_eq!(sign_in_from(&memory, "anna", "barley", "192.0.2.9").status, 401);
    for table in ["history", "watchlist"] {
        let rows = count(&memory, &format!("SELECT count(*) FROM {table}"));
        assert!(rows.contains("Integer(0)"), "{table}: {rows}");
    }
    assert_eq!(add(&memory, "anna", &hash_of("barley")).status, 201);
    assert_eq!(titles(&memory, HISTORY, &cookie(&memory, "anna", "barley")), [""; 0]);
}

#[test]
fn accounts_are_added_listed_and_removed_by_the_deployer_alone() {
    let memory = private();
    assert_eq!(names(&memory), ["anna", "bob"]);
    let taken = add(&memory, "anna", &hash_of("x"));
    assert_eq!((taken.status, &*code(&taken)), (409, "conflict"));
    cookie(&memory, "anna", "open sesame");
    for (name, hash, status) in [
        ("Anna", &*hash_of("x"), 400),
        ("", &hash_of("x"), 400),
        ("carl", "hush", 400),
        ("carl", "$argon2id$hush", 400),
        ("carl", &hash_of("x").replace("m=8,", "m=4000000,"), 400),
    ] {
        let answer = add(&memory, name, hash);
        assert_eq!(answer.status, status, "{name} {hash}");
        assert!(!text(&answer).contains("hush"), "{}", text(&answer));
    }
    for (method, path) in [("PUT", "/carl"), ("DELETE", "/carl")] {
        let body = json!({ "passwordHash": hash_of("x") }).to_string();
        let path = format!("{ACCOUNTS}{path}");
        let answer = send(&memory, method, &path, &[ADMIN], Some(body.as_bytes()));
        assert_eq!((answer.status, &*code(&answer)), (404, "not_found"), "{method}");
    }
    let anna = cookie(&memory, "anna", "open sesame");
    for (method, path) in [("GET", ""), ("POST", ""), ("PUT", "/anna"), ("DELETE", "/anna")] {
        let path = format!("{ACCOUNTS}{path}");
        let answer = send(&memory, method, &path, &[("cookie", &anna)], Some(b"{}"));
        assert_eq!(answer.status, 401, "{method}");
    }
    assert_eq!(names(&memory), ["anna", "bob"]);
    let notes = memory.reports.notes.borrow().join("\n");
    assert!(notes.contains("method=POST") && notes.contains("subject=\"bob\""), "{notes}");
    assert!(!notes.contains("argon2id"), "{notes}");
}

#[test]
fn wrong_names_and_passwords_get_the_same_answer() {
    let memory = private();
    let answers = [("anna", "swordfish"), ("carl", "swordfish"), ("No name!", "swordfish")];
    for (n, (name, password)) in answers.into_iter().enumerate() {
        let answer = sign_in_from(&memory, name, password, &format!("10.0.0.{n}"));
        assert_eq!((answer.status, &*code(&answer)), (401, "wrong_password"), "{name}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    let body = json!({ "password": "open sesame" }).to_string();
    let unnamed = send(&memory, "POST", SIGN_IN, &[], Some(body.as_bytes()));
    assert_eq!(unnamed.status, 400, "{}", text(&unnamed));
}

#[test]
fn address_and_account_are_locked_after_their_attempts_and_free_again_later() {
    let memory = private();
    let attempt = |name: &str, password: &str, address: &str| {
        sign_in_from(&memory, name, password, address).status
    };
    for n in 0..10 {
        assert_eq!(attempt(&format!("name{n}"), "x", "203.0.113.7"), 401);
    }
    assert_eq!(attempt("anna", "open sesame", "203.0.113.7"), 429, "the address is locked");
    for n in 0..20 {
        assert_eq!(attempt("anna", "x", &format!("10.0.0.{n}")), 401);
    }
    assert_eq!(attempt("anna", "open sesame", "10.0.1.1"), 429, "the account is locked");
    assert_eq!(attempt("ANNA", "open sesame", "10.0.1.1"), 429, "by any spelling");
    assert_eq!(attempt("bob", "swordfish", "10.0.1.1"), 200, "another account is not");
    for n in 0..20 {
        assert_eq!(attempt("nobody", "x", &format!("10.0.2.{n}")), 401);
    }
    assert_eq!(attempt("nobody", "x", "10.0.3.1"), 429, "a lock does not say who exists");
    memory.clock.0.set(memory.clock.0.get() + 15 * 60 * 1000);
    assert_eq!(attempt("anna", "open sesame", "203.0.113.7"), 200);
}

#[test]
fn history_of_an_account_stays_when_its_viewer_stays_away() {
    let memory = private();
    watch(&memory, &cookie(&memory, "anna", "open sesame"), "", "film");
    for _ in 0..3 {
        memory.clock.0.set(memory.clock.0.get() + 365 * DAY_MS);
        // New viewers have idle ones swept.
        let bob = cookie(&memory, "bob", "swordfish");
        assert_eq!(add(&memory, "carl", &hash_of("x")).status, 201);
        assert_eq!(admin(&memory, "DELETE", &format!("{ACCOUNTS}/carl")).status, 200);
        assert_eq!(titles(&memory, HISTORY, &bob), [""; 0]);
    }
    assert_eq!(titles(&memory, HISTORY, &cookie(&memory, "anna", "open sesame")), ["film"]);
}

#[test]
fn deployment_has_at_most_a_thousand_accounts() {
    let memory = private();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
         INSERT INTO accounts SELECT 'n' || i, 'x', 'x', 0 FROM n";
    count(&memory, rows);
    assert_eq!(names(&memory).len(), 1000);
    let viewers = count(&memory, "SELECT count(*) FROM clients");
    let full = add(&memory, "carl", &hash_of("x"));
    assert_eq!((full.status, &*code(&full)), (409, "conflict"));
    assert!(text(&full).contains("1,000"), "{}", text(&full));
    assert_eq!(count(&memory, "SELECT count(*) FROM clients"), viewers, "no viewer is left");
}
