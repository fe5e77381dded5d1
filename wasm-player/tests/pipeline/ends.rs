//! Tracks that begin late or end early, and films of few pictures: every time has a picture and sound.

use wasm_player::pipeline::{MediaType, WindowSource};

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{SyntheticFilm, late_audio, of_lengths, slides};

/// Plays a film to its end, by its index and by headers, and checks that both buffers have all times.
fn plays(film: &SyntheticFilm, seconds: u64) {
    plays_on(PlayerHarness::new(&film.bytes), seconds);
    plays_on(PlayerHarness::with_headers(film), seconds);
}

fn plays_on<W: WindowSource>(mut harness: PlayerHarness<W>, seconds: u64) {
    harness.play(0);
    for at in 0..seconds {
        harness.watch(at * 1000, (at + 1) * 1000);
        for media_type in [MediaType::Video, MediaType::Audio] {
            let buffered = joined(harness.buffered(media_type));
            let holds = |&(start, end): &(u64, u64)| {
                start <= at * 1000 + 42 && ((at + 1) * 1000 <= end || end + 1_500 >= seconds * 1000)
            };
            assert!(buffered.iter().any(holds), "{media_type:?} at {at} s: {buffered:?}");
        }
    }
    assert!(harness.media_source.ended, "{:?}", harness.lines);
    assert_eq!(harness.lines_with("nudge"), [""; 0]);
    assert_eq!(harness.lines_with("fail"), [""; 0]);
}

/// The ranges, those that a browser plays through as one.
fn joined(ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (start, end) in ranges {
        match all.last_mut() {
            Some(last) if start <= last.1 + 42 => last.1 = end,
            _ => all.push((start, end)),
        }
    }
    all
}

#[test]
fn silence_follows_sound_that_ends_early() {
    plays(&of_lengths(90, 5), 90);
}

#[test]
fn silence_precedes_sound_that_begins_late() {
    plays(&late_audio(6_000), 66);
    // Its pictures end long before its sound, and so it has no headers.
    plays_on(PlayerHarness::new(&late_audio(50_000).bytes), 110);
}

#[test]
fn last_picture_is_held_while_the_sound_goes_on() {
    let film = of_lengths(5, 20);
    plays(&film, 20);
    // Longer ones have no headers.
    plays_on(PlayerHarness::new(&of_lengths(5, 90).bytes), 90);
}

#[test]
fn seek_behind_the_end_of_a_track_finds_both_buffers_filled() {
    for (video, audio) in [(90, 5), (5, 90)] {
        let mut harness = PlayerHarness::new(&of_lengths(video, audio).bytes);
        harness.play(0);
        harness.seek(70_000);
        for media_type in [MediaType::Video, MediaType::Audio] {
            let buffered = harness.buffered(media_type);
            let holds = |&(start, end): &(u64, u64)| start <= 70_042 && 88_000 <= end;
            assert!(buffered.iter().any(holds), "{media_type:?}: {buffered:?}");
        }
    }
}

#[test]
fn pictures_are_buffered_ahead_however_long_they_are() {
    let mut harness = PlayerHarness::new(&slides(20, 60).bytes);
    harness.play(0);
    assert_eq!(harness.buffered(MediaType::Video), [(0, 240_000)]);
    harness.watch(0, 65_000);
    assert_eq!(harness.buffered(MediaType::Video).last().unwrap().1, 360_000);
    plays(&slides(5, 60), 300);
}
