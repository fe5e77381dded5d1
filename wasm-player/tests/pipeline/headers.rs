//! A film played by headers that the edge makes: no `moov` is read.

use wasm_player::pipeline::{Input, MediaType};

use crate::harness::PlayerHarness;
use crate::synthetic_film::{Moov, film, four_minutes, late_sound, minute};

#[test]
fn one_request_brings_the_headers_and_the_first_bytes() {
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
    assert!(harness.ended, "{:?}", harness.lines);
    // Four windows at a time, the last time less: that was all.
    assert_eq!(harness.lines_with("Index").len(), 2, "{:?}", harness.lines_with("fetch"));
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn more_headers_are_asked_for_while_the_range_before_is_on_its_way() {
    let mut harness = PlayerHarness::with_headers(&four_minutes());
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    let mut pieces = 0;
    while harness.lines_with("headers").is_empty() {
        harness.stop_after_pieces = Some(1);
        harness.run();
        pieces += 1;
    }
    let fetches = harness.lines_with("fetch");
    assert_eq!(fetches.len(), 2, "{fetches:?}");
    assert!(fetches[1].starts_with("fetch 2 headers from=[0, 240, 0, "), "{fetches:?}");
    assert_eq!(pieces, 4, "pieces of 64 KiB, of a range of 410 KB");
}

#[test]
fn what_a_start_does_not_bring_of_its_range_is_asked_for() {
    for start_max in [0, 1, 100_000] {
        let film = minute(Moov::Head);
        let mut harness = PlayerHarness::with_headers(&film);
        harness.start_max = start_max;
        harness.play(0);
        let fetches = harness.lines_with("Media");
        let first = film.moov.end + 8 + start_max;
        assert!(fetches[1].contains(&format!(" bytes={first}-")), "{fetches:?}");
        harness.watch(0, 60_000);
        assert_eq!(harness.samples(MediaType::Video), film.video);
    }
}

#[test]
fn a_cut_in_the_first_bytes_goes_on_at_that_byte() {
    let film = minute(Moov::Head);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.cut_after = Some(90_001);
    harness.play(0);
    harness.cut_after = None;
    harness.wait(600);
    harness.run();
    let first = film.moov.end + 8 + 90_001;
    assert!(harness.lines_with("Media")[1].contains(&format!(" bytes={first}-")));
    harness.watch(0, 60_000);
    assert_eq!(harness.samples(MediaType::Video), film.video);
}

#[test]
fn a_seek_into_the_unknown_is_one_request() {
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
fn a_start_in_the_middle_begins_at_the_key_frame_before_it() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(101_500);
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 140_000)]);
    harness.seek(101_500);
    assert!(harness.lines.is_empty(), "the element's own seek to the start is no seek");
}

#[test]
fn seeks_in_a_hurry_leave_the_last_one() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    for time_ms in [50_000, 200_000, 120_000, 10_000, 230_000] {
        harness.input(Input::Seek { time_ms });
        harness.stop_after_pieces = Some(1);
        harness.run();
    }
    harness.stop_after_pieces = None;
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(230_000, 240_000)]);
    assert!(harness.ended);
}

#[test]
fn a_seek_behind_the_end_ends_the_stream() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.play(0);
    harness.seek(59_999);
    assert!(harness.ended, "{:?}", harness.lines);
    assert_eq!(harness.buffered(MediaType::Video), [(58_000, 60_000)]);
}

#[test]
fn the_lead_of_a_late_track_is_stepped_over_once_the_buffers_show_it() {
    let film = late_sound(1_500);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    assert_eq!(harness.lines_with("nudge"), ["nudge to 1500"]);
    harness.seek(200);
    assert!(harness.lines_with("fetch").is_empty(), "{:?}", harness.lines);
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.play(0);
    assert_eq!(harness.lines_with("nudge"), [""; 0]);
}

#[test]
fn a_film_that_is_another_one_begins_anew_with_its_own_headers() {
    let film = four_minutes();
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    harness.status = Some(404);
    harness.input(Input::Seek { time_ms: 100_000 });
    // Whoever says that there are no headers any more, says it of this film.
    harness.run_server_once();
    assert_eq!(harness.lines_with("start over"), ["start over at 100000"]);
    harness.status = None;
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 130_000)]);
    assert_eq!(harness.lines_with("fail"), [""; 0]);
}

#[test]
fn a_server_that_fails_is_asked_again() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.status = Some(503);
    harness.play(0);
    assert!(harness.lines_with("waiting").len() == 1, "{:?}", harness.lines);
    harness.status = None;
    harness.wait(600);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn headers_that_fail_in_mid_play_are_asked_for_again() {
    let film = film(120, 1_500, Moov::Head);
    let mut harness = PlayerHarness::with_headers(&film);
    harness.play(0);
    harness.status = Some(503);
    harness.watch(0, 20_000);
    harness.status = None;
    harness.wait(6_000);
    harness.watch(20_000, 120_000);
    assert!(harness.ended, "{:?}", harness.lines_with("fetch"));
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn boxes_that_are_none_are_told() {
    let mut harness = PlayerHarness::with_headers(&minute(Moov::Head));
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    harness.input(Input::StartBoxes { fetch_id: 1, boxes: b"no boxes".to_vec(), media_bytes: 0 });
    assert!(harness.lines.last().unwrap().starts_with("fail: BadFile"), "{:?}", harness.lines);
}
