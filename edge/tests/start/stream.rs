//! `GET /api/v2/stream/{episodeId}`: the start where the viewer left it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use edge::memory::{Answer, Memory, ask};
use mp4::{
    film::MoovAt,
    start::{self, From},
};
use serde_json::Value;

use crate::bed::{Long, OWN, get, own, publish, restart, text};

fn stream(memory: &Memory, token: &str) -> Value {
    let headers = [("x-client-token", token)];
    let headers = if token.is_empty() { &[][..] } else { &headers };
    let answer = ask(memory, "GET", "/api/v2/stream/film.1", headers, Some(b""));
    assert_eq!(answer.status, 200, "{}", text(&answer));
    serde_json::from_slice::<Value>(&answer.body).unwrap()["data"].take()
}

fn boxes(stream: &Value) -> Vec<u8> {
    STANDARD.decode(stream["start"]["headers"].as_str().unwrap()).unwrap()
}

#[test]
fn a_stream_carries_the_headers_for_where_the_viewer_is() {
    let film = Long::new(10, MoovAt::Head);
    let memory = own(&film);
    publish(&memory, &[OWN]);
    assert!(stream(&memory, "")["start"].is_null(), "nothing is made for a stream");
    get(&memory, "headers", OWN, "at=0");
    let new = stream(&memory, "");
    assert!(boxes(&new) == start::write(&film.answer(From::Time(0), 1)));

    let session = ask(&memory, "POST", "/api/v2/session/anonymous", &[], Some(b""));
    let token = serde_json::from_slice::<Value>(&session.body).unwrap();
    let token =
        token["data"]["clientToken"].as_str().unwrap_or_else(|| session.header("x-client-token"));
    let body = br#"{"catalogId": "film", "episodeId": "film.1", "positionSeconds": 300.5}"#;
    let noted = ask(&memory, "POST", "/api/v2/history", &[("x-client-token", token)], Some(body));
    assert_eq!(noted.status, 200, "{}", text(&noted));
    let resumed = stream(&memory, token);
    assert!(boxes(&resumed) == start::write(&film.answer(From::Time(300_500), 1)));
    assert!(boxes(&stream(&memory, "")) == boxes(&new), "others begin at the beginning");

    // The URLs lead to the same.
    for (name, is_start) in [("headersUrl", false), ("startUrl", true)] {
        let url = resumed["start"][name].as_str().unwrap();
        assert!(url.contains("&s=") && url.ends_with("&at=300.500"), "{url}");
        let answer: Answer = ask(&memory, "GET", url, &[], Some(b""));
        assert_eq!(answer.status, 200, "{}", text(&answer));
        assert!(answer.body.starts_with(&boxes(&resumed)));
        assert_eq!(answer.body.len() > boxes(&resumed).len(), is_start);
    }
}

#[test]
fn a_stream_does_without_where_nothing_is_to_be_had() {
    let memory = own(&Long::new(1, MoovAt::Head));
    publish(&memory, &[OWN]);
    get(&memory, "headers", OWN, "at=0");
    let down = edge::platform::PortError::Unavailable("down".to_owned());
    memory.objects.failing.replace(Some(down));
    let memory = restart(memory);
    assert!(stream(&memory, "")["start"].is_null());
}
