//! `GET | HEAD /api/v2/headers/{sourceId}`.

use edge::memory::{Memory, send};
use mp4::{
    start_index::{self, StartPosition},
    synth::MoovAt,
};

use crate::fixture::{LongFilm, OWN, get, ingest, own, providers, restart, text, url};

#[test]
fn headers_at_two_hundred_positions_equal_those_of_the_whole_index() {
    let film = LongFilm::new(120, MoovAt::Tail);
    let memory = providers(&film);
    let id = ingest(&memory, "one");
    let memory = restart(memory);
    memory.outbound.serve_with(|_| edge::memory::ScriptedResponse::ConnectionRefused);
    let mut state = 7_u64;
    for n in 0..200_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at_ms = (state >> 33) % 7_201_000;
        let windows = 1 + n % 3;
        let at = edge::rules::start_query::seconds(at_ms);
        let answer = get(&memory, "headers", &id, &format!("at={at}&windows={windows}"));
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let whole = film.expected_start(StartPosition::Time(at_ms), windows);
        assert!(answer.body == start_index::encode(&whole), "at {at}");
        let Some(last) = whole.windows.last() else { continue };
        let numbers = last.next.numbers().map(|number| number.to_string()).join(".");
        let next = get(&memory, "headers", &id, &format!("from={numbers}&windows=2"));
        assert!(
            next.body
                == start_index::encode(&film.expected_start(StartPosition::Cursor(last.next), 2)),
            "at {at}"
        );
    }
    assert_eq!(memory.outbound.requests.borrow().len(), 0);
}

fn small() -> Memory {
    own(&LongFilm::new(1, MoovAt::Head))
}

#[test]
fn response_is_fresh_for_as_long_as_its_url_is_valid() {
    let memory = small();
    let path = url(&memory, "headers", OWN, "at=20");
    let answer = send(&memory, "GET", &path, &[], Some(b""));
    for (name, value) in [
        ("content-type", "application/vnd.firstframe.start"),
        ("content-length", answer.body.len().to_string().as_str()),
        ("vary", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let cached = answer.header("cache-control");
    assert!(cached.starts_with("public, max-age=2") && cached.ends_with(", immutable"), "{cached}");
    let open = send(&memory, "GET", "/api/v2/headers/00ff?at=20", &[], Some(b""));
    assert_eq!(open.header("cache-control"), "public, max-age=31536000, immutable");
    let etag = answer.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag == open.header("etag"));
    let again = send(&memory, "GET", &path, &[("if-none-match", &etag)], Some(b""));
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    let head = send(&memory, "HEAD", &path, &[], Some(b""));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
    let preflight = send(&memory, "OPTIONS", &path, &[], Some(b""));
    assert_eq!(preflight.header("allow"), "GET, HEAD, OPTIONS");
    assert_ne!(get(&memory, "headers", OWN, "at=40").header("etag"), etag);
}

#[test]
fn audio_is_selected_by_its_number_or_left_out() {
    let memory = small();
    let tracks = |query: &str| {
        let answer = get(&memory, "headers", OWN, query);
        let answer = start_index::decode(&answer.body).unwrap();
        assert_eq!(answer.tracks.len(), 2, "all tracks are listed");
        answer.inits.iter().map(|init| init.track).collect::<Vec<_>>()
    };
    assert_eq!(tracks("at=0"), [0, 1]);
    assert_eq!(tracks("audio=1"), [0, 1]);
    assert_eq!(tracks("audio=none"), [0]);
    for query in ["audio=0", "audio=2", "audio=x", "at=-1", "windows=9", "from=1.2.3.4"] {
        let answer = get(&memory, "headers", OWN, query);
        assert_eq!(answer.status, 400, "{query}: {}", text(&answer));
        assert!(text(&answer).contains("invalid_payload"), "{query}");
    }
}

#[test]
fn invalid_cursor_is_answered_or_refused_and_never_a_panic() {
    let memory = small();
    let mut state = 11_u64;
    for n in 0..500 {
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) % [2, 300, 5_000, 1 << 32, 1 << 53][(state >> 3) as usize % 5]
        };
        let numbers = [number(), number(), number(), number(), number()];
        let from = numbers.map(|number| number.to_string()).join(".");
        let answer = get(&memory, "headers", OWN, &format!("from={from}"));
        assert!([200, 400].contains(&answer.status), "{n}: {from}: {}", text(&answer));
    }
}

#[test]
fn time_behind_the_end_is_the_last_frame() {
    let memory = small();
    let answer = start_index::decode(&get(&memory, "headers", OWN, "at=86400").body).unwrap();
    let film = LongFilm::new(1, MoovAt::Head);
    assert_eq!(answer, film.expected_start(StartPosition::Time(86_400_000), 1));
}

#[test]
fn upstream_film_needs_a_signed_url() {
    let film = LongFilm::new(1, MoovAt::Tail);
    let memory = providers(&film);
    let id = ingest(&memory, "one");
    for route in ["headers", "start"] {
        let path = format!("/api/v2/{route}/{id}?at=0");
        assert_eq!(send(&memory, "GET", &path, &[], Some(b"")).status, 403);
        let signed = url(&memory, route, &id, "at=0");
        assert_eq!(send(&memory, "GET", &signed, &[], Some(b"")).status, 200);
        let wrong = signed.replace("&s=", "&s=0");
        assert_eq!(send(&memory, "GET", &wrong, &[], Some(b"")).status, 403);
        let none = get(&memory, route, "0000", "at=0");
        assert_eq!(none.status, 404, "{}", text(&none));
        assert!(text(&none).contains("\"not_found\""));
    }
}
