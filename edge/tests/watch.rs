//! The page of an episode: what its document says, to whom, and what it lets run.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, and says what it does not test"
)]

#[path = "common/deployment.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod deployment;
#[path = "common/pages.rs"]
mod pages;

use deployment::{ADMIN, deployment, text};
use edge::memory::send;
use pages::{HOSTILE, between, document, get, library, unescaped};
use serde_json::Value;

#[test]
fn document_names_the_episode_and_no_name_is_markup() {
    let memory = library();
    let Some((answer, html)) = document(&memory, "/watch/film.1") else { return };
    assert_eq!(answer.status, 200);
    assert!(!html.contains("<script>alert"), "{html}");
    let name = unescaped(between(&html, "<title>", "</title>"));
    assert_eq!(name, format!("{HOSTILE} · Firstframe"));
    let property =
        |name: &str| unescaped(between(&html, &format!("=\"{name}\" content=\""), "\">"));
    assert_eq!(property("og:title"), HOSTILE);
    assert_eq!(property("og:description"), format!("About {HOSTILE}"));
    assert_eq!(property("og:url"), "http://films.example/watch/film.1");
    assert!(property("og:image").starts_with("http://films.example/api/v2/image/00ee"));
    let json = between(&html, "<script type=\"application/ld+json\">", "</script>");
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!((&json["@type"], &json["name"]), (&"VideoObject".into(), &HOSTILE.into()));
    assert_eq!(json["description"], format!("About {HOSTILE}"));
    let file = between(&html, "<noscript>", "</noscript>");
    let file = unescaped(between(file, "href=\"", "\""));
    assert!(file.starts_with("/api/v2/media/00ff/"), "{file}");
}

#[test]
fn start_is_on_its_way_before_the_document_is_parsed() {
    let memory = library();
    let Some((answer, html)) = document(&memory, "/watch/film.1") else { return };
    let start = "/api/v2/stream/film.1/start?at=0.000&until=picture";
    assert_eq!(answer.header("link"), format!("<{start}>; rel=preload; as=fetch; crossorigin"));
    assert!(html.contains("/start?at="), "the script in the document requests another URL");
    let loads = ["src=\"/", "rel=\"stylesheet\"", "modulepreload"];
    for text in loads {
        assert!(
            !html.contains(text),
            "{text}: the document loads what its first frame does not need"
        );
    }
}

#[test]
fn policy_lets_only_the_documents_own_script_and_style_run() {
    let memory = library();
    let Some((answer, html)) = document(&memory, "/watch/film.1") else { return };
    let policy = answer.header("content-security-policy");
    assert!(!policy.contains("unsafe-inline") && policy.contains("frame-ancestors 'self'"));
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    assert_eq!(html.matches("<script>").count(), 1);
    assert_eq!(html.matches("<style>").count(), 1);
    assert!(!html.contains(" style=") && !html.contains(" onclick="), "{html}");
}

#[test]
fn document_is_revalidated_by_a_tag_of_its_own_form() {
    let memory = library();
    let Some((answer, _)) = document(&memory, "/watch/film.1") else { return };
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    let zipped = get(&memory, "/watch/film.1", &[("accept-encoding", "gzip")]);
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(zipped.body.len() * 2 < answer.body.len(), "{} bytes", zipped.body.len());
    assert_ne!(zipped.header("etag"), answer.header("etag"));
    let held = [("if-none-match", answer.header("etag"))];
    assert_eq!(get(&memory, "/watch/film.1", &held).status, 304);
}

#[test]
fn id_that_moved_redirects_and_one_of_nothing_is_404() {
    let memory = library();
    if document(&memory, "/watch/film.1").is_none() {
        return;
    }
    let moved = get(&memory, "/watch/old.1", &[]);
    assert_eq!((moved.status, moved.header("location")), (302, "/watch/film.1"));
    let (_, html) = document(&memory, "/watch/film.1").unwrap();
    assert!(html.contains("episode=\"film.1\" data-former=\"old.1\""), "{html}");
    let nothing = get(&memory, "/watch/film.9", &[]);
    assert_eq!(nothing.status, 404);
    assert!(text(&nothing).contains("<!doctype html>"), "a person gets a page");
    let program =
        send(&memory, "GET", "/watch/film.9", &[("accept", "application/json")], Some(b""));
    assert_eq!((program.status, program.header("content-type")), (404, "application/json"));
}

#[test]
fn stranger_learns_nothing_from_the_page_of_a_private_library() {
    let memory = library();
    if document(&memory, "/watch/film.1").is_none() {
        return;
    }
    let settings = [("viewers", "password"), ("viewers_password", "$argon2id$none")];
    for (name, value) in settings {
        memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
    for path in ["/watch/film.1", "/watch/film.9", "/watch/old.1"] {
        let stranger = get(&memory, path, &[]);
        assert_eq!((stranger.status, stranger.header("link")), (200, ""), "{path}");
        assert_eq!(
            stranger.body,
            get(&memory, "/", &[]).body,
            "{path}: the page asks for a password"
        );
    }
    let admin = get(&memory, "/watch/film.1", &[ADMIN]);
    assert!(text(&admin).contains("og:title"), "the deployer sees the library");
    assert_eq!(admin.header("cache-control"), "private, no-cache");
}

#[test]
fn page_waits_for_no_history() {
    let memory = library();
    if document(&memory, "/watch/film.1").is_none() {
        return;
    }
    memory.database.failing.set_silent(true);
    let answer = get(&memory, "/watch/film.1", &[("x-client-token", "a token")]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, "private, no-cache"));
    assert!(answer.header("link").contains("start?at=0.000&"), "{}", answer.header("link"));
}

#[test]
fn page_opens_where_the_catalog_cannot_be_read() {
    let memory = library();
    if document(&memory, "/watch/film.1").is_none() {
        return;
    }
    let broken = deployment();
    broken.key_value.values.borrow_mut().insert("c/root".to_owned(), b"{".to_vec());
    let answer = get(&broken, "/watch/film.1", &[]);
    assert_eq!((answer.status, answer.header("link")), (200, ""));
}
