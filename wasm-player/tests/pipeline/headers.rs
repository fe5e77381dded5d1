//! Playback by headers that the edge makes: the player reads no `moov`.

use wasm_player::pipeline::{Input, MediaType};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{Moov, film, four_minutes, late_audio, minute};

#[test]
fn one_request_brings_headers_and_first_bytes() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    assert_eq!(
        harness.lines[..6],
        [
            "fetch 1 start at=0 Media",
            concat!(
                r#"buffers video/mp4; codecs="avc1.64001f" "#,
                r#"audio/mp4; codecs="mp4a.40.2" for 60000 ms"#
            ),
            "append Video init",
            "append Audio init",
            "append Video header",
            "append Audio header",
        ]
    );
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
    harness.watch(0, 60_000);
    assert!(harness.media_source.ended, "{:?}", harness.lines);
    // The second response has fewer than four windows, so the film ends there.
    assert_eq!(harness.lines_with("Index").len(), 2, "{:?}", harness.lines_with("fetch"));
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn next_headers_are_requested_while_the_last_range_arrives() {
    let mut harness = PlayerHarness::with_headers(&four_minutes());
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    let mut pieces = 0;
    while harness.lines_with("headers").is_empty() {
        harness.server.stop_after_pieces = Some(1);
        harness.run();
        pieces += 1;
    }
    let fetches = harness.lines_with("fetch");
    assert_eq!(fetches.len(), 2, "{fetches:?}");
    assert!(fetches[1].starts_with("fetch 2 headers from=[0, 240, 0, "), "{fetches:?}");
    assert_eq!(pieces, 4, "pieces of 64 KiB, of a range of 410 KB");
}

#[test]
fn rest_of_the_first_range_is_requested() {
    for start_max in [0, 1, 100_000] {
        let film = minute(Moov::Head);
        let mut harness = PlayerHarness::with_headers(&film);
        harness.server.start_max = start_max;
        harness.play(0);
        let fetches = harness.lines_with("Media");
        let first = film.moov.end + 8 + start_max;
        assert!(fetches[1].contains(&format!(" bytes={first}-")), "{fetches:?}");
        harness.watch(0, 60_000);
        assert_eq!(harness.samples(MediaType::Video), film.video);
    }
}

#[test]
fn cut_in_the_first_bytes_is_resumed_at_the_missing_byte() {
    let film = minute(Moov::Head);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.server.cut_after = Some(90_001);
    harness.play(0);
    harness.server.cut_after = None;
    harness.wait(600);
    harness.run();
    let first = film.moov.end + 8 + 90_001;
    assert!(harness.lines_with("Media")[1].contains(&format!(" bytes={first}-")));
    harness.watch(0, 60_000);
    assert_eq!(harness.samples(MediaType::Video), film.video);
}

#[test]
fn seek_to_unknown_media_is_one_request() {
    let mut harness = PlayerHarness::with_headers(&four_minutes());
    harness.play(0);
    harness.seek(101_500);
    assert!(harness.lines_with("fetch")[0].contains("start at=101500 Media"));
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 140_000)]);
    harness.seek(103_000);
    assert_eq!(harness.lines_with("fetch"), [""; 0], "it is buffered");
    harness.seek(100_500);
    assert_eq!(harness.lines_with("fetch"), [""; 0], "its key frame is known");
}

#[test]
fn start_in_the_middle_begins_at_the_key_frame_before_it() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(101_500);
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 140_000)]);
    harness.seek(101_500);
    assert!(harness.lines.is_empty(), "the element's own seek to the start needs nothing");
}

#[test]
fn last_of_several_quick_seeks_wins() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    for time_ms in [50_000, 200_000, 120_000, 10_000, 230_000] {
        harness.input(Input::Seek { time_ms });
        harness.server.stop_after_pieces = Some(1);
        harness.run();
    }
    harness.server.stop_after_pieces = None;
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(230_000, 240_000)]);
    assert!(harness.media_source.ended);
}

#[test]
fn seek_to_the_last_millisecond_ends_the_stream() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.play(0);
    harness.seek(59_999);
    assert!(harness.media_source.ended, "{:?}", harness.lines);
    assert_eq!(harness.buffered(MediaType::Video), [(58_000, 60_000)]);
}

#[test]
fn initial_gap_is_skipped_once_the_buffers_show_it() {
    let film = late_audio(250);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    assert_eq!(harness.lines_with("nudge"), ["nudge to 250"]);
    harness.seek(200);
    assert!(harness.lines_with("fetch").is_empty(), "{:?}", harness.lines);
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.play(0);
    assert_eq!(harness.lines_with("nudge"), [""; 0]);
}

#[test]
fn replaced_film_starts_over_with_its_own_headers() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    harness.server.status = Some(404);
    harness.input(Input::Seek { time_ms: 100_000 });
    // A source id names one version of a film, so 404 means that it was replaced.
    harness.run_server_once();
    assert_eq!(harness.lines_with("start over"), ["start over at 100000"]);
    harness.server.status = None;
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 130_000)]);
    assert_eq!(harness.lines_with("fail"), [""; 0]);
}

#[test]
fn failed_start_request_is_retried() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.server.status = Some(503);
    harness.play(0);
    assert!(harness.lines_with("waiting").len() == 1, "{:?}", harness.lines);
    harness.server.status = None;
    harness.wait(600);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn failed_headers_request_is_retried() {
    let film = film(120, 1_500, Moov::Head);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    harness.server.status = Some(503);
    harness.watch(0, 20_000);
    harness.server.status = None;
    harness.wait(6_000);
    harness.watch(20_000, 120_000);
    assert!(harness.media_source.ended, "{:?}", harness.lines_with("fetch"));
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn invalid_boxes_fail_as_a_bad_file() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    harness.input(Input::StartBoxes { fetch_id: 1, boxes: b"no boxes".to_vec(), media_bytes: 0 });
    assert!(harness.lines.last().unwrap().starts_with("fail: BadFile"), "{:?}", harness.lines);
}
