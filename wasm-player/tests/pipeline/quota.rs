//! Buffers that are full.

use wasm_player::pipeline::MediaType;

use crate::harness::PlayerHarness;
use crate::synthetic_film::four_minutes;

fn room(harness: &mut PlayerHarness, media_type: MediaType, room_ms: u64) {
    harness.buffers.get_mut(&media_type).unwrap().room_ms = Some(room_ms);
}

#[test]
fn a_full_buffer_drops_what_is_behind_and_takes_the_same_bytes_again() {
    let film = four_minutes();
    for media_type in [MediaType::Video, MediaType::Audio] {
        let mut harness = PlayerHarness::new(&film.bytes);
        room(&mut harness, media_type, 20_000);
        harness.play(0);
        harness.watch(0, 230_000);
        harness.watch(230_000, 240_000);
        assert!(harness.ended, "{:#?}", harness.lines.last());
        assert_eq!(harness.samples(MediaType::Video), film.video);
        assert_eq!(harness.samples(MediaType::Audio), film.audio);
    }
}

#[test]
fn a_full_buffer_makes_the_goal_smaller() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    room(&mut harness, MediaType::Video, 12_000);
    harness.play(0);
    harness.watch(0, 60_000);
    harness.lines.clear();
    harness.watch(60_000, 120_000);
    let refusals = harness.lines_with("retry").len();
    assert!(refusals < 60, "{refusals} in a minute");
}

#[test]
fn after_a_seek_the_place_left_makes_room_for_the_new_one() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    room(&mut harness, MediaType::Video, 25_000);
    harness.play(0);
    harness.seek(150_000);
    assert!(harness.buffered(MediaType::Video).iter().any(|s| s.0 == 150_000 && s.1 > 155_000));
    harness.seek(20_000);
    assert!(harness.buffered(MediaType::Video).iter().any(|s| s.0 <= 20_000 && s.1 > 25_000));
}

#[test]
fn a_buffer_too_small_for_anything_is_left_to_the_browser() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.buffers.get_mut(&MediaType::Video).unwrap().is_jammed = true;
    harness.play(0);
    assert_eq!(harness.lines.last().unwrap(), "fall back: BufferFull");
}
