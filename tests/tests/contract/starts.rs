//! Headers of a film, alone and with its first bytes behind them.

use api::{Envelope, ErrorCode, Stream};
use tests::{
    fixture::{self, CLIP, FILM, PLAYABLE, SERIES, playable_film},
    http::{Request, Response},
};

use crate::{Subject, shared::Checks};

const TYPE: &str = "application/vnd.firstframe.start";

fn get(subject: &Subject, route: &str, query: &str) -> Response {
    subject.get(&format!("/api/v2/{route}/{PLAYABLE}?{query}"))
}

pub(crate) fn headers_have_the_first_window_of_a_film(subject: &Subject) {
    let mut checks = Checks::default();
    for query in ["at=0", "at=9.5", "at=3&windows=2&audio=none"] {
        let response = get(subject, "headers", query);
        checks.equal("status", response.status, 200);
        checks.equal("type", response.header("content-type"), Some(TYPE.to_owned()));
        let answer = mp4::start_index::decode(&response.body).expect("boxes of the wire form");
        checks.equal(
            "video and its sound",
            answer.inits.len(),
            if query.contains("none") { 1 } else { 2 },
        );
        checks.that(!answer.windows.is_empty(), || format!("{query}: no window"));
    }
    checks.done();
}

pub(crate) fn start_is_the_headers_and_the_films_bytes(subject: &Subject) {
    let film = playable_film();
    let mut checks = Checks::default();
    for query in ["at=0", "at=9.5"] {
        let response = get(subject, "start", query);
        checks.equal("status", response.status, 200);
        checks.equal("type", response.header("content-type"), Some(TYPE.to_owned()));
        let length = response.body.len().to_string();
        checks.equal("length", response.header("content-length"), Some(length));
        let (boxes, bytes) = fixture::split_start(&response.body).expect("a start");
        checks.that(boxes == get(subject, "headers", query).body, || format!("{query}: boxes"));
        let answer = mp4::start_index::decode(boxes).expect("boxes of the wire form");
        let range = answer.windows[0].fetches[0].range;
        let at = |at: u64| usize::try_from(at).expect("a small film");
        checks.that(*bytes == film[at(range.start)..at(range.end)], || format!("{query}: bytes"));
        let media = Request::get(format!("/api/v2/media/{PLAYABLE}"))
            .header("range", format!("bytes={}-{}", range.start, range.end - 1));
        checks.that(subject.send(&media).body == bytes, || format!("{query}: other bytes"));
    }
    checks.done();
}

pub(crate) fn episode_starts_in_one_response(subject: &Subject) {
    let mut checks = Checks::default();
    let response = subject.get(&format!("/api/v2/stream/{SERIES}.2/start?at=9.5"));
    checks.equal("status", response.status, 200);
    checks.equal("type", response.header("content-type"), Some(TYPE.to_owned()));
    checks.equal("cache-control", response.header("cache-control"), Some("no-store".to_owned()));
    let size = u32::from_be_bytes(response.body[..4].try_into().expect("a size")) as usize;
    checks.that(&response.body[4..8] == b"film", || "the film comes first".to_owned());
    let stream: Stream = serde_json::from_slice(&response.body[8..size]).expect("a stream");
    let start = stream.start.expect("a start");
    checks.that(subject.get(&start.start_url).status == 200, || start.start_url.clone());
    let id = stream.preferred_stream.expect("a film").url;
    checks.that(id.contains(PLAYABLE), || id.clone());
    let alone = get(subject, "start", "at=9.5").body;
    checks.that(response.body[size..] == alone, || "the start is another one".to_owned());
    let head = subject.send(&Request::head(format!("/api/v2/stream/{SERIES}.2/start?at=9.5")));
    checks.equal("HEAD", (head.status, head.body.len()), (200, 0));
    // A film without a start index: the player reads `moov` itself.
    let none = subject.get(&format!("/api/v2/stream/{FILM}.1/start")).body;
    let size = u32::from_be_bytes(none[..4].try_into().expect("a size")) as usize;
    checks.equal("nothing behind the film", none.len(), size);
    let stream: Stream = serde_json::from_slice(&none[8..]).expect("a stream");
    checks.that(stream.start.is_none(), || "a start without a start index".to_owned());
    checks.that(stream.preferred_stream.is_some(), || "no film".to_owned());
    let unknown = subject.get("/api/v2/stream/nobody.1/start");
    checks.equal("an unknown episode", unknown.status, 404);
    let odd = subject.get(&format!("/api/v2/stream/{SERIES}.2/start?at=x"));
    checks.equal("an invalid time", odd.status, 400);
    checks.done();
}

pub(crate) fn start_is_cacheable_and_revalidated(subject: &Subject) {
    let mut checks = Checks::default();
    for route in ["headers", "start"] {
        let target = format!("/api/v2/{route}/{PLAYABLE}?at=0");
        let response = subject.get(&target);
        let etag = response.header("etag").expect("an entity tag");
        checks.that(etag.starts_with('"'), || format!("{route}: {etag} is not strong"));
        let cached = response.header("cache-control").unwrap_or_default();
        checks.that(cached.contains("immutable"), || format!("{route}: {cached}"));
        checks.equal("cors", response.header("access-control-allow-origin"), Some("*".to_owned()));
        let again = subject.send(&Request::get(&target).header("if-none-match", etag.as_str()));
        checks.equal("status with its ETag", (again.status, again.body.len()), (304, 0));
        let head = subject.send(&Request::head(&target));
        checks.equal("HEAD", (head.status, head.body.len()), (200, 0));
        checks.equal("tag of HEAD", head.header("etag"), Some(etag));
    }
    checks.done();
}

pub(crate) fn file_that_is_no_film_gives_the_reason(subject: &Subject) {
    for route in ["headers", "start"] {
        let response = subject.get(&format!("/api/v2/{route}/{CLIP}"));
        let envelope: Envelope<()> = response.envelope().expect("an envelope");
        let error = envelope.error.expect("an error");
        assert_eq!((response.status, error.code), (404, ErrorCode::NoIndex), "{}", error.message);
    }
}

pub(crate) fn next_episodes_are_accepted_for_prefetch(subject: &Subject) {
    let body = format!(r#"{{"currentEpisodeId": "{FILM}.1", "nextEpisodeIds": ["{FILM}.1"]}}"#);
    let request = Request::post("/api/v2/stream/window", body);
    let response = subject.send(&request);
    assert_eq!(response.status, 202, "{}", String::from_utf8_lossy(&response.body));
}
