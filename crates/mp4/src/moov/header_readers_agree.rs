//! Tests that `header_reader` and `mp4parse_reader` read the same from sound tracks, and from damaged
//! ones that mp4parse accepts.

use super::header_reader;
use super::mp4parse_reader as theirs;
use super::sample_entry;
use super::track_boxes::TrackBoxes;
use crate::boxes::write::{boxed, full, patch, put, put_all};
use crate::boxes::{BoxAt, boxes};

/// The creation and modification times of a header box.
fn times(out: &mut Vec<u8>, version: u8) {
    put_all(out, if version == 1 { &[0; 4] } else { &[0; 2] });
}

fn duration(out: &mut Vec<u8>, version: u8, ticks: u32) {
    put_all(out, if version == 1 { &[0] } else { &[] });
    put(out, ticks);
}

/// A `moov` of one track, with its headers in version 0 or 1 and this sample entry.
fn moov(version: u8, handler: [u8; 4], entry: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, *b"moov", |out| {
        full(out, *b"mvhd", version, 0, |out| {
            times(out, version);
            put(out, 600);
            duration(out, version, 6000);
            put_all(out, &[0; 20]);
        });
        boxed(out, *b"trak", |out| {
            full(out, *b"tkhd", version, 7, |out| {
                times(out, version);
                put_all(out, &[23, 0]);
                duration(out, version, 6000);
                put_all(out, &[0; 13]);
                put_all(out, &[640 << 16, 360 << 16]);
            });
            boxed(out, *b"mdia", |out| mdia(out, version, handler, entry));
        });
    });
    out
}

fn mdia(out: &mut Vec<u8>, version: u8, handler: [u8; 4], entry: &[u8]) {
    full(out, *b"mdhd", version, 0, |out| {
        times(out, version);
        put(out, 12_800);
        duration(out, version, 128_000);
        put(out, 0x55c4_0000);
    });
    full(out, *b"hdlr", 0, 0, |out| {
        put(out, 0);
        out.extend(handler);
        put_all(out, &[0, 0, 0]);
        out.extend(b"name without an end");
    });
    let stsd = |out: &mut Vec<u8>| {
        full(out, *b"stsd", 0, 0, |out| {
            put(out, 1);
            out.extend(entry);
        });
    };
    boxed(out, *b"minf", |out| boxed(out, *b"stbl", stsd));
}

fn video(kind: [u8; 4], config: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, kind, |out| {
        put_all(out, &[0, 1, 0, 0, 0, 0, (640 << 16) + 360]);
        out.extend([0; 50]);
        boxed(out, *b"pasp", |out| put_all(out, &[1, 1]));
        boxed(out, config, |out| out.extend(content));
    });
    out
}

fn avc() -> Vec<u8> {
    video(*b"avc1", *b"avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe0, 0])
}

fn sound(kind: [u8; 4], config: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, kind, |out| {
        put_all(out, &[0, 1, 0, 0, (2 << 16) + 16, 0, 48_000 << 16]);
        boxed(out, config, |out| out.extend(content));
    });
    out
}

fn audio(kind: [u8; 4], indication: u8, specific: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, kind, |out| {
        put_all(out, &[0, 1, 0, 0, (2 << 16) + 16, 0, 48_000 << 16]);
        full(out, *b"esds", 0, 0, |out| {
            let len = u8::try_from(specific.len()).unwrap_or(0);
            out.extend([3, 20 + len, 0, 1, 0, 4, 15 + len, indication]);
            out.extend([0; 12]);
            out.extend([5, len]);
            out.extend(specific);
        });
    });
    out
}

struct Track {
    mvhd: Option<BoxAt>,
    trak: TrackBoxes,
    entry: Option<BoxAt>,
}

fn find(data: &[u8]) -> Option<Track> {
    let moov = boxes(data, 0, data.len(), "").next()?.ok()?;
    let children = || boxes(data, moov.body, moov.end, "").map_while(Result::ok);
    let trak = TrackBoxes::find(data, children().find(|b| &b.kind == b"trak")?).ok()?;
    let mvhd = children().find(|b| &b.kind == b"mvhd");
    let entry = trak.stsd.and_then(|stsd| sample_entry::entries(data, stsd).next());
    Some(Track { mvhd, trak, entry })
}

/// Checks that both readers agree where mp4parse succeeds; whether it does on headers and on entry.
fn agree(data: &[u8]) -> (bool, bool) {
    let Some(Track { mvhd, trak, entry }) = find(data) else { return (false, false) };
    let headers = theirs::read(data, mvhd, &trak);
    if headers.is_ok() {
        assert_eq!(header_reader::read(data, mvhd, &trak), headers, "{data:02x?}");
    }
    let Some(entry) = entry else { return (headers.is_ok(), false) };
    let mut read = false;
    for is_video in [true, false] {
        let Ok(expected) = theirs::read_entry(data, entry, is_video) else { continue };
        assert_eq!(header_reader::read_entry(data, entry, is_video), Ok(expected), "{data:02x?}");
        read = true;
    }
    (headers.is_ok(), read)
}

#[test]
fn sound_tracks_are_read_alike() {
    let flac = [&[0, 0, 0, 0, 0x80, 0, 0, 34][..], &[0; 34]].concat();
    for (handler, entry) in [
        (*b"vide", avc()),
        (*b"vide", video(*b"avc3", *b"avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe0, 0])),
        (*b"vide", video(*b"vp09", *b"vpcC", &[1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1, 0, 0])),
        (*b"vide", video(*b"av01", *b"av1C", &[0x81, 8, 0xc, 0])),
        (*b"vide", video(*b"hvc1", *b"hvcC", &[1; 23])),
        (*b"soun", sound(*b"Opus", *b"dOps", &[0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0])),
        (*b"soun", sound(*b"fLaC", *b"dfLa", &flac)),
        (*b"soun", sound(*b"ac-3", *b"dac3", &[0x10, 0x3d, 0x60])),
    ] {
        for version in [0, 1] {
            assert_eq!(agree(&moov(version, handler, &entry)), (true, true));
        }
    }
    for version in [0, 1] {
        assert_eq!(agree(&moov(version, *b"text", &[])), (true, false));
    }
}

#[test]
fn aac_tracks_are_read_alike() {
    let lc = [0x11, 0x90];
    for (indication, specific) in [
        (0x40, &lc[..]),
        (0x67, &lc),
        (0x40, &[0x2b, 0x92, 8, 0]),
        (0x40, &[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80]),
    ] {
        let entry = audio(*b"mp4a", indication, specific);
        for version in [0, 1] {
            assert_eq!(agree(&moov(version, *b"soun", &entry)), (true, true));
        }
    }
}

#[test]
fn header_fields_have_the_values_written() {
    let data = moov(0, *b"vide", &avc());
    let Track { mvhd, trak, .. } = find(&data).unwrap();
    let headers = header_reader::read(&data, mvhd, &trak).unwrap();
    assert_eq!((headers.movie, headers.id, headers.timescale), (600, 23, 12_800));
    assert_eq!((headers.duration, headers.size), (128_000, (640, 360)));
}

#[test]
fn damaged_tracks_that_mp4parse_accepts_are_read_alike() {
    let moovs =
        [moov(0, *b"vide", &avc()), moov(1, *b"soun", &audio(*b"mp4a", 0x40, &[0x2b, 0x92, 8, 0]))];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % limit
    };
    let (mut headers, mut entries) = (0, 0);
    for round in 0..40_000 {
        let mut data = moovs[round % 2].clone();
        for _ in 0..=below(3) {
            let at = below(data.len() - 4);
            if below(4) == 0 {
                patch(&mut data, at, [0, 1, 0xffff_ffff, 0x7fff_ffff][below(4)]);
            } else {
                data[at] ^= 1 << below(8);
            }
        }
        let (header, entry) = agree(&data);
        headers += u32::from(header);
        entries += u32::from(entry);
    }
    assert!(headers > 20_000 && entries > 10_000, "{headers} {entries}");
}
