//! From the first request to the first fragment: the index loader.

use wasm_player::pipeline::{Input, MediaType};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{Moov, film, four_minutes, minute};

fn open(size: Option<u64>) -> Input {
    Input::Open { start_ms: 0, size, resolvable: false }
}

#[test]
fn head_and_tail_are_requested_at_once() {
    let mut harness = PlayerHarness::new(&minute(Moov::Tail).bytes);
    assert_eq!(
        harness.input(open(None)),
        ["fetch 1 bytes=0-262143 Index", "fetch 2 bytes=-524288 Index"]
    );
}

#[test]
fn tail_of_a_file_of_known_length_is_a_closed_range() {
    let mut harness = PlayerHarness::new(&[]);
    assert_eq!(
        harness.input(open(Some(2_000_000))),
        ["fetch 1 bytes=0-262143 Index", "fetch 2 bytes=1475712-1999999 Index"]
    );
    assert_eq!(
        harness.input(open(Some(300_000))),
        [
            "cancel 1",
            "cancel 2",
            "fetch 3 bytes=0-262143 Index",
            "fetch 4 bytes=262144-299999 Index"
        ]
    );
    assert_eq!(
        harness.input(open(Some(1_000))),
        ["cancel 3", "cancel 4", "fetch 5 bytes=0-999 Index"]
    );
}

#[test]
fn init_and_header_are_appended_before_media_is_requested() {
    let film = minute(Moov::Head);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(0);
    assert_eq!(
        harness.lines[2..10],
        [
            "cancel 1",
            "cancel 2",
            concat!(
                r#"buffers video/mp4; codecs="avc1.64001f" "#,
                r#"audio/mp4; codecs="mp4a.40.2" for 60000 ms"#
            ),
            "append Video init",
            "append Audio init",
            "append Video header",
            "append Audio header",
            "fetch 3 bytes=19194-434819 Media",
        ]
    );
}

#[test]
fn only_the_missing_part_of_a_long_moov_is_requested() {
    // The sizes of 24 video and 47 audio samples a second, for 7200 s, make a moov of 2 MB.
    for moov in [Moov::Head, Moov::Tail] {
        let film = film(7_200, 10, moov);
        let mut harness = PlayerHarness::new(&film.bytes);
        harness.play(0);
        let index = harness.lines_with("Index");
        assert_eq!(index.len(), 3, "{index:?}");
        let size = film.bytes.len() as u64;
        let (start, end) = match moov {
            Moov::Head => (262_144, film.moov.end),
            Moov::Tail => (film.moov.start, size - 524_288),
        };
        assert_eq!(index[2], format!("fetch 3 bytes={start}-{} Index", end - 1));
        assert_eq!(harness.buffered(MediaType::Video)[0].0, 0);
    }
}

#[test]
fn start_in_the_middle_begins_at_the_key_frame_before_it() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(101_500);
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 140_000)]);
    harness.seek(101_500);
    assert!(harness.lines.is_empty(), "the element's own seek to the start needs nothing");
}

#[test]
fn server_without_suffix_ranges_is_sent_closed_ranges() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.has_suffixes = false;
    harness.play(0);
    assert_eq!(harness.lines_with("fail"), [""; 0]);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn small_file_from_a_server_without_ranges_plays() {
    let film = film(10, 1_500, Moov::Head);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.status = Some(200);
    harness.play(0);
    assert!(harness.media_source.ended, "{:?}", harness.lines);
    assert_eq!(harness.samples(MediaType::Video), film.video);
}

#[test]
fn large_file_from_a_server_without_ranges_falls_back() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.server.status = Some(200);
    harness.play(0);
    assert_eq!(harness.lines.last().unwrap(), "fall back: NoRanges");
}
