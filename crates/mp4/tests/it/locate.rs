//! Finding `moov`: whole, in pieces, from both ends, and in files that have none.

use mp4::ByteRange;
use mp4::limits::{HEAD_BYTES, MOOV_GUESS_BYTES};
use mp4::locate::{LocateStep, Locator};
use proptest::prelude::*;

use crate::mp4_writer::{self, PLAIN};
use crate::playback;

fn tail_file() -> Vec<u8> {
    mp4_writer::file(&[mp4_writer::video(200, 24), mp4_writer::audio(300)], &PLAIN)
}

fn place_of_moov(file: &[u8]) -> ByteRange {
    let moov = playback::moov(file);
    let start = moov.as_ptr().addr() - file.as_ptr().addr();
    ByteRange::of(start as u64, moov.len() as u64)
}

#[test]
fn moov_is_found_from_head_and_tail_in_either_order() {
    let file = tail_file();
    let moov = place_of_moov(&file);
    let tail = usize::try_from(moov.start - 1000).unwrap();
    for head_first in [true, false] {
        for size in [Some(file.len() as u64), None] {
            let mut locator = Locator::new(size);
            let pieces = [(0, &file[..64]), (tail, &file[tail..])];
            let order = if head_first { [0, 1] } else { [1, 0] };
            for i in order {
                locator.feed(pieces[i].0 as u64, pieces[i].1);
            }
            assert_eq!(locator.next(), Ok(LocateStep::Moov(moov)));
        }
    }
}

#[test]
fn ranges_inside_mdat_are_never_requested() {
    let mut locator = Locator::new(Some(10 << 30));
    assert_eq!(locator.next(), Ok(LocateStep::Need(ByteRange { start: 0, end: HEAD_BYTES })));
    let mut head = mp4_writer::boxed(*b"ftyp", &[b"isom\0\0\0\0isom"]);
    head.extend(b"\0\0\0\x01mdat");
    head.extend((10_u64 << 30).wrapping_sub(5020).to_be_bytes());
    locator.feed(0, &head);
    let start = (10 << 30) - 5000;
    assert_eq!(locator.next(), Ok(LocateStep::Need(ByteRange { start, end: 10 << 30 })));
    let mut unknown = Locator::new(None);
    unknown.feed(0, &head);
    let end = start + MOOV_GUESS_BYTES;
    assert_eq!(unknown.next(), Ok(LocateStep::Need(ByteRange { start, end })));
    locator.feed(start, b"\0\0\x03\xe8free");
    locator.feed(start + 1000, b"\0\0\0\0moov");
    let moov = ByteRange { start: start + 1000, end: 10 << 30 };
    assert_eq!(locator.next(), Ok(LocateStep::Moov(moov)));
}

#[test]
fn files_that_are_not_mp4_are_refused_with_their_reason() {
    let error_of = |file: &[u8]| {
        let mut locator = Locator::new(Some(file.len() as u64));
        locator.feed(0, file);
        locator.next().unwrap_err().to_string()
    };
    assert_eq!(error_of(b""), "the file is empty (byte 0)");
    assert_eq!(error_of(b"abc"), "not an MP4 file: it is too short for one (byte 0)");
    let text = "not an MP4 file: it does not begin with a box (byte 0)";
    assert_eq!(error_of(b"Dear diary, today"), text);
    let file = tail_file();
    let cut = "the file is cut off in mdat, and moov would come behind it (byte 20)";
    assert_eq!(error_of(&file[..file.len() / 2]), cut);
    let cut = error_of(&file[..file.len() - 1]);
    assert!(cut.starts_with("moov reaches past the end of the file: it is cut off"), "{cut}");
    let ftyp = mp4_writer::boxed(*b"ftyp", &[b"isom"]);
    let never = "the file ends without a moov box: it is cut off or was never finished (byte 12)";
    assert_eq!(error_of(&ftyp), never);
    let open = [ftyp.clone(), b"\0\0\0\0mdat1234".to_vec()].concat();
    assert!(error_of(&open).starts_with("the file ends without a moov box"), "{}", error_of(&open));
    let small = [ftyp, b"\0\0\0\x07free".to_vec()].concat();
    assert_eq!(error_of(&small), "box is smaller than its header; § 4.2 (byte 12)");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_in_any_order_lead_to_the_same_place(
        cuts in prop::collection::vec(0..40_000_usize, 0..30),
        keys in prop::collection::vec(any::<u32>(), 32),
    ) {
        let file = tail_file();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at % file.len()).collect();
        cuts.extend([0, file.len()]);
        cuts.sort_unstable();
        let mut pieces: Vec<_> = cuts.windows(2).zip(keys).map(|(w, key)| (key, w[0], w[1])).collect();
        pieces.sort_unstable();
        let mut locator = Locator::new(None);
        for (_, from, to) in pieces {
            locator.feed(from as u64, &file[from..to]);
        }
        prop_assert_eq!(locator.next(), Ok(LocateStep::Moov(place_of_moov(&file))));
    }
}
