//! Tables of a few bytes that claim four billion samples.

use mp4::limits::{CUE_SAMPLES_MAX, START_INDEX_SAMPLES_MAX};
use mp4::start_index::{Builder, FragmentWalk};
use mp4::{ByteRange, Index, text};

use crate::mp4_writer::{self, PLAIN};
use crate::playback;

/// The `moov` of a film whose tracks all claim `count` samples of one byte, all but the first of
/// `ticks`.
fn claims(tracks: &[mp4_writer::Made], count: u32, ticks: u32) -> Vec<u8> {
    let mut moov = playback::moov(&mp4_writer::file(tracks, &PLAIN)).to_vec();
    let mut put = |kind: &[u8; 4], rename: &[u8; 4], rows: &[u32]| {
        let bytes: Vec<u8> = rows.iter().flat_map(|n| n.to_be_bytes()).collect();
        let found = moov.windows(4).enumerate().filter(|(_, four)| *four == kind);
        for at in found.map(|(at, _)| at).collect::<Vec<_>>() {
            moov[at..at + 4].copy_from_slice(rename);
            moov[at + 8..at + 8 + bytes.len()].copy_from_slice(&bytes);
        }
    };
    put(b"stsz", b"stsz", &[1, count]);
    put(b"stts", b"stts", &[2, 1, 1, count - 1, ticks]);
    put(b"stsc", b"stsc", &[1, 1, count, 1]);
    for kind in [b"ctts", b"edts"] {
        put(kind, b"free", &[]);
    }
    moov
}

#[test]
fn start_index_has_a_largest_number_of_samples() {
    let film = [mp4_writer::video(48, 24), mp4_writer::audio(90)];
    let half = u32::try_from(START_INDEX_SAMPLES_MAX / 2).unwrap();
    let moov = claims(&film, half, 1);
    assert!(Builder::new(&Index::parse(&moov[..]).unwrap()).is_ok());
    for count in [half + 1, u32::MAX] {
        let moov = claims(&film, count, 1);
        let error = Builder::new(&Index::parse(&moov[..]).unwrap()).err().unwrap();
        assert_eq!(error.violation, "no start index for a film of over 16,777,216 samples");
    }
}

#[test]
fn samples_in_moov_of_a_fragmented_film_are_not_gathered_beyond_a_largest_number() {
    let mut moov = claims(&[mp4_writer::video(48, 24)], u32::MAX, 1);
    let trex = [0, 1, 1, 0, 0, 0].map(u32::to_be_bytes).concat();
    moov.extend(mp4_writer::boxed(*b"mvex", &[&mp4_writer::boxed(*b"trex", &[&trex])]));
    let size = u32::try_from(moov.len()).unwrap();
    moov[..4].copy_from_slice(&size.to_be_bytes());
    let index = Index::parse(&moov[..]).unwrap();
    assert!(index.is_fragmented());
    let place = ByteRange { start: 24, end: 24 + u64::from(size) };
    let error = FragmentWalk::new(index, place, u64::MAX).unwrap_err();
    assert!(error.violation.contains("over 64 MiB"), "{error}");
}

#[test]
fn cues_are_searched_in_a_largest_number_of_samples() {
    let plan = |ticks| {
        let mut moov = claims(&[mp4_writer::audio(90)], u32::MAX, ticks);
        for (kind, rename) in [(b"soun", b"text"), (b"mp4a", b"tx3g")] {
            let at = moov.windows(4).position(|four| four == kind).unwrap();
            moov[at..at + 4].copy_from_slice(rename);
        }
        text::plan(&Index::parse(&moov[..]).unwrap(), 0, 0, u64::MAX)
    };
    let found = plan(1).unwrap();
    assert!(found.fetches.is_empty());
    assert_eq!(found.until_ms, u64::try_from(CUE_SAMPLES_MAX).unwrap() * 1000 / 48_000);
    let error = plan(0).unwrap_err();
    assert_eq!(error.violation, "text track has too many samples at one time");
}
