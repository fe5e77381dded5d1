//! Faults of network, server and file: playback goes on, or reports why it does not.

use wasm_player::pipeline::{Input, MediaType};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{Moov, four_minutes, minute};

fn episode(harness: &mut PlayerHarness) {
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: true });
    harness.run();
}

#[test]
fn cut_body_is_resumed_at_the_missing_byte() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.cut_after = Some(300_000);
    harness.play(0);
    harness.wait(60_000);
    let media = harness.lines_with("Media");
    assert_eq!(media[..2], ["fetch 4 bytes=40-415665 Media", "fetch 5 bytes=300040-415665 Media"]);
    harness.watch(0, 60_000);
    harness.wait(60_000);
    assert!(harness.media_source.ended);
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn short_response_is_followed_by_a_request_for_the_rest() {
    let film = minute(Moov::Tail);
    for has_content_range in [true, false] {
        let mut harness = PlayerHarness::new(&film.bytes);
        harness.input(Input::Open {
            start_ms: 0,
            size: Some(film.bytes.len() as u64),
            resolvable: false,
        });
        harness.server.has_content_range = has_content_range;
        harness.server.response_max = 100_000;
        harness.run();
        let media = harness.lines_with("Media");
        assert_eq!(media[0].split(' ').nth(2), Some("bytes=40-415665"), "{media:?}");
        assert_eq!(media[1].split(' ').nth(2), Some("bytes=100040-415665"), "{media:?}");
        harness.watch(0, 60_000);
        assert!(harness.media_source.ended);
        assert_eq!(harness.lines_with("waiting"), [""; 0]);
        assert_eq!(harness.samples(MediaType::Video), film.video);
        assert_eq!(harness.samples(MediaType::Audio), film.audio);
    }
}

#[test]
fn tail_in_several_responses_is_joined() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.response_max = 9_000;
    harness.play(0);
    assert_eq!(harness.lines_with("waiting"), [""; 0]);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn connection_that_always_breaks_still_delivers_the_film() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.cut_after = Some(7_777);
    harness.play(0);
    harness.wait(600_000);
    harness.watch(0, 60_000);
    harness.wait(600_000);
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
}

#[test]
fn retry_pauses_grow_and_end() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    harness.server.cut_after = Some(0);
    harness.input(Input::Seek { time_ms: 100_000 });
    let mut waits = Vec::new();
    while !harness.lines.last().unwrap().starts_with("fail") {
        harness.run();
        let Some(at_ms) = harness.wake_at_ms.take() else { break };
        waits.push(at_ms - harness.now_ms);
        harness.now_ms = at_ms;
        harness.input(Input::Tick);
    }
    assert_eq!(waits[..6], [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    let last = harness.lines.last().unwrap();
    assert!(last.starts_with("fail: Unreachable"), "{last}");
    assert!(waits.iter().sum::<u64>() > 500_000);
}

#[test]
fn url_that_never_answers_is_given_up_soon() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.server.status = Some(503);
    harness.play(0);
    harness.wait(15_000);
    assert!(harness.lines.last().unwrap().starts_with("fail: Status(50"), "{:?}", harness.lines);
}

#[test]
fn offline_player_requests_nothing_until_it_is_online() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.cut_after = Some(400_000);
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    harness.input(Input::Online(false));
    harness.run();
    let requests = harness.lines_with("fetch").len();
    harness.wait(3_600_000);
    assert_eq!(harness.lines_with("fetch").len(), requests);
    harness.server.cut_after = None;
    harness.input(Input::Online(true));
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn stalled_response_is_requested_again() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.server.stop_after_pieces = Some(14);
    harness.play(0);
    harness.server.stop_after_pieces = None;
    harness.lines.clear();
    harness.server.stall();
    harness.wait(30_000);
    assert!(harness.lines[0].starts_with("cancel"), "{:?}", harness.lines);
    assert!(harness.lines_with("waiting: Network").len() == 1);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn changed_file_starts_over_at_the_same_time_and_is_never_mixed() {
    let film = four_minutes();
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.play(0);
    harness.watch(0, 20_000);
    let other = crate::harness::synthetic_film::film(240, 1_700, Moov::Tail);
    harness.server.file.clone_from(&other.bytes);
    harness.server.etag = 2;
    harness.lines.clear();
    harness.watch(20_000, 21_000);
    assert_eq!(harness.lines_with("start over"), ["start over at 20250"]);
    harness.watch(21_000, 240_000);
    let last: Vec<u8> = harness.samples(MediaType::Video);
    assert!(other.video.ends_with(&last) && last.len() > other.video.len() * 5 / 6);
}

#[test]
fn changed_file_of_equal_length_is_detected_by_its_etag() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    harness.server.etag = 2;
    harness.seek(120_000);
    assert_eq!(harness.lines_with("start over"), ["start over at 120000"]);
    assert_eq!(harness.buffered(MediaType::Video), [(120_000, 150_000)]);
}

#[test]
fn file_that_changes_all_the_time_is_given_up() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    for n in 0..4_u32 {
        harness.server.etag = n;
        harness.seek(u64::from(50_000 * (n + 1)));
    }
    assert!(harness.lines.last().unwrap().starts_with("fail: FileChanged"), "{:?}", harness.lines);
}

#[test]
fn wrong_length_in_the_catalog_is_corrected() {
    let mut harness = PlayerHarness::new(&minute(Moov::Tail).bytes);
    harness.input(Input::Open { start_ms: 0, size: Some(1_000_000), resolvable: true });
    harness.run();
    assert_eq!(harness.lines_with("start over"), ["start over at 0"]);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
}

#[test]
fn moved_film_is_resolved_once() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    episode(&mut harness);
    harness.server.status = Some(404);
    harness.seek(100_000);
    assert_eq!(harness.lines.last().unwrap(), "resolve");
    harness.server.status = None;
    harness.input(Input::Resolved { size: None });
    harness.run();
    assert_eq!(harness.buffered(MediaType::Video), [(100_000, 130_000)]);
    harness.server.status = Some(403);
    harness.seek(200_000);
    harness.input(Input::Resolved { size: None });
    harness.run();
    assert!(harness.lines.last().unwrap().starts_with("fail: Status(403)"));
}

#[test]
fn invalid_file_fails_at_once() {
    let film = minute(Moov::Tail).bytes;
    let cut_off = film[..1_000_000].to_vec();
    let cases: [(&[u8], &str); 3] = [
        (b"this is a text, not a film", "fail: BadFile"),
        (b"", "fail: Empty"),
        (&cut_off, "fail: BadFile"),
    ];
    for (file, expected) in cases {
        let mut harness = PlayerHarness::new(file);
        harness.play(0);
        let last = harness.lines.last().unwrap();
        assert!(last.starts_with(expected), "{last}");
    }
}

#[test]
fn truncated_film_plays_to_its_end_and_falls_back_there() {
    let film = minute(Moov::Head).bytes;
    let mut harness = PlayerHarness::new(&film[..1_000_000]);
    harness.play(0);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 20_000)]);
    harness.watch(0, 15_500);
    assert_eq!(harness.lines_with("Truncated"), [""; 0]);
    // The sound of the last pictures may lie behind the cut.
    harness.watch(15_500, 17_000);
    let last = harness.lines.last().unwrap();
    assert!(last.starts_with("fall back: Truncated"), "{last}");
    // Behind the cut there is nothing to play first.
    let mut harness = PlayerHarness::new(&film[..1_000_000]);
    harness.play(40_000);
    let last = harness.lines.last().unwrap();
    assert!(last.starts_with("fall back: Truncated"), "{last}");
}

#[test]
fn undecodable_media_starts_over_once_and_then_falls_back() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    let failed = || Input::MediaElementFailed;
    assert_eq!(harness.input(failed())[0], "start over at 0");
    harness.run();
    let lines = harness.input(failed());
    assert_eq!(lines[0], "fall back: Decode");
}

#[test]
fn unsupported_media_falls_back() {
    for media_type in [MediaType::Audio, MediaType::Video] {
        let mut harness = PlayerHarness::new(&minute(Moov::Head).bytes);
        harness.play(0);
        let lines = harness.input(Input::Unsupported { media_type });
        assert!(lines[0].starts_with("fall back: Unsupported"), "{lines:?}");
    }
}

/// Reports a position that stands, once a second; returns the effects of each report.
fn stand(harness: &mut PlayerHarness, seconds: u64, time_ms: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..seconds {
        harness.now_ms += 1000;
        lines.extend(harness.input(Input::Position { time_ms, playing: true }));
        harness.run();
    }
    lines
}

#[test]
fn position_that_stands_is_nudged_then_buffers_are_made_again_then_the_browser_plays() {
    let mut harness = PlayerHarness::new(&minute(Moov::Head).bytes);
    harness.play(0);
    harness.watch(0, 2_000);
    let lines = stand(&mut harness, 3, 2_000);
    assert_eq!(lines, ["nudge to 2100"]);
    let lines = stand(&mut harness, 3, 2_100);
    assert!(lines[0].starts_with("notice: Stalled([(Video, "), "{lines:?}");
    assert_eq!(lines[1], "start over at 2100");
    let lines = stand(&mut harness, 9, 2_100);
    assert_eq!(lines[0], "nudge to 2200");
    assert!(lines[1].starts_with("fall back: Stalled([(Video, "), "{lines:?}");
}

#[test]
fn position_that_waits_for_data_does_not_stand() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    harness.run_server_once();
    for _ in 0..15 {
        harness.now_ms += 1000;
        let lines = harness.input(Input::Position { time_ms: 0, playing: true });
        assert_eq!(lines, [""; 0]);
    }
}
