//! The routes that the page reads: home, titles, episodes, streams, posters.

use api::{
    Envelope, EpisodeList, ErrorCode, Health, Home, Readiness, SelectionReason, Stream, TitleCard,
    TitleDetail,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tests::{
    bytes,
    fixture::{
        CLIP, CLIP_BYTES, CLIP_SEED, EMPTY_TITLE, FILM, LONG, LONG_BYTES, PNG, POSTER, SERIES,
    },
    http::Request,
};

use crate::{Subject, shared::Checks};

fn data<T: DeserializeOwned>(subject: &Subject, target: &str) -> T {
    let response = subject.get(target);
    let envelope: Envelope<T> =
        response.envelope().unwrap_or_else(|error| panic!("GET {target}: {error:#}"));
    assert_eq!(response.status, 200, "GET {target}");
    assert!(envelope.error.is_none(), "GET {target}: data and error at once");
    envelope.data.unwrap_or_else(|| panic!("GET {target}: neither data nor error"))
}

pub(crate) fn health_names_the_service(subject: &Subject) {
    let health: Health = data(subject, "/health");
    assert_eq!(health.service, "firstframe");
    assert!(!health.version.is_empty(), "health has no version");
    assert_eq!(data::<Health>(subject, "/health/live"), health);
    let readiness: Readiness = data(subject, "/health/ready");
    assert!(readiness.ready && readiness.stores.len() >= 3, "{readiness:?}");
}

pub(crate) fn home_has_every_title(subject: &Subject) {
    let home: Home = data(subject, "/api/v2/home");
    let mut checks = Checks::default();
    let has = |cards: &[TitleCard], id: &str| cards.iter().any(|card| card.id == id);
    for id in [FILM, SERIES, EMPTY_TITLE] {
        checks.that(has(&home.recent, id), || format!("{id} is not in recent"));
    }
    checks.that(has(&home.ongoing, SERIES), || format!("{SERIES} is not in ongoing"));
    checks.that(!has(&home.ongoing, FILM), || format!("{FILM}, a film, is in ongoing"));
    checks.that(!home.featured.is_empty(), || "nothing is featured".to_owned());
    let place = |id: &str| home.recent.iter().position(|card| card.id == id);
    checks.that(place(FILM) < place(SERIES), || "recent is not newest first".to_owned());
    if let Some(card) = home.recent.iter().find(|card| card.id == FILM) {
        checks.equal("the film's title", card.title.as_str(), "Night Train");
        let cover = format!("/api/v2/image/{POSTER}");
        checks.equal("the film's poster", card.cover_image.as_str(), cover.as_str());
    }
    checks.done();
}

pub(crate) fn title_has_all_its_fields(subject: &Subject) {
    let film: TitleDetail = data(subject, &format!("/api/v2/catalog/{FILM}"));
    let mut checks = Checks::default();
    checks.equal("id", film.id.as_str(), FILM);
    checks.equal("title", film.title.as_str(), "Night Train");
    let synopsis = "A train, at night. \u{2014} \"Quoted\" & <tagged>.";
    checks.equal("synopsis", film.synopsis.as_str(), synopsis);
    checks.equal("genres", film.genres, vec!["Drama".to_owned(), "Railway".to_owned()]);
    checks.equal("year", film.metadata.get("year").map(String::as_str), Some("1959"));
    checks.equal("number of episodes", film.episodes.len(), 1);
    checks.that(film.recommendations.iter().all(|card| card.id != FILM), || {
        "a film recommends itself".to_owned()
    });
    checks.done();
}

pub(crate) fn episodes_come_in_order(subject: &Subject) {
    let episodes: EpisodeList = data(subject, &format!("/api/v2/catalog/{SERIES}/episodes"));
    assert_eq!(episodes.catalog_id, SERIES);
    let ids: Vec<_> = episodes.items.iter().map(|episode| episode.id.as_str()).collect();
    assert_eq!(ids, ["north.and.south.1", "north.and.south.2", "north.and.south.3"]);
    let first = episodes.items.first().expect("three episodes");
    assert_eq!((first.number, first.title.as_str()), (1, "Part 1"));
    assert_eq!(first.released_at.as_deref(), Some("2026-01-01"));
    assert_eq!(first.catalog_id, SERIES);
}

pub(crate) fn playable_episode_has_a_preferred_stream(subject: &Subject) {
    let stream: Stream = data(subject, &format!("/api/v2/stream/{FILM}.1"));
    let mut checks = Checks::default();
    checks.equal("reason", stream.selection_reason, SelectionReason::Preferred720pDirectMp4);
    checks.equal("episode", stream.episode_id.as_str(), "night-train.1");
    checks.equal("candidates", stream.candidates.len(), 2);
    let preferred = stream.preferred_stream.expect("a preferred stream");
    let path = preferred.url.split('?').next();
    checks.equal("path", path, Some(format!("/api/v2/media/{CLIP}/Night%20Train.mp4").as_str()));
    checks.equal("quality", preferred.quality.as_str(), "720p");
    checks.equal("codec", preferred.codec.as_deref(), Some("avc1.64001f, mp4a.40.2"));
    checks.equal("length", preferred.size_bytes, CLIP_BYTES as u64);
    checks.equal("duration", preferred.duration_ms, Some(60_000));
    checks.that(preferred.playable && preferred.is_direct, || "not playable".to_owned());
    let order: Vec<_> = stream.candidates.iter().map(|one| one.estimated_priority).collect();
    checks.that(order.is_sorted(), || format!("candidates are not best first: {order:?}"));
    let sizes: Vec<_> = stream.candidates.iter().map(|one| one.size_bytes).collect();
    checks.that(sizes.contains(&(LONG_BYTES as u64)), || format!("no 1080p file: {sizes:?}"));
    checks.done();

    let first: Stream = data(subject, &format!("/api/v2/stream/{SERIES}.1"));
    assert_eq!(first.selection_reason, SelectionReason::PreferredDirectMp4, "a 1080p file alone");
}

pub(crate) fn episode_whose_only_file_does_not_play_says_so(subject: &Subject) {
    let stream: Stream = data(subject, &format!("/api/v2/stream/{SERIES}.3"));
    assert_eq!(stream.candidates.len(), 1);
    assert!(stream.candidates.iter().all(|candidate| !candidate.playable), "it plays");
    assert_eq!(stream.selection_reason, SelectionReason::HighestRankedCandidate);
}

pub(crate) fn episode_without_files_has_no_candidate(subject: &Subject) {
    let stream: Stream = data(subject, &format!("/api/v2/stream/{EMPTY_TITLE}.1"));
    assert_eq!(stream.selection_reason, SelectionReason::NoCandidate);
    assert!(stream.candidates.is_empty() && stream.preferred_stream.is_none());
}

pub(crate) fn stream_url_serves_the_bytes(subject: &Subject) {
    let stream: Stream = data(subject, &format!("/api/v2/stream/{FILM}.1"));
    let preferred = stream.preferred_stream.expect("a preferred stream");
    let response = subject.get(&preferred.url);
    assert_eq!(response.status, 200);
    assert!(response.body == bytes::content(CLIP_SEED, 0, CLIP_BYTES), "other bytes");
    assert_eq!(response.header("content-type").as_deref(), Some("video/mp4"));
}

pub(crate) fn film_has_the_name_that_its_url_gives(subject: &Subject) {
    let mut checks = Checks::default();
    for (name, disposition) in [
        ("/any%20name.mp4", None),
        ("/any%20name.mp4?download", Some("filename*=UTF-8''any%20name.mp4")),
        ("/%C3%BC/%22.mp4?download", Some("filename*=UTF-8''%C3%BC.mp4")),
    ] {
        let target = format!("/api/v2/media/{CLIP}{name}");
        let response = subject.send(&Request::get(&target).header("Range", "bytes=0-9"));
        checks.equal(&target, response.status, 206);
        let found = response.header("content-disposition");
        match disposition {
            None => checks.equal(&target, found, None),
            Some(part) => checks.that(
                found
                    .as_ref()
                    .is_some_and(|all| all.starts_with("attachment") && all.ends_with(part)),
                || format!("{target}: {found:?}"),
            ),
        }
    }
    checks.done();
}

pub(crate) fn stream_url_is_signed_and_a_changed_one_is_refused(subject: &Subject) {
    let stream: Stream = data(subject, &format!("/api/v2/stream/{FILM}.1"));
    let url = stream.preferred_stream.expect("a preferred stream").url;
    let mut checks = Checks::default();
    let signature = url.split("&s=").nth(1).unwrap_or_default();
    checks.equal("digits of the signature", signature.len(), 64);
    let forged = url.replace(signature, &"0".repeat(64));
    for changed in [forged, url.replace(CLIP, LONG), url.replace("?e=", "?e=1")] {
        checks.equal(&changed, subject.get(&changed).status, 403);
    }
    let cached = subject.get(&url).header("cache-control").unwrap_or_default();
    checks.that(!cached.contains("31536000"), || format!("cached beyond its expiry: {cached}"));
    checks.done();
}

pub(crate) fn poster_is_sent_as_a_picture(subject: &Subject) {
    let response = subject.get(&format!("/api/v2/image/{POSTER}"));
    let mut checks = Checks::default();
    checks.equal("status", response.status, 200);
    checks.header("poster", &response, "content-type", "image/png");
    let cache = response.header("cache-control").unwrap_or_default();
    checks.that(cache.contains("immutable"), || format!("cache-control: {cache}"));
    checks.that(response.body == PNG, || "other bytes".to_owned());
    let tag = response.header("etag").unwrap_or_default();
    let held = Request::get(format!("/api/v2/image/{POSTER}")).header("If-None-Match", &tag);
    let again = subject.send(&held);
    checks.equal("status with its ETag", (again.status, again.body.len()), (304, 0));
    checks.done();
}

pub(crate) fn picture_forbids_scripts_and_has_no_vary(subject: &Subject) {
    let path = format!("/api/v2/image/{POSTER}");
    let response = subject.get_plain(&path);
    let mut checks = Checks::default();
    checks.header("poster", &response, "content-security-policy", "default-src 'none'; sandbox");
    checks.header("poster", &response, "x-content-type-options", "nosniff");
    checks.equal("vary", response.header("vary"), None);
    let forged = format!("{path}?e=4102444800&k=a&s={}", "0".repeat(64));
    checks.equal("status of a forged URL", subject.get(&forged).status, 403);
    let upstream = subject.get("/api/v2/image/up.0123456789abcdef");
    checks.equal("status without a signature", upstream.status, 403);
    let refused = subject.send(&Request::post("/api/v2/admin/pictures", b"{}".to_vec()));
    checks.equal("status without the key", refused.status, 401);
    checks.done();
}

pub(crate) fn every_api_response_is_a_json_envelope(subject: &Subject) {
    let mut checks = Checks::default();
    let good = ["/health", "/api/v2/home", "/api/v2/catalog/night-train"];
    let bad = ["/api/v2/catalog/absent", "/api/v2/stream/UPPER", "/api/v2/nothing/here"];
    for (target, is_good) in good.iter().map(|t| (t, true)).chain(bad.iter().map(|t| (t, false))) {
        let response = subject.get(target);
        let type_ = response.header("content-type").unwrap_or_default();
        checks.that(type_.starts_with("application/json"), || format!("{target}: {type_:?}"));
        let Ok(Value::Object(members)) = serde_json::from_slice(&response.body) else {
            checks.that(false, || format!("{target}: the answer is not an object of JSON"));
            continue;
        };
        let names: Vec<_> = members.keys().map(String::as_str).collect();
        checks.equal(target, names, vec!["data", "error", "meta"]);
        let (has_data, has_error) = (!members["data"].is_null(), !members["error"].is_null());
        checks.equal(target, (has_data, has_error), (is_good, !is_good));
        checks.that(members["meta"].is_object(), || format!("{target}: meta is no object"));
        if has_error {
            let code = serde_json::from_value::<ErrorCode>(members["error"]["code"].clone());
            checks.that(code.is_ok(), || format!("{target}: no code that programs know"));
            let message = members["error"]["message"].as_str().unwrap_or_default();
            checks.that(message.len() > 10, || format!("{target}: message {message:?}"));
        }
    }
    checks.done();
}
