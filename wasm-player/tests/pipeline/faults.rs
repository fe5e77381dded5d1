//! What goes wrong on the way, and how playback goes on or says why it does not.

use wasm_player::pipeline::{Input, Lane};

use crate::film::{Moov, four_minutes, minute};
use crate::theatre::Theatre;

fn episode(theatre: &mut Theatre) {
    theatre.input(Input::Open { start_ms: 0, size: None, resolvable: true });
    theatre.run();
}

#[test]
fn a_cut_goes_on_at_the_very_byte() {
    let film = minute(Moov::Tail);
    let mut theatre = Theatre::new(&film.bytes);
    theatre.cut_after = Some(300_000);
    theatre.play(0);
    theatre.wait(60_000);
    let media = theatre.lines_with("Media");
    assert_eq!(media[..2], ["fetch 4 bytes=40-415665 Media", "fetch 5 bytes=300040-415665 Media"]);
    theatre.watch(0, 60_000);
    theatre.wait(60_000);
    assert!(theatre.ended);
    assert_eq!(theatre.samples(Lane::Video), film.video);
    assert_eq!(theatre.samples(Lane::Audio), film.audio);
}

#[test]
fn behind_an_answer_that_is_shorter_than_asked_the_rest_is_asked_for_at_once() {
    let film = minute(Moov::Tail);
    for has_content_range in [true, false] {
        let mut theatre = Theatre::new(&film.bytes);
        theatre.input(Input::Open {
            start_ms: 0,
            size: Some(film.bytes.len() as u64),
            resolvable: false,
        });
        theatre.has_content_range = has_content_range;
        theatre.answer_max = 100_000;
        theatre.run();
        let media = theatre.lines_with("Media");
        assert_eq!(media[0].split(' ').nth(2), Some("bytes=40-415665"), "{media:?}");
        assert_eq!(media[1].split(' ').nth(2), Some("bytes=100040-415665"), "{media:?}");
        theatre.watch(0, 60_000);
        assert!(theatre.ended);
        assert_eq!(theatre.lines_with("waiting"), [""; 0]);
        assert_eq!(theatre.samples(Lane::Video), film.video);
        assert_eq!(theatre.samples(Lane::Audio), film.audio);
    }
}

#[test]
fn a_tail_that_comes_in_parts_is_put_together() {
    let film = minute(Moov::Tail);
    let mut theatre = Theatre::new(&film.bytes);
    theatre.answer_max = 9_000;
    theatre.play(0);
    assert_eq!(theatre.lines_with("waiting"), [""; 0]);
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
}

#[test]
fn a_connection_that_breaks_all_the_time_still_brings_the_film() {
    let film = minute(Moov::Tail);
    let mut theatre = Theatre::new(&film.bytes);
    theatre.cut_after = Some(7_777);
    theatre.play(0);
    theatre.wait(600_000);
    theatre.watch(0, 60_000);
    theatre.wait(600_000);
    assert_eq!(theatre.samples(Lane::Video), film.video);
    assert_eq!(theatre.samples(Lane::Audio), film.audio);
}

#[test]
fn waits_grow_and_end() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    theatre.cut_after = Some(0);
    theatre.input(Input::Seek { time_ms: 100_000 });
    let mut waits = Vec::new();
    while !theatre.lines.last().unwrap().starts_with("fail") {
        theatre.run();
        let Some(at_ms) = theatre.wake_at_ms.take() else { break };
        waits.push(at_ms - theatre.now_ms);
        theatre.now_ms = at_ms;
        theatre.input(Input::Tick);
    }
    assert_eq!(waits[..6], [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    let last = theatre.lines.last().unwrap();
    assert!(last.starts_with("fail: Unreachable"), "{last}");
    assert!(waits.iter().sum::<u64>() > 500_000);
}

#[test]
fn an_address_that_never_answers_is_given_up_soon() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.status = Some(503);
    theatre.play(0);
    theatre.wait(15_000);
    assert!(theatre.lines.last().unwrap().starts_with("fail: Status(50"), "{:?}", theatre.lines);
}

#[test]
fn without_a_network_nothing_is_tried_until_it_is_back() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.cut_after = Some(400_000);
    theatre.input(Input::Open { start_ms: 0, size: None, resolvable: false });
    theatre.input(Input::Online(false));
    theatre.run();
    let asked = theatre.lines_with("fetch").len();
    theatre.wait(3_600_000);
    assert_eq!(theatre.lines_with("fetch").len(), asked);
    theatre.cut_after = None;
    theatre.input(Input::Online(true));
    theatre.run();
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
}

#[test]
fn an_answer_that_stops_in_its_middle_is_asked_for_again() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.stop_after_pieces = Some(14);
    theatre.play(0);
    theatre.stop_after_pieces = None;
    theatre.lines.clear();
    theatre.dies_silently();
    theatre.wait(30_000);
    assert!(theatre.lines[0].starts_with("cancel"), "{:?}", theatre.lines);
    assert!(theatre.lines_with("waiting: Network").len() == 1);
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
}

#[test]
fn a_file_that_changes_is_played_anew_from_the_same_time_and_never_mixed() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.play(0);
    theatre.watch(0, 20_000);
    let other = crate::film::film(240, 1_700, Moov::Tail);
    theatre.file.clone_from(&other.bytes);
    theatre.etag = 2;
    theatre.lines.clear();
    theatre.watch(20_000, 21_000);
    assert_eq!(theatre.lines_with("start over"), ["start over at 20250"]);
    theatre.watch(21_000, 240_000);
    let last: Vec<u8> = theatre.samples(Lane::Video);
    assert!(other.video.ends_with(&last) && last.len() > other.video.len() * 5 / 6);
}

#[test]
fn a_file_that_keeps_its_length_is_told_apart_by_its_etag() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    theatre.etag = 2;
    theatre.seek(120_000);
    assert_eq!(theatre.lines_with("start over"), ["start over at 120000"]);
    assert_eq!(theatre.spans(Lane::Video), [(120_000, 150_000)]);
}

#[test]
fn a_file_that_changes_all_the_time_is_given_up() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    for n in 0..4_u32 {
        theatre.etag = n;
        theatre.seek(u64::from(50_000 * (n + 1)));
    }
    assert!(theatre.lines.last().unwrap().starts_with("fail: Changed"), "{:?}", theatre.lines);
}

#[test]
fn a_wrong_length_in_the_catalogue_is_set_right() {
    let mut theatre = Theatre::new(&minute(Moov::Tail).bytes);
    theatre.input(Input::Open { start_ms: 0, size: Some(1_000_000), resolvable: true });
    theatre.run();
    assert_eq!(theatre.lines_with("start over"), ["start over at 0"]);
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
}

#[test]
fn a_film_that_moved_is_looked_up_once() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    episode(&mut theatre);
    theatre.status = Some(404);
    theatre.seek(100_000);
    assert_eq!(theatre.lines.last().unwrap(), "resolve");
    theatre.status = None;
    theatre.input(Input::Resolved { size: None });
    theatre.run();
    assert_eq!(theatre.spans(Lane::Video), [(100_000, 130_000)]);
    theatre.status = Some(403);
    theatre.seek(200_000);
    theatre.input(Input::Resolved { size: None });
    theatre.run();
    assert!(theatre.lines.last().unwrap().starts_with("fail: Status(403)"));
}

#[test]
fn what_is_no_film_is_told_at_once() {
    let film = minute(Moov::Tail).bytes;
    let cut_off = film[..1_000_000].to_vec();
    let cases: [(&[u8], &str); 3] = [
        (b"this is a text, not a film", "fail: BadFile"),
        (b"", "fail: Empty"),
        (&cut_off, "fail: BadFile"),
    ];
    for (file, told) in cases {
        let mut theatre = Theatre::new(file);
        theatre.play(0);
        let last = theatre.lines.last().unwrap();
        assert!(last.starts_with(told), "{last}");
    }
}

#[test]
fn a_film_cut_off_behind_its_index_plays_what_is_there_and_says_so() {
    let film = minute(Moov::Head).bytes;
    let mut theatre = Theatre::new(&film[..1_000_000]);
    theatre.play(0);
    assert_eq!(theatre.spans(Lane::Video), [(0, 20_000)]);
    let last = theatre.lines.last().unwrap();
    assert!(last.contains("CutOff"), "{last}");
}

#[test]
fn pictures_that_do_not_decode_are_tried_once_more_and_then_left_to_the_browser() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    let failed = || Input::MediaFailed;
    assert_eq!(theatre.input(failed())[0], "start over at 0");
    theatre.run();
    let lines = theatre.input(failed());
    assert_eq!(lines[0], "fall back: Decode");
}

#[test]
fn sound_that_no_buffer_takes_is_left_to_the_browser_and_pictures_are_named() {
    for (lane, wanted) in [(Lane::Audio, "fall back"), (Lane::Video, "fail")] {
        let mut theatre = Theatre::new(&minute(Moov::Head).bytes);
        theatre.play(0);
        let lines = theatre.input(Input::Unsupported { lane });
        assert!(lines[0].starts_with(&format!("{wanted}: Unsupported")), "{lines:?}");
    }
}
