//! Films of a few bytes, whole and damaged: what is read of them, and what is refused.

use matroska::{Error, Scan, limits};
use mp4::Index;

/// An element around its content.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let size = (1 << 56 | content.len() as u64).to_be_bytes();
    [id, &size[..], content].concat()
}

/// An element of unknown size.
fn open(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &[1, 255, 255, 255, 255, 255, 255, 255], content].concat()
}

fn number(id: &[u8], value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

fn header() -> Vec<u8> {
    element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"matroska"))
}

/// MP3 of 48 kHz as track 1.
fn track() -> Vec<u8> {
    let audio = element(&[0xe1], &element(&[0xb5], &48_000_f64.to_be_bytes()));
    let codec = element(&[0x86], b"A_MPEG/L3");
    [number(&[0xd7], 1), number(&[0x83], 2), codec, audio].concat()
}

fn tracks(entries: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<u8> = entries.iter().flat_map(|entry| element(&[0xae], entry)).collect();
    element(&[0x16, 0x54, 0xae, 0x6b], &entries)
}

/// A block of track 1 at this time in its cluster.
fn block(time: i16, flags: u8, content: &[u8]) -> Vec<u8> {
    [&[0x81][..], &time.to_be_bytes(), &[flags], content].concat()
}

fn simple(time: i16, flags: u8, content: &[u8]) -> Vec<u8> {
    element(&[0xa3], &block(time, flags, content))
}

fn cluster(time: u64, blocks: &[Vec<u8>]) -> Vec<u8> {
    open(&[0x1f, 0x43, 0xb6, 0x75], &[number(&[0xe7], time), blocks.concat()].concat())
}

/// A frame of MP3: 1,152 samples.
const FRAME: [u8; 8] = [0xff, 0xfb, 0x94, 0, 1, 2, 3, 4];

/// Every form of blocks: seven frames.
fn film() -> Vec<u8> {
    let laced = [&[1][..], &FRAME, &FRAME].concat();
    let xiph = [&[1, 8][..], &FRAME, &FRAME].concat();
    let ebml = [&[1, 0x88][..], &FRAME, &FRAME].concat();
    let group = element(&[0xa0], &element(&[0xa1], &block(48, 0, &FRAME)));
    let clusters = [
        cluster(0, &[simple(0, 0x84, &laced), simple(48, 0x82, &xiph)]),
        cluster(96, &[simple(0, 0x86, &ebml), group]),
    ];
    let content = [tracks(&[track()]), clusters.concat()].concat();
    [header(), open(&[0x18, 0x53, 0x80, 0x67], &content)].concat()
}

/// What a scan finds, which gets so many bytes at once at most.
fn scan(film: &[u8], step: usize) -> Result<(Vec<u8>, bool), Error> {
    let mut scan = Scan::new(film.len() as u64);
    let mut last = (u64::MAX, 0);
    while let Some(range) = scan.need() {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        // Fewer bytes than it asked for, until it asks for more from the same place.
        let end = if last.0 == range.start { end } else { end.min(start + step) };
        last = (range.start, last.1 + 1);
        assert!(last.1 < 2 * film.len() + 10, "the scan does not end");
        scan.feed(range.start, film.get(start..end).unwrap_or_default())?;
    }
    let is_cut = scan.is_cut();
    scan.moov().map(|moov| (moov, is_cut))
}

#[test]
fn frames_of_every_form_of_block_are_samples() {
    let film = film();
    let (moov, is_cut) = scan(&film, usize::MAX / 2).unwrap();
    assert!(!is_cut);
    let index = Index::parse(&moov[..]).unwrap();
    assert_eq!((index.tracks().len(), index.tracks()[0].codec.as_str()), (1, "mp4a.6B"));
    assert_eq!(index.duration_ms(), 7 * 24);
    let stsz = moov.windows(4).position(|kind| kind == b"stsz").unwrap();
    assert_eq!(moov[stsz + 8..stsz + 16], [0, 0, 0, 0, 0, 0, 0, 7]);
    let co64 = moov.windows(4).position(|kind| kind == b"co64").unwrap();
    let first = u64::from_be_bytes(moov[co64 + 12..co64 + 20].try_into().unwrap());
    assert_eq!(film[usize::try_from(first).unwrap()..][..8], FRAME);
}

#[test]
fn pieces_of_any_size_give_the_same_film() {
    let film = film();
    let whole = scan(&film, usize::MAX / 2).unwrap();
    for step in [1, 2, 3, 7, 50] {
        assert_eq!(scan(&film, step).unwrap(), whole, "{step}");
    }
}

#[test]
fn film_that_is_cut_plays_up_to_there() {
    let film = film();
    let (mut whole, mut cut) = (0, 0);
    for length in 0..film.len() {
        match scan(&film[..length], usize::MAX / 2) {
            Ok((_, true)) => cut += 1,
            Ok((_, false)) => whole += 1,
            Err(error) => assert!(length < 250, "{length}: {error}"),
        }
    }
    // It is whole between two blocks only.
    assert!(whole < 20 && cut > 100, "{whole} {cut}");
}

#[test]
fn changed_bytes_are_refused_or_read_and_never_a_panic() {
    let film = film();
    for at in 0..film.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, film[at] ^ 1, film[at] ^ 0x80] {
            let mut changed = film.clone();
            changed[at] = value;
            if let Ok((moov, _)) = scan(&changed, usize::MAX / 2) {
                let _ = Index::parse(&moov[..]);
            }
        }
    }
}

fn violation(content: &[u8]) -> String {
    let film = [header(), element(&[0x18, 0x53, 0x80, 0x67], content)].concat();
    scan(&film, usize::MAX / 2).err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn film_has_a_largest_number_of_frames() {
    // 256 frames of no bytes in a block.
    let empty = simple(0, 0x84, &[255]);
    let blocks = vec![empty; limits::FRAMES_MAX / 256 + 1];
    let found = violation(&[tracks(&[track()]), cluster(0, &blocks)].concat());
    assert!(found.contains("over 4,194,304 frames"), "{found}");
}

#[test]
fn film_has_a_largest_number_of_tracks() {
    let entry = |id: u64| [number(&[0xd7], id), track()[17..].to_vec()].concat();
    let all: Vec<Vec<u8>> = (1..200).map(entry).collect();
    let of_track = |id: u8| {
        let block = element(&[0xa3], &[&[0x40, id, 0, 0, 0x80][..], &FRAME].concat());
        [tracks(&all), cluster(0, &[block])].concat()
    };
    let film = [header(), element(&[0x18, 0x53, 0x80, 0x67], &of_track(128))].concat();
    assert!(scan(&film, usize::MAX / 2).is_ok());
    let found = violation(&of_track(129));
    assert!(found.contains("no pictures and no sound"), "{found}");
    assert_eq!(limits::TRACKS_MAX, 128);
}

#[test]
fn headers_have_a_largest_size() {
    let large = [&[0x16, 0x54, 0xae, 0x6b, 0x10, 0x50, 0, 0][..], &[0; 9]].concat();
    assert!(violation(&large).contains("headers are over 4 MiB"), "{}", violation(&large));
}

#[test]
fn block_header_has_a_largest_size() {
    // 256 frames, whose sizes have more bytes than a header may.
    let sizes = [255; 8192];
    let content = [tracks(&[track()]), cluster(0, &[simple(0, 0x82, &sizes)])].concat();
    assert!(violation(&content).contains("lacing has more bytes"), "{}", violation(&content));
}

#[test]
fn frames_have_a_largest_size() {
    let block = [0xa3, 0x01, 0, 0, 0, 0x20, 0, 0, 0, 0x81, 0, 0, 0x80];
    let found = violation(&[&tracks(&[track()])[..], &block].concat());
    assert!(found.contains("block is over 256 MiB"), "{found}");
}

#[test]
fn times_have_a_largest_value() {
    let found = violation(&[tracks(&[track()]), cluster(u64::MAX, &[])].concat());
    assert!(found.contains("beyond a million seconds"), "{found}");
}

#[test]
fn frames_that_lack_bytes_are_refused_with_the_reason() {
    let encodings = element(&[0x6d, 0x80], &element(&[0x62, 0x40], &[]));
    let entry = [track(), encodings].concat();
    let found = violation(&[tracks(&[entry]), cluster(0, &[simple(0, 0x80, &FRAME)])].concat());
    assert!(found.contains("compressed, encrypted or lack bytes"), "{found}");
}
