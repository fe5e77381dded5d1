//! What goes over the wire is written as the documentation says.

use api::{Card, Envelope, ErrorBody, ErrorCode, Home, SelectionReason, limits::is_id};
use serde_json::json;

#[test]
fn an_id_is_at_once_a_url_segment_a_key_and_a_file_name() {
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
fn an_envelope_has_either_data_or_an_error() {
    let data = Envelope::data(7).with_meta("provider", "p");
    let written = serde_json::to_value(&data).unwrap();
    assert_eq!(written, json!({ "data": 7, "meta": { "provider": "p" }, "error": null }));
    let body = ErrorBody { code: ErrorCode::RangeNotSatisfiable, message: "m".into() };
    let written = serde_json::to_value(Envelope::<()>::error(body)).unwrap();
    let error = json!({ "code": "range_not_satisfiable", "message": "m" });
    assert_eq!(written, json!({ "data": null, "meta": {}, "error": error }));
}

#[test]
fn each_code_has_its_name_and_its_status() {
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
fn names_are_in_camel_case_and_what_is_not_known_is_left_out() {
    let card = Card {
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
