//! JSON on the wire has the form that the documentation gives.

use api::{
    Envelope, ErrorBody, ErrorCode, FilmReadiness, Home, SelectionReason, StartIndexState,
    StartupStore, TitleCard, limits::is_id,
};
use serde_json::json;

#[test]
fn id_is_at_once_a_url_segment_a_key_and_a_file_name() {
    for id in ["a", "0", "the-film", "mr.robot_2.1", &"a".repeat(128)] {
        assert!(is_id(id), "{id}");
    }
    for id in
        ["", ".", "..", ".a", "-a", "_a", "A", "a/b", "a b", "ä", "a%", "a\0", &"a".repeat(129)]
    {
        assert!(!is_id(id), "{id}");
    }
}

#[test]
fn envelope_has_either_data_or_an_error() {
    let data = Envelope::data(7).with_meta("provider", "p");
    let written = serde_json::to_value(&data).unwrap();
    assert_eq!(written, json!({ "data": 7, "meta": { "provider": "p" }, "error": null }));
    let body = ErrorBody { code: ErrorCode::RangeNotSatisfiable, message: "m".into() };
    let written = serde_json::to_value(Envelope::<()>::error(body)).unwrap();
    let error = json!({ "code": "range_not_satisfiable", "message": "m" });
    assert_eq!(written, json!({ "data": null, "meta": {}, "error": error }));
}

#[test]
fn error_codes_have_their_names_and_statuses() {
    for (code, name, status) in [
        (ErrorCode::InvalidIdentifier, "invalid_identifier", 400),
        (ErrorCode::InvalidPayload, "invalid_payload", 400),
        (ErrorCode::Unauthorized, "unauthorized", 401),
        (ErrorCode::ClientTokenRequired, "client_token_required", 401),
        (ErrorCode::NotFound, "not_found", 404),
        (ErrorCode::MethodNotAllowed, "method_not_allowed", 405),
        (ErrorCode::Conflict, "conflict", 409),
        (ErrorCode::PreconditionFailed, "precondition_failed", 412),
        (ErrorCode::PayloadTooLarge, "payload_too_large", 413),
        (ErrorCode::RangeNotSatisfiable, "range_not_satisfiable", 416),
        (ErrorCode::StorageUnavailable, "storage_unavailable", 503),
    ] {
        assert_eq!(serde_json::to_value(code).unwrap(), name);
        assert_eq!(code.status(), status, "{name}");
    }
}

#[test]
fn member_names_are_in_camel_case_and_missing_values_are_left_out() {
    let card = TitleCard {
        id: "film".into(),
        title: "Film".into(),
        cover_image: String::new(),
        status_label: None,
        episode_label: Some("12 episodes".into()),
        provider: "p".into(),
    };
    let home = serde_json::to_value(Home { featured: vec![card], ..Home::default() }).unwrap();
    let card = json!({
        "id": "film", "title": "Film", "coverImage": "", "episodeLabel": "12 episodes",
        "provider": "p",
    });
    assert_eq!(home, json!({ "featured": [card], "ongoing": [], "recent": [] }));
    let reason = serde_json::to_value(SelectionReason::Preferred720pDirectMp4).unwrap();
    assert_eq!(reason, "preferred_720p_direct_mp4");
}

#[test]
fn names_on_the_wire_stay_where_names_in_code_have_changed() {
    let film = FilmReadiness {
        id: "00ff".into(),
        missing_bytes: 1,
        start_index: StartIndexState::Refused("why".into()),
        requests: 2,
        size_bytes: 3,
    };
    let written = json!({
        "id": "00ff", "missingBytes": 1, "starts": { "refused": "why" }, "requests": 2,
        "sizeBytes": 3,
    });
    assert_eq!(serde_json::to_value(film).unwrap(), written);
    assert_eq!(serde_json::to_value(StartIndexState::Stored).unwrap(), "stored");
    assert_eq!(serde_json::to_value(StartupStore::Separate).unwrap(), "apart");
}
