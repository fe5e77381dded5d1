//! Full buffers: `QuotaExceededError` and removals.

use wasm_player::pipeline::MediaType;

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::four_minutes;

fn room(harness: &mut PlayerHarness, media_type: MediaType, room_ms: u64) {
    harness.media_source.buffers.get_mut(&media_type).unwrap().room_ms = Some(room_ms);
}

#[test]
fn full_buffer_drops_old_media_and_takes_the_refused_bytes() {
    let film = four_minutes();
    for media_type in [MediaType::Video, MediaType::Audio] {
        let mut harness = PlayerHarness::new(&film.bytes);
        room(&mut harness, media_type, 20_000);
        harness.play(0);
        harness.watch(0, 230_000);
        harness.watch(230_000, 240_000);
        assert!(harness.media_source.ended, "{:#?}", harness.lines.last());
        assert_eq!(harness.samples(MediaType::Video), film.video);
        assert_eq!(harness.samples(MediaType::Audio), film.audio);
    }
}

#[test]
fn full_buffer_lowers_the_buffer_goal() {
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
fn full_buffer_has_room_at_the_target_of_a_seek() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    room(&mut harness, MediaType::Video, 25_000);
    harness.play(0);
    harness.seek(150_000);
    assert!(harness.buffered(MediaType::Video).iter().any(|s| s.0 == 150_000 && s.1 > 155_000));
    harness.seek(20_000);
    assert!(harness.buffered(MediaType::Video).iter().any(|s| s.0 <= 20_000 && s.1 > 25_000));
}

#[test]
fn buffer_without_any_room_falls_back() {
    let mut harness = PlayerHarness::new(&four_minutes().bytes);
    harness.media_source.buffers.get_mut(&MediaType::Video).unwrap().is_jammed = true;
    harness.play(0);
    assert_eq!(harness.lines.last().unwrap(), "fall back: BufferFull");
}
