//! A reader of fragmented files, independent of the code under test.

/// A sample of a fragmented file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) track: u32,
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    pub(crate) duration: u32,
    pub(crate) key: bool,
    pub(crate) data: Vec<u8>,
}

fn be32(b: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(b[at..at + 4].try_into().unwrap())
}

/// The boxes in `b`: type, start, and whole bytes.
pub(crate) fn boxes(b: &[u8]) -> Vec<([u8; 4], usize, &[u8])> {
    let mut at = 0;
    let mut found = Vec::new();
    while at < b.len() {
        let size = be32(b, at) as usize;
        assert!(size >= 8 && at + size <= b.len(), "box at {at} of {size} bytes in {}", b.len());
        found.push((b[at + 4..at + 8].try_into().unwrap(), at, &b[at..at + size]));
        at += size;
    }
    found
}

/// The content of the first box at `path`.
pub(crate) fn find<'a>(b: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_first().unwrap();
    let (_, _, whole) = boxes(b).into_iter().find(|(kind, _, _)| kind == *first)?;
    if rest.is_empty() { Some(&whole[8..]) } else { find(&whole[8..], rest) }
}

/// All samples in the fragments of `file`, which may begin with an initialization segment.
pub(crate) fn packets(file: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut sequence = None;
    for (kind, start, whole) in boxes(file) {
        if &kind == b"moof" {
            let number = be32(find(&whole[8..], &[b"mfhd"]).unwrap(), 4);
            assert!(
                sequence.is_none_or(|before| before < number),
                "fragments are numbered upwards"
            );
            sequence = Some(number);
            for (kind, _, traf) in boxes(&whole[8..]) {
                if &kind == b"traf" {
                    read_traf(file, start, &traf[8..], &mut packets);
                }
            }
        }
    }
    packets
}

struct Header {
    track: u32,
    duration: u32,
    size: Option<u32>,
    flags: u32,
}

fn read_tfhd(b: &[u8]) -> Header {
    let flags = be32(b, 0) & 0xff_ffff;
    assert_eq!(flags & 0x2_0001, 0x2_0000, "offsets count from moof");
    let mut at = 8;
    let mut optional = |bit: u32| {
        (flags & bit != 0).then(|| {
            at += 4;
            be32(b, at - 4)
        })
    };
    let (_, duration, size, sample_flags) = (optional(2), optional(8), optional(16), optional(32));
    Header { track: be32(b, 4), duration: duration.unwrap(), size, flags: sample_flags.unwrap() }
}

fn read_traf(file: &[u8], moof: usize, traf: &[u8], packets: &mut Vec<Packet>) {
    let header = read_tfhd(find(traf, &[b"tfhd"]).unwrap());
    let tfdt = find(traf, &[b"tfdt"]).unwrap();
    assert_eq!(tfdt[0], 1);
    let mut dts = i64::from_be_bytes(tfdt[4..12].try_into().unwrap());
    for (kind, _, trun) in boxes(traf) {
        if &kind != b"trun" {
            continue;
        }
        let data = &file[moof + be32(trun, 16) as usize..];
        dts = read_trun(&trun[8..], &header, dts, data, packets);
    }
}

/// Reads the samples of a `trun`, whose bytes begin `data`; returns the decoding time after them.
fn read_trun(b: &[u8], header: &Header, start: i64, data: &[u8], packets: &mut Vec<Packet>) -> i64 {
    let flags = be32(b, 0) & 0xff_ffff;
    assert_eq!(b[0], 1, "signed composition offsets");
    assert_eq!(flags & 0x401, 1, "an offset, and no flags for each sample");
    let (mut dts, mut offset, mut at) = (start, 0, 12);
    let mut next = |bit: u32, default: u32| {
        if flags & bit == 0 {
            return default;
        }
        at += 4;
        be32(b, at - 4)
    };
    let mut sample_flags = next(4, header.flags);
    for _ in 0..be32(b, 4) {
        let duration = next(0x100, header.duration);
        let size = next(0x200, header.size.unwrap_or(0)) as usize;
        let pts = dts + i64::from(next(0x800, 0).cast_signed());
        let key = sample_flags & 0x1_0000 == 0;
        let data = data[offset..offset + size].to_vec();
        packets.push(Packet { track: header.track, dts, pts, duration, key, data });
        offset += size;
        dts += i64::from(duration);
        sample_flags = header.flags;
    }
    assert_eq!(at, b.len(), "trun is read to its end");
    dts
}
