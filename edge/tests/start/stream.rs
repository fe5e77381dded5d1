//! `GET /api/v2/stream/{episodeId}`: the start where the viewer left it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use edge::memory::{Memory, MemoryResponse, send};
use mp4::{
    start_index::{self, StartPosition},
    synth::MoovAt,
};
use serde_json::{Value, json};

use crate::{
    deployment::{put_catalog, title},
    fixture::{LongFilm, OWN, get, own, publish, restart, text},
};

fn stream(memory: &Memory, token: &str) -> Value {
    let headers = [("x-client-token", token)];
    let headers = if token.is_empty() { &[][..] } else { &headers };
    let answer = send(memory, "GET", "/api/v2/stream/film.1", headers, Some(b""));
    assert_eq!(answer.status, 200, "{}", text(&answer));
    serde_json::from_slice::<Value>(&answer.body).unwrap()["data"].take()
}

fn boxes(stream: &Value) -> Vec<u8> {
    STANDARD.decode(stream["start"]["headers"].as_str().unwrap()).unwrap()
}

/// The token of a new viewer, who left the first episode of this title at 300.5 seconds.
fn viewer_at_300_seconds(memory: &Memory, title: &str) -> String {
    let session = send(memory, "POST", "/api/v2/session/anonymous", &[], Some(b""));
    let session = serde_json::from_slice::<Value>(&session.body).unwrap();
    let token = session["data"]["clientToken"].as_str().unwrap();
    let episode = format!("{title}.1");
    let body = json!({ "catalogId": title, "episodeId": episode, "positionSeconds": 300.5 });
    let (body, headers) = (body.to_string(), [("x-client-token", token)]);
    let noted = send(memory, "POST", "/api/v2/history", &headers, Some(body.as_bytes()));
    assert_eq!(noted.status, 200, "{}", text(&noted));
    token.to_owned()
}

#[test]
fn position_that_a_viewer_left_under_a_former_id_is_the_start() {
    let memory = own(&LongFilm::new(10, MoovAt::Head));
    put_catalog(&memory, vec![title("old", &[OWN])]);
    get(&memory, "headers", OWN, "at=0");
    let token = viewer_at_300_seconds(&memory, "old");
    let mut film = title("film", &[OWN]);
    film.episodes[0].former_ids = vec!["old.1".to_owned()];
    put_catalog(&memory, vec![film]);
    memory.clock.0.set(memory.clock.0.get() + 10_000);
    let url = stream(&memory, &token)["start"]["startUrl"].take();
    assert!(url.as_str().unwrap().ends_with("&at=300.500"), "{url}");
}

#[test]
fn stream_has_the_headers_for_the_viewers_position() {
    let film = LongFilm::new(10, MoovAt::Head);
    let memory = own(&film);
    publish(&memory, &[OWN]);
    assert!(stream(&memory, "")["start"].is_null(), "nothing is made for a stream");
    get(&memory, "headers", OWN, "at=0");
    let new = stream(&memory, "");
    assert!(boxes(&new) == start_index::encode(&film.expected_start(StartPosition::Time(0), 1)));

    let token = viewer_at_300_seconds(&memory, "film");
    let resumed = stream(&memory, &token);
    assert!(
        boxes(&resumed)
            == start_index::encode(&film.expected_start(StartPosition::Time(300_500), 1))
    );
    assert!(boxes(&stream(&memory, "")) == boxes(&new), "others begin at the beginning");

    // The URLs give the same.
    for (name, is_start) in [("headersUrl", false), ("startUrl", true)] {
        let url = resumed["start"][name].as_str().unwrap();
        assert!(url.contains("&s=") && url.ends_with("&at=300.500"), "{url}");
        let answer: MemoryResponse = send(&memory, "GET", url, &[], Some(b""));
        assert_eq!(answer.status, 200, "{}", text(&answer));
        assert!(answer.body.starts_with(&boxes(&resumed)));
        assert_eq!(answer.body.len() > boxes(&resumed).len(), is_start);
    }
}

#[test]
fn stream_has_no_start_where_the_store_is_down() {
    let memory = own(&LongFilm::new(1, MoovAt::Head));
    publish(&memory, &[OWN]);
    get(&memory, "headers", OWN, "at=0");
    let down = edge::platform::PortError::Unavailable("down".to_owned());
    memory.objects.failing.set_error(Some(down));
    let memory = restart(memory);
    assert!(stream(&memory, "")["start"].is_null());
}

/// The JSON of the box `film`, and what is behind it.
fn film_of(answer: &MemoryResponse) -> (Value, &[u8]) {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let size = u32::from_be_bytes(answer.body[..4].try_into().unwrap()) as usize;
    assert_eq!(&answer.body[4..8], b"film");
    (serde_json::from_slice(&answer.body[8..size]).unwrap(), &answer.body[size..])
}

#[test]
fn episode_and_its_start_are_one_response() {
    let film = LongFilm::new(10, MoovAt::Head);
    let memory = own(&film);
    publish(&memory, &[OWN]);
    let path = "/api/v2/stream/film.1/start?at=300.5";
    let answer = send(&memory, "GET", path, &[], Some(b""));
    assert!(answer.is_stream, "the film's bytes are the store's own stream");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let (stream, start) = film_of(&answer);
    assert!(start == get(&memory, "start", OWN, "at=300.5").body);
    assert!(stream["preferredStream"]["url"].as_str().unwrap().contains("&s="));
    let url = stream["start"]["startUrl"].as_str().unwrap();
    assert_eq!(send(&memory, "GET", url, &[], Some(b"")).status, 200);
}

#[test]
fn episode_without_a_start_still_names_its_film() {
    let memory = own(&LongFilm::new(1, MoovAt::Head));
    publish(&memory, &[OWN]);
    let path = "/api/v2/stream/film.1/start";
    let down = edge::platform::PortError::Unavailable("down".to_owned());
    memory.objects.failing.set_error(Some(down));
    let answer = send(&memory, "GET", path, &[], Some(b""));
    let (stream, start) = film_of(&answer);
    assert!(stream["preferredStream"]["url"].is_string() && stream["start"].is_null());
    assert_eq!(start, b"");
    memory.objects.failing.set_error(None);
    assert!(!film_of(&send(&memory, "GET", path, &[], Some(b""))).1.is_empty(), "it recovers");
    // What is no film is never one.
    let memory = crate::fixture::own_bytes(b"no film");
    publish(&memory, &[OWN]);
    let answer = send(&memory, "GET", path, &[], Some(b""));
    assert_eq!(film_of(&answer).1, b"");
}
