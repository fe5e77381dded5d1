//! Buffers that are full.

use wasm_player::pipeline::Lane;

use crate::film::four_minutes;
use crate::theatre::Theatre;

fn room(theatre: &mut Theatre, lane: Lane, room_ms: u64) {
    theatre.buffers.get_mut(&lane).unwrap().room_ms = Some(room_ms);
}

#[test]
fn a_full_buffer_drops_what_is_behind_and_takes_the_same_bytes_again() {
    let film = four_minutes();
    for lane in [Lane::Video, Lane::Audio] {
        let mut theatre = Theatre::new(&film.bytes);
        room(&mut theatre, lane, 20_000);
        theatre.play(0);
        theatre.watch(0, 230_000);
        theatre.watch(230_000, 240_000);
        assert!(theatre.ended, "{:#?}", theatre.lines.last());
        assert_eq!(theatre.samples(Lane::Video), film.video);
        assert_eq!(theatre.samples(Lane::Audio), film.audio);
    }
}

#[test]
fn a_full_buffer_makes_the_goal_smaller() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    room(&mut theatre, Lane::Video, 12_000);
    theatre.play(0);
    theatre.watch(0, 60_000);
    theatre.lines.clear();
    theatre.watch(60_000, 120_000);
    let refusals = theatre.lines_with("retry").len();
    assert!(refusals < 60, "{refusals} in a minute");
}

#[test]
fn after_a_seek_the_place_left_makes_room_for_the_new_one() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    room(&mut theatre, Lane::Video, 25_000);
    theatre.play(0);
    theatre.seek(150_000);
    assert!(theatre.spans(Lane::Video).iter().any(|s| s.0 == 150_000 && s.1 > 155_000));
    theatre.seek(20_000);
    assert!(theatre.spans(Lane::Video).iter().any(|s| s.0 <= 20_000 && s.1 > 25_000));
}

#[test]
fn a_buffer_too_small_for_anything_is_left_to_the_browser() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.buffers.get_mut(&Lane::Video).unwrap().is_jammed = true;
    theatre.play(0);
    assert_eq!(theatre.lines.last().unwrap(), "fall back: BufferFull");
}
