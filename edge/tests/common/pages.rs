//! A library whose names are hostile, and pages of its episode.
#![expect(clippy::print_stderr, reason = "a test says what it does not test")]

use catalog::{RetiredEpisode, Title};
use edge::memory::{Memory, MemoryResponse, send};

use crate::deployment::{deployment, put_catalog, text, title};

pub(crate) const HOSTILE: &str = "</title><script>alert(1)</script> \"quoted\" & 'so'";
const BROWSER: (&str, &str) = ("accept", "text/html");

pub(crate) fn get(memory: &Memory, path: &str, headers: &[(&str, &str)]) -> MemoryResponse {
    let headers = [&[BROWSER, ("host", "films.example")], headers].concat();
    send(memory, "GET", path, &headers, Some(b""))
}

/// The document of an episode, or its player for frames; none where this edge was built without the page,
/// which its response says. `cargo xtask test runtime` builds it before, and names the binary.
pub(crate) fn document(memory: &Memory, path: &str) -> Option<(MemoryResponse, String)> {
    let answer = get(memory, path, &[]);
    let html = text(&answer);
    if answer.status == 503 || !html.contains("<firstframe-video") {
        assert!(get(memory, "/", &[]).status == 503, "{path}: {html}");
        assert!(std::env::var_os("FIRSTFRAME_BIN").is_none(), "the page is not built in");
        eprintln!("NOT TESTED: the page is not built in: `cargo xtask build` makes target/web");
        return None;
    }
    Some((answer, html))
}

pub(crate) fn library() -> Memory {
    let memory = deployment();
    let mut film = Title {
        title: HOSTILE.to_owned(),
        synopsis: format!("About {HOSTILE}"),
        cover: Some("00ee".to_owned()),
        ..title("film", &["00ff"])
    };
    film.episodes[0].former_ids = vec!["old.1".to_owned()];
    let retired = vec![RetiredEpisode {
        key: "1".to_owned(),
        name: None,
        moved_to: Some("film.1".to_owned()),
    }];
    let old = Title {
        id: "old".to_owned(),
        moved_to: Some("film".to_owned()),
        retired,
        ..Title::default()
    };
    put_catalog(&memory, vec![film, old]);
    memory
}

/// The text between two others.
pub(crate) fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = html.split_once(from).unwrap_or_else(|| panic!("no {from} in {html}"));
    rest.split_once(to).unwrap().0
}

pub(crate) fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
