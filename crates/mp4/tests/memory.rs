//! Memory: input of N bytes costs at most 2 N bytes and one MiB.

#![expect(
    clippy::indexing_slicing,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail, and boxes are called by their FourCC"
)]

use mp4::locate::{LocateStep, Locator};
use mp4::{ByteRange, Index};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(content);
    out
}

fn table(kind: [u8; 4], before: &[u32], count: usize, row: &[u32]) -> Vec<u8> {
    let mut content = vec![0; 4];
    content.extend(before.iter().flat_map(|n| n.to_be_bytes()));
    content.extend(u32::try_from(count).unwrap().to_be_bytes());
    for _ in 0..count {
        content.extend(row.iter().flat_map(|n| n.to_be_bytes()));
    }
    boxed(kind, &content)
}

/// Tracks whose tables have so many entries each, however little sense they make.
fn moov(tracks: usize, entries: usize, edits: usize) -> Vec<u8> {
    let mut mvhd = vec![0; 100];
    mvhd[14] = 4;
    let mut tkhd = vec![0; 84];
    tkhd[15] = 1;
    let mut mdhd = vec![0; 24];
    mdhd[14] = 4;
    let mut hdlr = vec![0; 25];
    hdlr[8..12].copy_from_slice(b"vide");
    let mut entry = vec![0; 78];
    entry[7] = 1;
    entry.extend(boxed(*b"avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]));
    let stsd = boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &boxed(*b"avc1", &entry)[..]].concat());
    let stbl = [
        stsd,
        table(*b"stts", &[], entries, &[1, 512]),
        table(*b"ctts", &[], entries, &[1, 1024]),
        table(*b"stsc", &[], 1, &[1, 1, 1]),
        table(*b"stsz", &[0], entries, &[100]),
        table(*b"co64", &[], entries, &[0, 4096]),
    ];
    let minf = boxed(*b"minf", &boxed(*b"stbl", &stbl.concat()));
    let mdia = [boxed(*b"mdhd", &mdhd), boxed(*b"hdlr", &hdlr), minf].concat();
    // Each jumps back: none continues the one before it.
    let edts = boxed(*b"edts", &table(*b"elst", &[], edits, &[1000, 2048, 0x1_0000]));
    let trak = [boxed(*b"tkhd", &tkhd), edts, boxed(*b"mdia", &mdia)].concat();
    let traks: Vec<u8> = (0..tracks).flat_map(|_| boxed(*b"trak", &trak)).collect();
    let trex =
        [0_u32, 1, 1, 512, 100, 0].into_iter().flat_map(u32::to_be_bytes).collect::<Vec<_>>();
    let mvex = boxed(*b"mvex", &boxed(*b"trex", &trex));
    boxed(*b"moov", &[boxed(*b"mvhd", &mvhd), traks, mvex].concat())
}

fn moof() -> Vec<u8> {
    let numbers = |n: &[u32]| n.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<_>>();
    let tfhd = boxed(*b"tfhd", &numbers(&[0x2_0000, 1]));
    let trun = boxed(*b"trun", &numbers(&[0, 1]));
    boxed(*b"moof", &boxed(*b"traf", &[tfhd, trun].concat()))
}

/// The result of `work`, and the most memory that it used beyond the present usage, in bytes.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let made = work();
    (made, MEMORY.peak_usage() - before)
}

#[test]
fn memory_stays_below_twice_the_bytes_and_a_mebibyte() {
    for (tracks, entries, edits) in
        [(1, 400_000, 0), (128, 1_000, 0), (1, 10, 8192), (128, 10, 2000), (128, 4_000, 64)]
    {
        let bytes = moov(tracks, entries, edits);
        let (index, peak) = peak(|| Index::parse(bytes.as_slice()));
        assert!(index.unwrap().tracks().len() == tracks);
        assert!(peak <= 2 * bytes.len() + MIB, "{peak} of {}: {tracks} {edits}", bytes.len());
    }
    assert_fragments_stay_below();
    assert_pieces_stay_below();
}

/// A file of the smallest fragments only.
fn assert_fragments_stay_below() {
    let head = moov(1, 0, 0);
    let mut file = head.clone();
    while file.len() < 4 * MIB {
        file.extend(moof());
    }
    let (index, peak) = peak(|| {
        let mut index = Index::parse(head.as_slice()).unwrap();
        index.set_file(ByteRange::of(0, head.len() as u64), Some(file.len() as u64));
        index.feed(0, &file).unwrap();
        index
    });
    assert!(index.is_fragmented() && index.duration_ms() > 0);
    assert!(peak <= 2 * file.len() + MIB, "{peak} of {}", file.len());
}

/// Pieces of a file in which no `moov` is found.
fn assert_pieces_stay_below() {
    let pieces = vec![7; 8 * MIB];
    let ((), peak) = peak(|| {
        let mut locator = Locator::new(None);
        for (i, piece) in pieces.chunks(1000).enumerate() {
            locator.feed(50_000_000 + i as u64 * 1000, piece);
        }
        assert!(matches!(locator.next(), Ok(LocateStep::Need(_))));
    });
    assert!(peak <= 2 * MIB, "{peak}");
}
