//! Private libraries: who may watch, how a viewer signs in, and what a stranger gets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

#[path = "common/deployment.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod deployment;

use argon2::{Argon2, Params, PasswordHasher as _};
use deployment::{ADMIN, KEYS, deployment, put_catalog, title};
use edge::{
    memory::{Memory, MemoryResponse, send},
    rules::client_address::counted_address,
};
use serde_json::{Value, json};

const SIGN_IN: &str = "/api/v2/session";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const PASSWORD: &str = "open sesame";

fn hash_of(password: &str) -> String {
    let argon2 = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    argon2.hash_password_with_salt(password.as_bytes(), b"a salt of the test").unwrap().to_string()
}

fn set(memory: &Memory, name: &str, value: &str) {
    memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
}

/// A private library with a film of two bytes.
fn private() -> Memory {
    let memory = deployment();
    set(&memory, "viewers", "password");
    set(&memory, "viewers_password", &hash_of(PASSWORD));
    memory.objects.put("media/00ff", b"ab", 1_000);
    let cover = Some("00ee".to_owned());
    put_catalog(&memory, vec![catalog::Title { cover, ..title("film", &["00ff"]) }]);
    memory
}

fn get(memory: &Memory, path: &str, headers: &[(&str, &str)]) -> MemoryResponse {
    send(memory, "GET", path, headers, Some(b""))
}

fn sign_in(memory: &Memory, password: &str, headers: &[(&str, &str)]) -> MemoryResponse {
    let body = json!({ "password": password }).to_string();
    send(memory, "POST", SIGN_IN, headers, Some(body.as_bytes()))
}

/// The value of `Cookie` after a viewer has signed in.
fn cookie(memory: &Memory) -> String {
    let answer = sign_in(memory, PASSWORD, &[]);
    assert_eq!(answer.status, 200, "{}", deployment::text(&answer));
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn json_of(answer: &MemoryResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn code(answer: &MemoryResponse) -> String {
    json_of(answer)["error"]["code"].as_str().unwrap_or_default().to_owned()
}

const FOR_VIEWERS: [(&str, &str); 10] = [
    ("GET", "/api/v2/home"),
    ("GET", "/api/v2/catalog/film"),
    ("GET", "/api/v2/catalog/film/episodes"),
    ("GET", "/api/v2/stream/film.1"),
    ("GET", "/api/v2/stream/film.1/start"),
    ("POST", "/api/v2/stream/window"),
    ("POST", "/api/v2/session/anonymous"),
    ("GET", "/api/v2/history"),
    ("GET", "/api/v2/continue-watching"),
    ("POST", "/api/v2/watchlist"),
];

#[test]
fn stranger_gets_nothing_of_a_private_library() {
    let memory = private();
    let forged = "firstframe_viewer=e=9999999999&k=k&s=".to_owned() + &"0".repeat(64);
    for cookie in ["", "firstframe_viewer=", "firstframe_viewer=e=1", &forged] {
        for (method, path) in FOR_VIEWERS {
            let answer = send(&memory, method, path, &[("cookie", cookie)], Some(b"{}"));
            assert_eq!((answer.status, &*code(&answer)), (401, "sign_in_required"), "{path}");
            assert_eq!(answer.header("www-authenticate"), "Cookie realm=\"firstframe\"");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        for path in ["media/00ff", "headers/00ff", "start/00ff", "image/00ee"] {
            let answer = get(&memory, &format!("/api/v2/{path}"), &[("cookie", cookie)]);
            assert_eq!((answer.status, &*code(&answer)), (403, "signature_required"), "{path}");
        }
    }
    for path in ["/health", "/assets/none.js"] {
        assert_ne!(get(&memory, path, &[]).status, 401, "{path}");
    }
}

#[test]
fn viewer_with_the_cookie_watches_and_signed_urls_need_no_cookie() {
    let memory = private();
    let cookie = cookie(&memory);
    let other = format!("theme=dark; {cookie}; x=firstframe_viewer=1");
    for value in [&cookie, &other] {
        let home = get(&memory, "/api/v2/home", &[("cookie", value)]);
        assert_eq!((home.status, home.header("cache-control")), (200, "private, no-cache"));
        assert!(deployment::text(&home).contains("/api/v2/image/00ee?e="));
    }
    let stream = json_of(&get(&memory, "/api/v2/stream/film.1", &[("cookie", &cookie)]));
    let url = stream["data"]["preferredStream"]["url"].as_str().unwrap();
    let film = get(&memory, url, &[]);
    assert_eq!((film.status, &*film.body), (200, &b"ab"[..]));
    assert_eq!(film.header("vary"), "", "players and caches share it by its URL");
    let admin = get(&memory, "/api/v2/home", &[ADMIN]);
    assert_eq!(admin.status, 200, "the deployer sees the library");
}

#[test]
fn cookie_is_for_this_site_alone_and_expires() {
    let memory = private();
    let plain = sign_in(&memory, PASSWORD, &[]);
    let parts: Vec<_> = plain.header("set-cookie").split("; ").skip(1).collect();
    assert_eq!(parts, ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Lax"]);
    for tls in [("tls", "on"), ("x-forwarded-proto", "https")] {
        let answer = sign_in(&memory, PASSWORD, &[tls]);
        assert!(answer.header("set-cookie").ends_with("; SameSite=Lax; Secure"), "{tls:?}");
    }
    let cookie = cookie(&memory);
    let home = || get(&memory, "/api/v2/home", &[("cookie", &cookie)]).status;
    memory.clock.0.set(memory.clock.0.get() + 30 * DAY_MS - 1_000);
    assert_eq!(home(), 200);
    memory.clock.0.set(memory.clock.0.get() + 3_000);
    assert_eq!(home(), 401);
    let out = send(&memory, "DELETE", SIGN_IN, &[], Some(b""));
    assert!(out.header("set-cookie").starts_with("firstframe_viewer=; Path=/; Max-Age=0;"));
}

#[test]
fn another_password_or_key_ends_all_sessions() {
    let memory = private();
    let cookie = cookie(&memory);
    let home = || get(&memory, "/api/v2/home", &[("cookie", &cookie)]).status;
    set(&memory, "viewers_password", &hash_of("another"));
    assert_eq!(home(), 401);
    set(&memory, "viewers_password", &hash_of(PASSWORD));
    assert_eq!(home(), 200);
    set(&memory, "media_keys", &KEYS.replace("000102", "ffffff"));
    assert_eq!(home(), 401);
}

#[test]
fn address_is_locked_after_ten_attempts_and_free_again_later() {
    let memory = private();
    let from = |address| ("client-address", address);
    let attempt = |password, address| sign_in(&memory, password, &[from(address)]);
    for _ in 0..10 {
        let wrong = attempt("sesame", "203.0.113.7:5000");
        assert_eq!((wrong.status, &*code(&wrong)), (401, "wrong_password"));
        assert_eq!(wrong.header("set-cookie"), "");
    }
    for password in ["sesame", PASSWORD] {
        let locked = attempt(password, "203.0.113.7:6000");
        assert_eq!((locked.status, &*code(&locked)), (429, "too_many_attempts"));
        assert_eq!(locked.header("retry-after"), "900");
    }
    assert_eq!(attempt(PASSWORD, "203.0.113.8:5000").status, 200, "another address");
    memory.clock.0.set(memory.clock.0.get() + 15 * 60 * 1000);
    assert_eq!(attempt("sesame", "203.0.113.7").status, 401);
    assert_eq!(attempt(PASSWORD, "203.0.113.7").status, 200);
}

#[test]
fn attempts_of_many_addresses_have_a_limit_and_leave_few_rows() {
    let memory = private();
    let attempt = |n: u32| {
        sign_in(&memory, "sesame", &[("client-address", &format!("10.0.{}.{}", n / 250, n % 250))])
    };
    let statuses: Vec<_> = (0..130).map(|n| attempt(n).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 120);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    let count = || {
        let rows =
            edge::platform::Database::query(&memory.database, "SELECT count(*) FROM sign_ins", &[]);
        format!("{:?}", edge::memory::run_until_stalled(rows))
    };
    assert!(count().contains("Integer(121)"), "{}", count());
    memory.clock.0.set(memory.clock.0.get() + DAY_MS);
    assert_eq!(attempt(0).status, 401);
    assert!(count().contains("Integer(2)"), "{}", count());
}

#[test]
fn password_is_compared_whole_and_has_a_longest_length() {
    let memory = private();
    for (n, wrong) in
        ["", "open", "open sesame ", "OPEN SESAME", &"x".repeat(257)].iter().enumerate()
    {
        let answer = sign_in(&memory, wrong, &[("client-address", &format!("10.0.0.{n}"))]);
        assert_eq!(answer.status, 401, "{wrong}");
    }
    let huge = sign_in(&memory, &"x".repeat(2_000), &[]);
    assert_eq!(huge.status, 413);
    for body in ["", "{}", "{\"password\": 5}"] {
        assert_eq!(
            send(&memory, "POST", SIGN_IN, &[], Some(body.as_bytes())).status,
            400,
            "{body}"
        );
    }
}

#[test]
fn setting_that_cannot_be_followed_closes_the_library() {
    let secret = "$argon2id$hush";
    for (name, value) in [
        ("viewers", "pasword"),
        ("viewers_password", ""),
        ("media_keys", ""),
        ("media_keys", "junk"),
    ] {
        let memory = private();
        set(&memory, name, value);
        let answer = get(&memory, "/api/v2/home", &[]);
        assert_eq!(answer.status, 503, "{name} = {value}");
        assert!(memory.reports.borrow().iter().any(|report| report.contains(name)), "{name}");
    }
    let huge = hash_of(PASSWORD).replace("m=8,", "m=4000000,");
    for hash in [secret, &huge, &hash_of(PASSWORD).replace("argon2id", "argon2d")] {
        let memory = private();
        set(&memory, "viewers_password", hash);
        assert_eq!(sign_in(&memory, PASSWORD, &[]).status, 503, "{hash}");
        let reports = memory.reports.borrow().join("\n");
        assert!(reports.contains("viewers_password") && !reports.contains("hush"), "{reports}");
    }
    let open = deployment();
    assert_eq!(sign_in(&open, PASSWORD, &[]).status, 404);
}

#[test]
fn ipv6_client_is_counted_by_its_network() {
    for (text, counted) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:80", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("203.0.113.7, 10.0.0.1", "unknown"),
    ] {
        assert_eq!(counted_address(text), counted, "{text}");
    }
}
