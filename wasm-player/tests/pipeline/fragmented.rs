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
use crate::harness::synthetic_film::{Moov, SyntheticFilm, minute};

/// The film in fragments of two seconds, without `sidx` or `mfra`.
fn fragmented(film: &SyntheticFilm) -> Vec<u8> {
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
                out.extend(&fragment.header);
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
