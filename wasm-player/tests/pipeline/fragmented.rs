//! Fragmented films: their samples are listed in `moof` boxes all over the file.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a film that cannot be written must fail the test"
)]

use mp4::fragment::Payload;
use mp4::plan::{self, Selection};
use mp4::{Index, init};
use wasm_player::pipeline::MediaType;

use crate::harness::PlayerHarness;
use crate::harness::synthetic_film::{Moov, SyntheticFilm, film, minute};

/// The film in fragments of two seconds, without `sidx` or `mfra`.
fn fragmented(film: &SyntheticFilm) -> Vec<u8> {
    fragmented_late(film, 0)
}

/// The same, with a `tfdt` that begins after so many seconds.
fn fragmented_late(film: &SyntheticFilm, late_s: u64) -> Vec<u8> {
    let cut = |from: u64, to: u64| {
        let place = |at: u64| usize::try_from(at).unwrap();
        &film.bytes[place(from)..place(to)]
    };
    let index = Index::parse(cut(film.moov.start, film.moov.end)).unwrap();
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let mut out = init::write_many(&index, &[0, 1]).unwrap();
    let (mut cursor, _) = plan::seek(&index, selection, 0).unwrap();
    while let Some(window) = plan::next(&index, selection, cursor, 2_000).unwrap() {
        for fetch in &window.fetches {
            let bytes = cut(fetch.range.start, fetch.range.end);
            for fragment in &fetch.fragments {
                let mut header = fragment.header.clone();
                let timescale = u64::from(index.tracks()[fragment.track].timescale);
                let tfdt = header.windows(4).position(|kind| kind == b"tfdt").unwrap() + 8;
                let time = u64::from_be_bytes(header[tfdt..tfdt + 8].try_into().unwrap());
                let time = time + late_s * timescale;
                header[tfdt..tfdt + 8].copy_from_slice(&time.to_be_bytes());
                out.extend(header);
                match &fragment.payload {
                    Payload::AsIs => out.extend(bytes),
                    Payload::Gather(runs) => {
                        for run in runs {
                            out.extend(cut(
                                fetch.range.start + run.start,
                                fetch.range.start + run.end,
                            ));
                        }
                    }
                }
            }
        }
        cursor = window.next;
    }
    out
}

#[test]
fn fragmented_film_plays_from_its_first_byte_to_its_end() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&fragmented(&film));
    harness.play(0);
    harness.watch(0, 60_000);
    assert_eq!(harness.lines_with("fail"), [""; 0]);
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
    assert!(harness.media_source.ended);
}

#[test]
fn seek_in_a_fragmented_film_begins_at_a_key_frame() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&fragmented(&film));
    harness.play(0);
    for time_ms in [45_300, 10_100, 59_000, 0] {
        harness.seek(time_ms);
        harness.run();
        let (from, to) = harness.buffered(MediaType::Video)[0];
        assert!(from <= time_ms && time_ms < to, "{from} {time_ms} {to}");
        assert!(time_ms - from <= 2_000, "{from} {time_ms}");
    }
    assert_eq!(harness.lines_with("fail"), [""; 0]);
}

/// Ten minutes in fragments of 300 KB.
fn long() -> SyntheticFilm {
    film(600, 6_000, Moov::Tail)
}

#[test]
fn length_of_a_fragmented_film_is_known_before_its_first_picture_after_five_requests() {
    for (film, duration_ms) in [(minute(Moov::Tail), 60_000_u64), (long(), 600_000)] {
        let mut harness = PlayerHarness::new(&fragmented(&film));
        harness.play(0);
        let buffers = harness.lines.iter().position(|line| line.starts_with("buffers")).unwrap();
        let line = &harness.lines[buffers];
        let known_ms: u64 =
            line.split(" for ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(known_ms.abs_diff(duration_ms) < 100, "{line}");
        // The last of them is for media.
        let before = harness.lines[..buffers].iter().filter(|line| line.starts_with("fetch"));
        assert!(before.count() <= 4, "{:?}", harness.lines);
        assert_eq!(harness.lines_with("fail"), [""; 0]);
    }
}

#[test]
fn seek_in_a_long_fragmented_film_takes_few_requests() {
    let mut harness = PlayerHarness::new(&fragmented(&long()));
    harness.play(0);
    for time_ms in [300_700, 597_000, 120_100, 450_000, 33_000] {
        harness.seek(time_ms);
        let (from, to) = harness.buffered(MediaType::Video)[0];
        assert!(
            from <= time_ms && time_ms < to && time_ms - from <= 2_000,
            "{from} {time_ms} {to}"
        );
        let media = harness.lines.iter().position(|line| line.contains("Media")).unwrap();
        let before = harness.lines[..media].iter().filter(|line| line.starts_with("fetch")).count();
        assert!(before <= 6, "{time_ms}: {:?}", harness.lines);
    }
    assert_eq!(harness.lines_with("fail"), [""; 0]);
}

#[test]
fn resume_of_a_long_fragmented_film_begins_where_it_is_asked() {
    let mut harness = PlayerHarness::new(&fragmented(&long()));
    harness.play(420_500);
    let (from, to) = harness.buffered(MediaType::Video)[0];
    assert!((418_000..=420_500).contains(&from) && to > 430_000, "{from} {to}");
    let media = harness.lines.iter().position(|line| line.contains("Media")).unwrap();
    let before = harness.lines[..=media].iter().filter(|line| line.starts_with("fetch")).count();
    assert!(before <= 8, "{:?}", harness.lines);
}

#[test]
fn fragmented_film_that_begins_at_an_hour_is_shown_from_zero() {
    let film = minute(Moov::Tail);
    let mut harness = PlayerHarness::new(&fragmented_late(&film, 3_600));
    harness.play(0);
    let line = harness.lines_with("buffers")[0].to_owned();
    let known_ms: u64 =
        line.split(" for ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(known_ms.abs_diff(60_000) < 100, "{line}");
    assert!(line.contains("from 3600000 ms"), "{line}");
    harness.watch(0, 60_000);
    assert_eq!(harness.samples(MediaType::Video), film.video);
    assert_eq!(harness.samples(MediaType::Audio), film.audio);
    harness.seek(45_300);
    let (from, to) = harness.buffered(MediaType::Video)[0];
    assert!(from <= 45_300 && 45_300 < to, "{from} {to}");
}
