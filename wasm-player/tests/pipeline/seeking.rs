//! Going elsewhere.

use wasm_player::pipeline::{Input, Lane};

use crate::film::four_minutes;
use crate::theatre::Theatre;

#[test]
fn a_seek_to_what_is_buffered_fetches_nothing() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    theatre.watch(0, 3_000);
    for time_ms in [1_000, 29_900, 0] {
        theatre.seek(time_ms);
        assert_eq!(theatre.lines_with("abort"), [""; 0]);
    }
    assert_eq!(theatre.lines, [""; 0]);
}

#[test]
fn a_seek_elsewhere_begins_with_init_and_a_new_header_at_a_key_frame() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.play(0);
    theatre.seek(151_700);
    assert_eq!(
        theatre.lines[..8],
        [
            "abort Video",
            "abort Audio",
            "evict Video 0-4294967295",
            "evict Audio 0-4294967295",
            "append Video init",
            "append Audio init",
            "append Video header",
            "append Audio header",
        ]
    );
    assert_eq!(theatre.spans(Lane::Video), [(150_000, 190_000)]);
}

#[test]
fn a_seek_in_mid_fragment_cancels_its_request() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.stop_after_pieces = Some(14);
    theatre.play(0);
    theatre.stop_after_pieces = None;
    let fetch = theatre.lines_with("Media").last().unwrap().split(' ').nth(1).unwrap();
    let cancel = format!("cancel {fetch}");
    theatre.seek(200_000);
    assert_eq!(theatre.lines[..3], [cancel.as_str(), "abort Video", "abort Audio"]);
    theatre.seek(0);
    theatre.watch(0, 30_000);
    let video = theatre.samples(Lane::Video);
    let frames = theatre.buffers[&Lane::Video].samples.len();
    assert!(frames > 1_000 && video.len() > 1_000_000);
}

#[test]
fn a_seek_to_the_last_picture_in_front_of_the_run_is_fetched() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(150_000);
    let (start_ms, _) = theatre.spans(Lane::Video)[0];
    theatre.seek(start_ms - 20);
    assert!(theatre.spans(Lane::Video)[0].0 < start_ms - 20);
}

#[test]
fn after_any_seek_the_buffers_hold_one_run_without_a_break() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.play(60_000);
    for time_ms in [41_000, 70_500, 12_300, 55_700] {
        theatre.seek(time_ms);
        let spans = theatre.spans(Lane::Video);
        let covers = |span: &(u64, u64)| span.0 <= time_ms && time_ms < span.1;
        assert!(matches!(spans.as_slice(), [one] if covers(one)), "{time_ms}: {spans:?}");
    }
}

#[test]
fn what_a_seek_appended_before_any_buffer_told_of_it_is_gone_after_the_next_one() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.play(0);
    theatre.stop_after_pieces = Some(3);
    theatre.input(Input::Seek { time_ms: 100_000 });
    theatre.run_server();
    assert_eq!(theatre.spans(Lane::Video)[0].0, 100_000);
    theatre.stop_after_pieces = None;
    theatre.seek(30_000);
    assert_eq!(theatre.spans(Lane::Video), [(30_000, 60_000)]);
}

#[test]
fn a_seek_to_what_is_being_removed_is_fetched() {
    let mut theatre = Theatre::new(&four_minutes().bytes);
    theatre.play(0);
    theatre.watch(0, 30_000);
    theatre.lines.clear();
    for time_ms in (30_000..).step_by(250) {
        theatre.input(Input::Position { time_ms, playing: true });
        if !theatre.lines_with("evict Video").is_empty() {
            break;
        }
    }
    theatre.seek(1_000);
    assert_eq!(theatre.spans(Lane::Video)[0].0, 0);
}

#[test]
fn after_the_end_playback_can_begin_anew() {
    let film = four_minutes();
    let mut theatre = Theatre::new(&film.bytes);
    theatre.play(220_000);
    assert!(theatre.ended);
    theatre.seek(0);
    assert!(!theatre.ended);
    assert_eq!(theatre.spans(Lane::Video), [(0, 30_000)]);
    theatre.seek(230_000);
    assert!(theatre.ended, "{:?}", theatre.lines);
}
