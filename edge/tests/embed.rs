//! The player for frames of other sites, and what the edge says of it to those sites.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

#[path = "common/deployment.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod deployment;
#[path = "common/pages.rs"]
mod pages;

use deployment::{ADMIN, deployment, text};
use edge::memory::{Memory, send};
use pages::{HOSTILE, between, document, get, library, unescaped};
use serde_json::Value;

const WATCH: &str = "http%3A%2F%2Ffilms.example%2Fwatch%2Ffilm.1";
/// A picture of 3 by 2 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

fn set(memory: &Memory, name: &str, value: &str) {
    memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
}

fn library_for(embed_origins: &str) -> Memory {
    let memory = library();
    set(&memory, "embed_origins", embed_origins);
    memory.objects.put("image/00ee", PNG, 1_000);
    memory
}

fn frames(memory: &Memory, path: &str) -> String {
    let policy = get(memory, path, &[]).header("content-security-policy").to_owned();
    policy.split_once("frame-ancestors ").map(|(_, frames)| frames.to_owned()).unwrap_or_default()
}

fn oembed(memory: &Memory, query: &str) -> (u16, Value) {
    let answer = get(memory, &format!("/oembed?{query}"), &[]);
    assert_eq!(answer.header("content-type"), "application/json");
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[test]
fn only_the_sites_of_the_setting_frame_the_player_and_nobody_another_page() {
    for (setting, expected) in [
        ("", "'self'"),
        ("junk, null, javascript:alert(1)", "'self'"),
        (
            "https://Site.example/, http://a.example:81",
            "'self' https://site.example http://a.example:81",
        ),
        ("https://a.example; script-src *", "'self'"),
        ("*", "'self' *"),
    ] {
        let memory = library_for(setting);
        let Some((answer, _)) = document(&memory, "/embed/film.1") else { return };
        assert_eq!(frames(&memory, "/embed/film.1"), expected, "{setting}");
        assert_eq!(frames(&memory, "/embed/film.9"), expected, "{setting}");
        let is_shared = expected != "'self'";
        let policy = if is_shared { "cross-origin" } else { "same-origin" };
        assert_eq!(answer.header("cross-origin-resource-policy"), policy, "{setting}");
        for path in ["/", "/watch/film.1", "/watch/film.9", "/title/film", "/nothing"] {
            assert_eq!(frames(&memory, path), "'self'", "{setting} {path}");
            let other = get(&memory, path, &[]);
            assert_eq!(other.header("cross-origin-resource-policy"), "same-origin", "{path}");
        }
    }
}

#[test]
fn player_has_the_name_of_the_episode_and_starts_as_its_page_does() {
    let memory = library_for("*");
    let Some((answer, html)) = document(&memory, "/embed/film.1") else { return };
    let start = "/api/v2/stream/film.1/start?at=0.000&until=still";
    assert_eq!(answer.header("link"), format!("<{start}>; rel=preload; as=fetch; crossorigin"));
    assert_eq!(answer.header("set-cookie"), "");
    assert!(!html.contains("<script>alert"), "{html}");
    let name = between(&html, "rel=\"noopener\">", "</a>");
    assert_eq!(unescaped(name), HOSTILE);
    assert!(html.contains("href=\"/watch/film.1\" target=\"_blank\""), "{html}");
    let poster = unescaped(between(&html, " poster=\"", "\""));
    assert!(poster.starts_with("/api/v2/image/00ee"), "{poster}");
    let policy = answer.header("content-security-policy");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    assert_eq!(html.matches("<style>").count() + html.matches("<script>").count(), 2);
    for text in ["src=\"/", "rel=\"stylesheet\"", "modulepreload", " style=", "og:title"] {
        assert!(!html.contains(text), "{text}: {html}");
    }
    let zipped = get(&memory, "/embed/film.1", &[("accept-encoding", "gzip")]);
    assert!(zipped.body.len() * 2 < answer.body.len(), "{} bytes", zipped.body.len());
    let moved = get(&memory, "/embed/old.1", &[]);
    assert_eq!((moved.status, moved.header("location")), (302, "/embed/film.1"));
}

#[test]
fn private_library_says_in_the_frame_that_it_is_private_and_nothing_more() {
    let memory = library_for("*");
    if document(&memory, "/embed/film.1").is_none() {
        return;
    }
    set(&memory, "viewers", "password");
    set(&memory, "viewers_password", "$argon2id$none");
    let [known, unknown, moved] = ["film.1", "film.9", "old.1"].map(|id| {
        let answer = get(&memory, &format!("/embed/{id}"), &[]);
        assert_eq!((answer.status, answer.header("link")), (401, ""), "{id}");
        assert_eq!(answer.header("cache-control"), "no-store");
        text(&answer).replace(id, "ID")
    });
    assert!(known.contains("This library is private.") && known.contains("href=\"/watch/ID\""));
    assert!(known == unknown && known == moved, "the frame tells which episodes there are");
    let (status, said) = oembed(&memory, &format!("url={WATCH}"));
    assert_eq!((status, &said["error"]["code"]), (401, &"sign_in_required".into()));
    let admin = get(&memory, "/embed/film.1", &[ADMIN]);
    assert_eq!(admin.header("cache-control"), "private, no-cache");
}

#[test]
fn frame_without_an_episode_says_why() {
    let memory = library_for("*");
    if document(&memory, "/embed/film.1").is_none() {
        return;
    }
    let nothing = get(&memory, "/embed/film.9", &[]);
    assert_eq!(nothing.status, 404);
    assert!(text(&nothing).contains("There is no such episode."));
    assert!(!text(&nothing).contains("<firstframe-video "), "{}", text(&nothing));
    let json = [("accept", "application/json")];
    let program = send(&memory, "GET", "/embed/film.9", &json, Some(b""));
    assert_eq!((program.status, program.header("content-type")), (404, "application/json"));
    let broken = deployment();
    broken.key_value.values.borrow_mut().insert("c/root".to_owned(), b"{".to_vec());
    let answer = get(&broken, "/embed/film.1", &[]);
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert!(text(&answer).contains("href=\"/embed/film.1\""), "{}", text(&answer));
}

#[test]
fn oembed_describes_the_player_in_the_room_that_a_site_has() {
    let memory = library_for("https://site.example");
    let (status, said) = oembed(&memory, &format!("url={WATCH}&format=json"));
    assert_eq!(status, 200, "{said}");
    let fixed = ["version", "type", "title", "provider_name", "provider_url"];
    let values = ["1.0", "video", HOSTILE, "Firstframe", "http://films.example"];
    assert_eq!(fixed.map(|name| &said[name]), values.map(Value::from).each_ref());
    let html = said["html"].as_str().unwrap();
    assert!(html.starts_with("<iframe src=\"http://films.example/embed/film.1\" width=\"640\" "));
    assert!(html.ends_with("></iframe>") && html.matches('<').count() == 2, "{html}");
    assert_eq!(unescaped(between(html, " title=\"", "\"")), HOSTILE);
    assert!(html.contains(" allowfullscreen ") && html.contains("allow=\"autoplay; "), "{html}");
    let picture = said["thumbnail_url"].as_str().unwrap();
    assert!(picture.starts_with("http://films.example/api/v2/image/00ee"), "{picture}");
    assert_eq!((&said["thumbnail_width"], &said["thumbnail_height"]), (&3.into(), &2.into()));
    for (query, size) in [
        ("", (640, 360)),
        ("&maxwidth=300", (300, 169)),
        ("&maxheight=100", (177, 100)),
        ("&maxwidth=300&maxheight=90", (160, 90)),
        ("&maxwidth=9999999", (1920, 1080)),
        ("&maxwidth=4294967295&maxheight=4294967295", (1920, 1080)),
        ("&maxheight=1", (1, 1)),
    ] {
        let (_, said) = oembed(&memory, &format!("url={WATCH}{query}"));
        assert_eq!((&said["width"], &said["height"]), (&size.0.into(), &size.1.into()), "{query}");
    }
    let (_, small) = oembed(&memory, &format!("url={WATCH}&maxwidth=2"));
    assert_eq!(small["thumbnail_url"], Value::Null, "the picture is wider than two pixels");
}

#[test]
fn oembed_refuses_what_it_does_not_know() {
    let memory = library_for("*");
    for (query, expected) in [
        ("", 400),
        ("url=", 404),
        ("url=film.1", 404),
        ("url=http%3A%2F%2Fother.example%2Fwatch%2Ffilm.1", 404),
        ("url=http%3A%2F%2Ffilms.example%3A81%2Fwatch%2Ffilm.1", 404),
        ("url=ftp%3A%2F%2Ffilms.example%2Fwatch%2Ffilm.1", 404),
        ("url=http%3A%2F%2Ffilms.example%2Ftitle%2Ffilm", 404),
        ("url=http%3A%2F%2Ffilms.example%2Fwatch%2Ffilm.9", 404),
        ("url=https%3A%2F%2Ffilms.example%2Fwatch%2Fold.1%3Fa%3D1", 200),
        ("url=http%3A%2F%2FFILMS.example%3A80%2Fembed%2Ffilm.1", 200),
        (&format!("url={WATCH}&maxwidth=0"), 400),
        (&format!("url={WATCH}&maxheight=many"), 400),
        (&format!("url={WATCH}&format=xml"), 501),
        ("format=xml", 501),
    ] {
        assert_eq!(oembed(&memory, query).0, expected, "{query}");
    }
}

#[test]
fn page_offers_a_player_where_a_site_may_frame_it_and_cards_where_every_site_may() {
    for (setting, is_offered, is_card) in
        [("", false, false), ("https://site.example", true, false), ("*", true, true)]
    {
        let memory = library_for(setting);
        let Some((_, html)) = document(&memory, "/watch/film.1") else { return };
        let player = "http://films.example/embed/film.1";
        let json = between(&html, "<script type=\"application/ld+json\">", "</script>");
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["embedUrl"] == player, is_offered, "{setting}");
        assert_eq!(html.contains("application/json+oembed"), is_offered, "{setting}");
        if is_offered {
            let address = unescaped(between(&html, "json+oembed\" href=\"", "\""));
            let (origin, query) = address.split_once("/oembed?").unwrap();
            assert_eq!(origin, "http://films.example");
            assert_eq!(oembed(&memory, query).1["type"], "video");
        } else {
            let (_, said) = oembed(&memory, &format!("url={WATCH}"));
            assert_eq!((&said["type"], &said["html"]), (&"link".into(), &Value::Null));
        }
        let card = between(&html, "twitter:card\" content=\"", "\"");
        assert_eq!(card, if is_card { "player" } else { "summary_large_image" }, "{setting}");
        for name in ["og:video", "twitter:player"] {
            let line = format!("=\"{name}\" content=\"{player}\">");
            assert_eq!(html.contains(&line), is_card, "{setting}: {name}");
            let width = format!("=\"{name}:width\" content=\"1280\">");
            assert_eq!(html.contains(&width), is_card, "{setting}: {name}");
        }
    }
}
