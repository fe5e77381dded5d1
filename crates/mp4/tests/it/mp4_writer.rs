//! Plain MP4 files made of a few numbers, and what must come out of them.

use crate::fmp4::Packet;

/// A sample: bytes, ticks, composition offset, key frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) size: u32,
    pub(crate) duration: u32,
    pub(crate) cts: i32,
    pub(crate) key: bool,
}

/// A track.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) is_video: bool,
    pub(crate) timescale: u32,
    pub(crate) units: Vec<Unit>,
    /// Duration in milliseconds, media time.
    pub(crate) edits: Vec<(u32, i32)>,
}

/// How the file is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Samples in each chunk of each track, over and over.
    pub(crate) chunk: [usize; 2],
    /// Chunks of a track in a row.
    pub(crate) row: [usize; 2],
    /// Unused bytes behind each chunk.
    pub(crate) gap: usize,
    pub(crate) moov_first: bool,
    pub(crate) wide: bool,
    pub(crate) no_stss: bool,
}

pub(crate) const PLAIN: Shape =
    Shape { chunk: [1, 2], row: [1, 1], gap: 0, moov_first: false, wide: false, no_stss: false };

/// Video with two B-frames between others and a key frame every `gop`.
pub(crate) fn video(frames: u32, gop: u32) -> Made {
    let unit = |i: u32| Unit {
        size: 1 + (i * 37) % 400,
        duration: 512,
        cts: [1024, 2048, 512, 512]
            [if i.is_multiple_of(gop) { 0 } else { 1 + (i % gop - 1) as usize % 3 }],
        key: i.is_multiple_of(gop),
    };
    let units = (0..frames).map(unit).collect();
    Made { is_video: true, timescale: 12288, units, edits: vec![(frames * 1000 / 24, 1024)] }
}

/// AAC at 48 kHz.
pub(crate) fn audio(frames: u32) -> Made {
    let unit = |i: u32| Unit { size: 10 + i % 90, duration: 1024, cts: 0, key: true };
    let units = (0..frames).map(unit).collect();
    Made { is_video: false, timescale: 48000, units, edits: vec![(0, 1024)] }
}

pub(crate) fn boxed(kind: [u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut out = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(content);
    out
}

fn table(kind: [u8; 4], version: u8, before: &[u32], rows: &[Vec<u32>]) -> Vec<u8> {
    let mut content = vec![version, 0, 0, 0];
    content.extend(before.iter().flat_map(|n| n.to_be_bytes()));
    content.extend(u32::try_from(rows.len()).unwrap().to_be_bytes());
    content.extend(rows.iter().flatten().flat_map(|n| n.to_be_bytes()));
    boxed(kind, &[&content])
}

/// A sample's bytes: no two alike.
fn bytes(track: usize, i: usize, size: u32) -> impl Iterator<Item = u8> {
    (0..size as usize).map(move |n| (track * 101 + i * 7 + n * 13 + i / 256).to_le_bytes()[0])
}

/// The file, and the offset of each chunk of each track in it.
pub(crate) fn file(tracks: &[Made], shape: &Shape) -> Vec<u8> {
    let mut offsets = vec![Vec::new(); tracks.len()];
    let mut media = Vec::new();
    let mut next = vec![0; tracks.len()];
    while tracks.iter().zip(&next).any(|(t, n)| *n < t.units.len()) {
        for (t, track) in tracks.iter().enumerate() {
            for _ in 0..shape.row[t % 2] {
                let to = (next[t] + shape.chunk[t % 2]).min(track.units.len());
                if next[t] == to {
                    break;
                }
                offsets[t].push(media.len());
                for i in next[t]..to {
                    media.extend(bytes(t, i, track.units[i].size));
                }
                next[t] = to;
                media.extend(std::iter::repeat_n(0xee, shape.gap));
            }
        }
    }
    let ftyp = boxed(*b"ftyp", &[b"isom\0\0\0\0isom"]);
    let moov_size = moov(tracks, shape, &offsets, 0).len();
    let base = ftyp.len() + 8 + if shape.moov_first { moov_size } else { 0 };
    let moov = moov(tracks, shape, &offsets, base);
    let mdat = boxed(*b"mdat", &[&media]);
    if shape.moov_first { [ftyp, moov, mdat].concat() } else { [ftyp, mdat, moov].concat() }
}

fn moov(tracks: &[Made], shape: &Shape, offsets: &[Vec<usize>], base: usize) -> Vec<u8> {
    let mut mvhd = vec![0; 100];
    mvhd[12..16].copy_from_slice(&1000_u32.to_be_bytes());
    let mut content = vec![boxed(*b"mvhd", &[&mvhd])];
    for (t, track) in tracks.iter().enumerate() {
        content.push(trak(t, track, shape, &offsets[t], base));
    }
    boxed(*b"moov", &content.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[expect(clippy::similar_names, reason = "boxes are called by their FourCC")]
fn trak(t: usize, track: &Made, shape: &Shape, offsets: &[usize], base: usize) -> Vec<u8> {
    let mut tkhd = vec![0; 84];
    tkhd[3] = 7;
    tkhd[12..16].copy_from_slice(&u32::try_from(t + 10).unwrap().to_be_bytes());
    let mut mdhd = vec![0; 24];
    mdhd[12..16].copy_from_slice(&track.timescale.to_be_bytes());
    mdhd[20..22].copy_from_slice(&0x15c7_u16.to_be_bytes());
    let mut hdlr = vec![0; 25];
    hdlr[8..12].copy_from_slice(if track.is_video { b"vide" } else { b"soun" });
    let edits: Vec<_> =
        track.edits.iter().map(|(d, m)| vec![*d, m.cast_unsigned(), 0x1_0000]).collect();
    let edts = boxed(*b"edts", &[&table(*b"elst", 0, &[], &edits)]);
    let stbl = stbl(track, shape, shape.chunk[t % 2], offsets, base);
    let minf = boxed(*b"minf", &[&stbl]);
    let mdia = boxed(*b"mdia", &[&boxed(*b"mdhd", &[&mdhd]), &boxed(*b"hdlr", &[&hdlr]), &minf]);
    let edts = if edits.is_empty() { Vec::new() } else { edts };
    boxed(*b"trak", &[&boxed(*b"tkhd", &[&tkhd]), &edts, &mdia])
}

fn stbl(track: &Made, shape: &Shape, chunk: usize, offsets: &[usize], base: usize) -> Vec<u8> {
    let units = &track.units;
    let one = |n: u32| vec![1, n];
    let stts: Vec<_> = units.iter().map(|u| one(u.duration)).collect();
    let ctts: Vec<_> = units.iter().map(|u| one(u.cts.cast_unsigned())).collect();
    let keys = (1..).zip(units).filter(|(_, u)| u.key).map(|(i, _)| vec![i]).collect::<Vec<_>>();
    let mut stsc = vec![vec![1, u32::try_from(chunk).unwrap(), 1]];
    let rest = units.len() % chunk;
    if rest > 0 && units.len() > chunk {
        let last = u32::try_from(units.len().div_ceil(chunk)).unwrap();
        stsc.push(vec![last, u32::try_from(rest).unwrap(), 1]);
    } else if rest > 0 {
        stsc[0][1] = u32::try_from(rest).unwrap();
    }
    let place = |offset: &usize| {
        let offset = u32::try_from(offset + base).unwrap();
        if shape.wide { vec![0, offset] } else { vec![offset] }
    };
    let positions: Vec<_> = offsets.iter().map(place).collect();
    let sizes: Vec<_> = units.iter().map(|u| vec![u.size]).collect();
    let mut content = vec![
        if track.is_video { avc1(units.iter().all(|u| u.key)) } else { mp4a() },
        table(*b"stts", 0, &[], &stts),
        table(*b"stsc", 0, &[], &stsc),
        table(*b"stsz", 0, &[0], &sizes),
        table(if shape.wide { *b"co64" } else { *b"stco" }, 0, &[], &positions),
    ];
    if units.iter().any(|u| u.cts != 0) {
        content.push(table(*b"ctts", u8::from(units.iter().any(|u| u.cts < 0)), &[], &ctts));
    }
    if track.is_video && !shape.no_stss {
        content.push(table(*b"stss", 0, &[], &keys));
    }
    boxed(*b"stbl", &content.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn avc1(is_intra: bool) -> Vec<u8> {
    let mut fixed = vec![0; 78];
    fixed[7] = 1;
    fixed[24..28].copy_from_slice(&[5, 0, 2, 0xd0]);
    let avcc = boxed(*b"avcC", &[&[1, 0x64, u8::from(is_intra) << 4, 0x1f, 0xff, 0xe0, 0]]);
    boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &boxed(*b"avc1", &[&fixed, &avcc])])
}

fn mp4a() -> Vec<u8> {
    let mut fixed = vec![0; 28];
    fixed[7] = 1;
    fixed[17] = 2;
    fixed[24..26].copy_from_slice(&48000_u16.to_be_bytes());
    let mut config = vec![0, 0, 0, 0, 3, 22, 0, 1, 0, 4, 17, 0x40, 0x15];
    config.extend([0; 11]);
    config.extend([5, 2, 0x11, 0x90]);
    let esds = boxed(*b"esds", &[&config]);
    boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &boxed(*b"mp4a", &[&fixed, &esds])])
}

/// What a player must get of track `t`, shown from `from` and before `to` in the media's time,
/// `delay` ticks late: all samples that are shown, with presentation times.
pub(crate) fn shown(t: usize, track: &Made, (from, to): (i64, i64), delay: i64) -> Vec<Packet> {
    let mut dts = 0;
    let mut packets = Vec::new();
    for (i, unit) in track.units.iter().enumerate() {
        let ct = dts + i64::from(unit.cts);
        if (from == 0 || ct >= from) && ct < to {
            packets.push(Packet {
                track: u32::try_from(t + 1).unwrap(),
                dts: 0,
                pts: ct - from + delay,
                duration: unit.duration,
                key: unit.key,
                data: bytes(t, i, unit.size).collect(),
            });
        }
        dts += i64::from(unit.duration);
    }
    packets
}
