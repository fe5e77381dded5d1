//! Seeks to buffered, planned and unknown media.

use wasm_player::pipeline::{Input, MediaType};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::four_minutes;

#[test]
fn seek_to_buffered_media_requests_nothing() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    harness.watch(0, 3_000);
    for time_ms in [1_000, 29_900, 0] {
        harness.seek(time_ms);
        assert_eq!(harness.lines_with("abort"), [""; 0]);
    }
    assert_eq!(harness.lines, [""; 0]);
}

#[test]
fn seek_to_unbuffered_media_begins_with_init_and_header_at_a_key_frame() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(0);
    harness.seek(151_700);
    assert_eq!(
        harness.lines[..8],
        [
            "abort Video",
            "abort Audio",
            "remove Video 0-4294967295",
            "remove Audio 0-4294967295",
            "append Video init",
            "append Audio init",
            "append Video header",
            "append Audio header",
        ]
    );
    assert_eq!(harness.buffered(MediaType::Video), [(150_000, 190_000)]);
}

#[test]
fn seek_in_mid_range_cancels_its_request() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.stop_after_pieces = Some(14);
    harness.play(0);
    harness.server.stop_after_pieces = None;
    let fetch = harness.lines_with("Media").last().unwrap().split(' ').nth(1).unwrap();
    let cancel = format!("cancel {fetch}");
    harness.seek(200_000);
    assert_eq!(harness.lines[..3], [cancel.as_str(), "abort Video", "abort Audio"]);
    harness.seek(0);
    harness.watch(0, 30_000);
    let video = harness.samples(MediaType::Video);
    let frames = harness.media_source.buffers[&MediaType::Video].samples.len();
    assert!(frames > 1_000 && video.len() > 1_000_000);
}

#[test]
fn seek_to_the_frame_before_the_buffered_range_requests_it() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(150_000);
    let (start_ms, _) = harness.buffered(MediaType::Video)[0];
    harness.seek(start_ms - 20);
    assert!(harness.buffered(MediaType::Video)[0].0 < start_ms - 20);
}

#[test]
fn buffers_have_one_range_after_any_seek() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(60_000);
    for time_ms in [41_000, 70_500, 12_300, 55_700] {
        harness.seek(time_ms);
        let buffered = harness.buffered(MediaType::Video);
        let covers = |range: &(u64, u64)| range.0 <= time_ms && time_ms < range.1;
        assert!(matches!(buffered.as_slice(), [one] if covers(one)), "{time_ms}: {buffered:?}");
    }
}

#[test]
fn unreported_appends_of_a_seek_are_gone_after_the_next_one() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(0);
    harness.server.stop_after_pieces = Some(3);
    harness.input(Input::Seek { time_ms: 100_000 });
    harness.run_server();
    assert_eq!(harness.buffered(MediaType::Video)[0].0, 100_000);
    harness.server.stop_after_pieces = None;
    harness.seek(30_000);
    assert_eq!(harness.buffered(MediaType::Video), [(30_000, 60_000)]);
}

#[test]
fn seek_to_media_being_removed_requests_it() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    harness.watch(0, 30_000);
    harness.lines.clear();
    for time_ms in (30_000..).step_by(250) {
        harness.input(Input::Position { time_ms, playing: true });
        if !harness.lines_with("remove Video").is_empty() {
            break;
        }
    }
    harness.seek(1_000);
    assert_eq!(harness.buffered(MediaType::Video)[0].0, 0);
}

#[test]
fn playback_can_begin_anew_after_the_end() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(220_000);
    assert!(harness.media_source.ended);
    harness.seek(0);
    assert!(!harness.media_source.ended);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
    harness.seek(230_000);
    assert!(harness.media_source.ended, "{:?}", harness.lines);
}
