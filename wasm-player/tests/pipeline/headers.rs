//! A film played by headers that the edge makes: no `moov` is read.

use wasm_player::pipeline::{Input, Lane};

use crate::film::{Moov, film, four_minutes, late_sound, minute};
use crate::theatre::Theatre;

#[test]
fn one_request_brings_the_headers_and_the_first_bytes() {
    let film = minute(Moov::Tail);
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(0);
    assert_eq!(
        theatre.lines[..6],
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
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
    theatre.watch(0, 60_000);
    assert!(theatre.ended, "{:?}", theatre.lines);
    // Four windows at a time, the last time less: that was all.
    assert_eq!(theatre.lines_with("Index").len(), 2, "{:?}", theatre.lines_with("fetch"));
    assert_eq!(theatre.samples(Lane::Video), film.video);
    assert_eq!(theatre.samples(Lane::Audio), film.audio);
}

#[test]
fn more_headers_are_asked_for_while_the_range_before_is_on_its_way() {
    let mut theatre = Theatre::with_headers(&four_minutes());
    theatre.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    let mut pieces = 0;
    while theatre.lines_with("headers").is_empty() {
        theatre.stop_after_pieces = Some(1);
        theatre.run();
        pieces += 1;
    }
    let fetches = theatre.lines_with("fetch");
    assert_eq!(fetches.len(), 2, "{fetches:?}");
    assert!(fetches[1].starts_with("fetch 2 headers from=[0, 240, 0, "), "{fetches:?}");
    assert_eq!(pieces, 4, "pieces of 64 KiB, of a range of 410 KB");
}

#[test]
fn what_a_start_does_not_bring_of_its_range_is_asked_for() {
    for start_max in [0, 1, 100_000] {
        let film = minute(Moov::Head);
        let mut theatre = Theatre::with_headers(&film);
        theatre.start_max = start_max;
        theatre.play(0);
        let fetches = theatre.lines_with("Media");
        let first = film.moov.end + 8 + start_max;
        assert!(fetches[1].contains(&format!(" bytes={first}-")), "{fetches:?}");
        theatre.watch(0, 60_000);
        assert_eq!(theatre.samples(Lane::Video), film.video);
    }
}

#[test]
fn a_cut_in_the_first_bytes_goes_on_at_that_byte() {
    let film = minute(Moov::Head);
    let mut theatre = Theatre::with_headers(&film);
    theatre.cut_after = Some(90_001);
    theatre.play(0);
    theatre.cut_after = None;
    theatre.wait(600);
    theatre.run();
    let first = film.moov.end + 8 + 90_001;
    assert!(theatre.lines_with("Media")[1].contains(&format!(" bytes={first}-")));
    theatre.watch(0, 60_000);
    assert_eq!(theatre.samples(Lane::Video), film.video);
}

#[test]
fn a_seek_into_the_unknown_is_one_request() {
    let mut theatre = Theatre::with_headers(&four_minutes());
    theatre.play(0);
    theatre.seek(101_500);
    assert!(theatre.lines_with("fetch")[0].contains("start at=101500 Media"));
    assert_eq!(theatre.spans(Lane::Video), [(100_000, 140_000)]);
    theatre.seek(103_000);
    assert_eq!(theatre.lines_with("fetch"), [""; 0], "it is buffered");
    theatre.seek(100_500);
    assert_eq!(theatre.lines_with("fetch"), [""; 0], "its key frame is known");
}

#[test]
fn a_start_in_the_middle_begins_at_the_key_frame_before_it() {
    let film = four_minutes();
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(101_500);
    assert_eq!(theatre.spans(Lane::Video), [(100_000, 140_000)]);
    theatre.seek(101_500);
    assert!(theatre.lines.is_empty(), "the element's own seek to the start is no seek");
}

#[test]
fn seeks_in_a_hurry_leave_the_last_one() {
    let film = four_minutes();
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(0);
    for time_ms in [50_000, 200_000, 120_000, 10_000, 230_000] {
        theatre.input(Input::Seek { time_ms });
        theatre.stop_after_pieces = Some(1);
        theatre.run();
    }
    theatre.stop_after_pieces = None;
    theatre.run();
    assert_eq!(theatre.spans(Lane::Video), [(230_000, 240_000)]);
    assert!(theatre.ended);
}

#[test]
fn a_seek_behind_the_end_ends_the_stream() {
    let mut theatre = Theatre::with_headers(&minute(Moov::Head));
    theatre.play(0);
    theatre.seek(59_999);
    assert!(theatre.ended, "{:?}", theatre.lines);
    assert_eq!(theatre.spans(Lane::Video), [(58_000, 60_000)]);
}

#[test]
fn the_lead_of_a_late_track_is_stepped_over_once_the_buffers_show_it() {
    let film = late_sound(1_500);
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(0);
    assert_eq!(theatre.lines_with("nudge"), ["nudge to 1500"]);
    theatre.seek(200);
    assert!(theatre.lines_with("fetch").is_empty(), "{:?}", theatre.lines);
    let mut theatre = Theatre::with_headers(&minute(Moov::Head));
    theatre.play(0);
    assert_eq!(theatre.lines_with("nudge"), [""; 0]);
}

#[test]
fn a_film_that_is_another_one_begins_anew_with_its_own_headers() {
    let film = four_minutes();
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(0);
    theatre.status = Some(404);
    theatre.input(Input::Seek { time_ms: 100_000 });
    // Whoever says that there are no headers any more, says it of this film.
    theatre.run_server_once();
    assert_eq!(theatre.lines_with("start over"), ["start over at 100000"]);
    theatre.status = None;
    theatre.run();
    assert_eq!(theatre.spans(Lane::Video), [(100_000, 130_000)]);
    assert_eq!(theatre.lines_with("fail"), [""; 0]);
}

#[test]
fn a_server_that_fails_is_asked_again() {
    let mut theatre = Theatre::with_headers(&minute(Moov::Head));
    theatre.status = Some(503);
    theatre.play(0);
    assert!(theatre.lines_with("waiting").len() == 1, "{:?}", theatre.lines);
    theatre.status = None;
    theatre.wait(600);
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
}

#[test]
fn headers_that_fail_in_mid_play_are_asked_for_again() {
    let film = film(120, 1_500, Moov::Head);
    let mut theatre = Theatre::with_headers(&film);
    theatre.play(0);
    theatre.status = Some(503);
    theatre.watch(0, 20_000);
    theatre.status = None;
    theatre.wait(6_000);
    theatre.watch(20_000, 120_000);
    assert!(theatre.ended, "{:?}", theatre.lines_with("fetch"));
    assert_eq!(theatre.samples(Lane::Video), film.video);
    assert_eq!(theatre.samples(Lane::Audio), film.audio);
}

#[test]
fn boxes_that_are_none_are_told() {
    let mut theatre = Theatre::with_headers(&minute(Moov::Head));
    theatre.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    theatre.input(Input::Started { fetch: 1, boxes: b"no boxes".to_vec(), bytes: 0 });
    assert!(theatre.lines.last().unwrap().starts_with("fail: BadFile"), "{:?}", theatre.lines);
}
