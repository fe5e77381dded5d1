//! `GET | HEAD /api/v2/start/{sourceId}`: boxes, and the film's bytes behind them.

use edge::{http::ByteRange, memory::send};
use mp4::{
    start_index::{self, StartPosition},
    synth::MoovAt,
};

use crate::fixture::{
    LongFilm, OWN, get, ingest, own, own_bytes, parts, providers, restart, text, upstream_requests,
    url,
};

#[test]
fn the_films_bytes_follow_their_headers_as_the_stores_own_stream() {
    let film = LongFilm::new(1, MoovAt::Head);
    let memory = own(&film);
    for at_ms in [0, 20_500, 59_000] {
        let at = edge::rules::start_query::seconds(at_ms);
        let answer = get(&memory, "start", OWN, &format!("at={at}&windows=3"));
        assert!(answer.is_stream);
        let (boxes, bytes) = parts(&answer);
        let whole = film.expected_start(StartPosition::Time(at_ms), 1);
        assert!(boxes == start_index::encode(&whole), "at {at}");
        let range = whole.windows[0].fetches[0].range;
        let range = ByteRange { start: range.start, end: range.end };
        assert!(bytes == film.bytes(range), "at {at}");
        let path = url(&memory, "start", OWN, &format!("at={at}"));
        let described = send(&memory, "HEAD", &path, &[], Some(b""));
        assert_eq!(described.body.len(), 0);
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(described.header(name), answer.header(name), "{name}");
        }
        let operations = memory.objects.operations.get();
        let known = [("if-none-match", answer.header("etag"))];
        assert_eq!(send(&memory, "GET", &path, &known, Some(b"")).status, 304);
        assert_eq!(memory.objects.operations.get(), operations, "no byte is read for that");
    }
}

#[test]
fn start_until_the_first_frame_has_the_same_headers_and_no_more_bytes_than_it_needs() {
    let film = LongFilm::new(1, MoovAt::Head);
    let memory = own(&film);
    for at in ["0", "20.5"] {
        let whole = get(&memory, "start", OWN, &format!("at={at}"));
        let answer = get(&memory, "start", OWN, &format!("at={at}&until=picture"));
        assert!(answer.is_stream);
        assert_ne!(answer.header("etag"), whole.header("etag"));
        let ((boxes, bytes), (all_boxes, all)) = (parts(&answer), parts(&whole));
        assert!(boxes == all_boxes && all.starts_with(bytes));
        // Key frames have a distance of two seconds, and the window lasts two.
        assert!((1..all.len() / 4).contains(&bytes.len()), "{} of {}", bytes.len(), all.len());
        let windows = start_index::decode(boxes).unwrap().windows;
        let runs = |fragment: &mp4::fragment::Fragment| match &fragment.payload {
            mp4::fragment::Payload::Gather(runs) => Some(runs[0]),
            mp4::fragment::Payload::AsIs => None,
        };
        let fragments = &windows[0].fetches[0].fragments;
        let sound = fragments.iter().find_map(runs);
        // Seven pictures of 640x360, and what lies between them and the first run of sound.
        let end = |number| {
            let pictures = fragments.iter().find_map(|fragment| fragment.sample_end(number));
            pictures.unwrap().max(sound.map_or(0, |run| run.end))
        };
        assert_eq!(bytes.len() as u64, end(6), "until picture seven");
        let still = get(&memory, "start", OWN, &format!("at={at}&until=still"));
        assert_eq!(parts(&still).1.len() as u64, end(7), "until picture eight");
        assert!(
            sound.is_none_or(|run| run.end <= bytes.len() as u64),
            "the start has the audio of its first frame"
        );
    }
}

#[test]
fn upstream_film_starts_from_stored_blocks() {
    let film = LongFilm::new(120, MoovAt::Tail);
    let memory = providers(&film);
    let id = ingest(&memory, "one");
    let memory = restart(memory);
    let answer = get(&memory, "start", &id, "at=0");
    let range = film.expected_start(StartPosition::Time(0), 1).windows[0].fetches[0].range;
    let (_, bytes) = parts(&answer);
    assert!(bytes.len() > 100_000 && bytes.len() as u64 <= range.len());
    let sent = ByteRange { start: range.start, end: range.start + bytes.len() as u64 };
    assert!(bytes == film.bytes(sent));
    assert_eq!(upstream_requests(&memory), 0, "all blocks are stored");
    let path = url(&memory, "start", &id, "at=0");
    let head = send(&memory, "HEAD", &path, &[], Some(b""));
    assert_eq!(head.header("content-length"), answer.header("content-length"));
    assert_eq!(head.header("etag"), answer.header("etag"));
    // In the middle, one request, passed through.
    let answer = get(&memory, "start", &id, "at=5042.5");
    assert!(answer.is_stream);
    let range = film.expected_start(StartPosition::Time(5_042_500), 1).windows[0].fetches[0].range;
    let all = ByteRange { start: range.start, end: range.end };
    assert!(parts(&answer).1 == film.bytes(all));
    assert_eq!(upstream_requests(&memory), 1);
}

#[test]
fn changed_file_is_not_sent_behind_old_headers() {
    let film = LongFilm::new(1, MoovAt::Head);
    let memory = own(&film);
    assert_eq!(get(&memory, "start", OWN, "at=0").status, 200);
    let longer = LongFilm::new(2, MoovAt::Head);
    let all = ByteRange { start: 0, end: longer.size() };
    memory.objects.put("media/00ff", &longer.bytes(all), 784_111_777_000);
    let answer = get(&memory, "start", OWN, "at=0");
    assert_eq!(answer.status, 404, "{}", text(&answer));
    assert!(text(&answer).contains("\"no_index\""));
}

#[test]
fn truncated_film_starts_where_it_has_bytes_and_else_gives_the_reason() {
    let film = LongFilm::new(1, MoovAt::Head);
    let half = film.bytes(ByteRange { start: 0, end: film.size() / 2 });
    let memory = own_bytes(&half);
    assert_eq!(get(&memory, "start", OWN, "at=10").status, 200);
    let path = url(&memory, "start", OWN, "at=50");
    for method in ["GET", "HEAD"] {
        let answer = send(&memory, method, &path, &[], Some(b""));
        assert_eq!(answer.status, 404, "{method}");
        assert!(method == "HEAD" || text(&answer).contains("cut off"), "{}", text(&answer));
    }
}
