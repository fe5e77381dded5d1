//! Normal playback: buffer goal, removal of old media, gaps, and the end of the stream.

use wasm_player::pipeline::{Input, MediaType, TimeRange};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{Moov, film, four_minutes, late_audio, minute};

#[test]
fn film_plays_from_its_first_byte_to_its_end() {
    for moov in [Moov::Head, Moov::Tail] {
        let film = minute(moov);
        let mut harness = PlayerHarness::new(&film.bytes);
        harness.play(0);
        harness.watch(0, 60_000);
        assert!(harness.media_source.ended);
        assert_eq!(harness.samples(MediaType::Video), film.video);
        assert_eq!(harness.samples(MediaType::Audio), film.audio);
        assert_eq!(harness.lines_with("fail"), [""; 0]);
    }
}

#[test]
fn piece_lengths_change_neither_effects_nor_samples() {
    let film = minute(Moov::Tail);
    let mut whole = PlayerHarness::new(&film.bytes);
    whole.play(0);
    whole.watch(0, 60_000);
    for seed in 1..6_u32 {
        let mut cut = PlayerHarness::new(&film.bytes);
        let mut state = seed;
        cut.server.piece_len = Box::new(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let most = if seed % 2 == 0 { 3_000 } else { 150_000 };
            (state >> 8) as usize % most + 1
        });
        cut.play(0);
        cut.watch(0, 60_000);
        assert_eq!(cut.lines, whole.lines);
        for media_type in [MediaType::Video, MediaType::Audio] {
            assert_eq!(
                cut.media_source.buffers[&media_type].samples,
                whole.media_source.buffers[&media_type].samples
            );
            assert!(cut.media_source.buffers[&media_type].is_at_rest());
        }
    }
}

#[test]
fn buffer_goal_is_half_a_minute() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 30_000)]);
    harness.watch(0, 5_000);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 40_000)]);
}

#[test]
fn media_behind_the_back_buffer_is_removed_up_to_a_key_frame() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.play(0);
    harness.watch(0, 60_000);
    let first_ms = harness.buffered(MediaType::Video)[0].0;
    assert!((18_000..=30_000).contains(&first_ms), "{first_ms}");
    assert!(harness.lines_with("remove").iter().all(|line| line.ends_with("999")));
}

#[test]
fn reading_stops_while_too_many_appends_are_pending() {
    let film = film(30, 50_000, Moov::Tail);
    let mut harness = PlayerHarness::new(&film.bytes);
    harness.has_slow_buffers = true;
    harness.play(0);
    assert!(harness.media_source.most_pending > 4 << 20);
    assert!(
        harness.media_source.most_pending <= (4 << 20) + 65_536 + 20_000,
        "{}",
        harness.media_source.most_pending
    );
}

#[test]
fn small_initial_gap_of_late_audio_is_skipped() {
    let mut harness = PlayerHarness::new(&late_audio(200).bytes);
    harness.play(0);
    assert_eq!(harness.lines_with("nudge"), ["nudge to 200"]);
    harness.watch(200, 5_000);
    harness.seek(0);
    assert_eq!(harness.lines, ["nudge to 200"]);
    harness.watch(200, 3_000);
    assert_eq!(harness.lines_with("nudge").len(), 1);
}

#[test]
fn small_gap_at_the_play_position_is_skipped() {
    let mut harness = PlayerHarness::new(&minute(Moov::Tail).bytes);
    harness.play(0);
    let cut = TimeRange { start_ms: 0, end_ms: 200 };
    for media_type in [MediaType::Video, MediaType::Audio] {
        harness.media_source.buffers.get_mut(&media_type).unwrap().remove(cut);
        let buffered = harness.media_source.buffers[&media_type].buffered.clone();
        harness.input(Input::Removed { media_type, buffered });
    }
    harness.input(Input::Position { time_ms: 0, playing: true });
    let lines = harness.input(Input::Position { time_ms: 0, playing: true });
    assert_eq!(lines, ["nudge to 200"]);
}
