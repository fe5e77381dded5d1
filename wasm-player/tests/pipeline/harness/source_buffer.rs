//! A SourceBuffer that parses fragments as a browser does, and reports its buffered ranges.

use wasm_player::pipeline::TimeRange;

/// The bytes appended since the last abort, and the samples parsed from all appends.
#[derive(Default)]
pub(crate) struct TestSourceBuffer {
    stream: Vec<u8>,
    timescale: Option<u32>,
    pub(crate) buffered: Vec<TimeRange>,
    /// Decode time in milliseconds and bytes of every sample, in append order.
    pub(crate) samples: Vec<(u64, Vec<u8>)>,
    /// Refuses appends while more milliseconds than this are buffered.
    pub(crate) room_ms: Option<u64>,
    /// Refuses all appends.
    pub(crate) is_jammed: bool,
}

struct Sample {
    at: usize,
    size: usize,
    start: u64,
    end: u64,
}

impl TestSourceBuffer {
    /// Whether the buffer refuses appends.
    pub(crate) fn is_full(&self) -> bool {
        let held: u64 = self.buffered.iter().map(|range| range.end_ms - range.start_ms).sum();
        self.is_jammed || self.room_ms.is_some_and(|room| held > room)
    }

    /// Appends bytes; takes out each sample once it is complete.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.stream.extend_from_slice(bytes);
        while let Some((kind, size)) = header(&self.stream) {
            match &kind {
                b"ftyp" | b"moov" if self.stream.len() >= size => {
                    if &kind == b"moov" {
                        self.timescale = Some(timescale(&self.stream[..size]));
                    }
                    self.stream.drain(..size);
                }
                b"moof" if self.stream.len() >= size + 8 => {
                    let (mdat, mdat_size) = header(&self.stream[size..]).unwrap();
                    assert_eq!(&mdat, b"mdat", "a moof is followed by its mdat");
                    let whole = self.take_samples(size + mdat_size);
                    if !whole {
                        return;
                    }
                    self.stream.drain(..size + mdat_size);
                }
                b"ftyp" | b"moov" | b"moof" => return,
                other => panic!("a box that no buffer expects: {other:?}"),
            }
        }
    }

    fn take_samples(&mut self, whole: usize) -> bool {
        let timescale = u64::from(self.timescale.expect("an init segment comes first"));
        let done = self.stream.len() >= whole;
        let samples = samples(&self.stream);
        if done {
            for sample in &samples {
                let bytes = self.stream[sample.at..sample.at + sample.size].to_vec();
                self.samples.push((sample.start * 1000 / timescale, bytes));
            }
        }
        let here = self.stream.len();
        for sample in samples.iter().filter(|s| s.at + s.size <= here) {
            let range = TimeRange {
                start_ms: sample.start * 1000 / timescale,
                end_ms: sample.end * 1000 / timescale,
            };
            self.hold(range);
        }
        done
    }

    fn hold(&mut self, range: TimeRange) {
        let near = |held: &TimeRange| {
            held.start_ms <= range.end_ms + 1 && range.start_ms <= held.end_ms + 1
        };
        let (touching, mut rest): (Vec<TimeRange>, Vec<TimeRange>) =
            self.buffered.iter().partition(|h| near(h));
        let start_ms = touching.iter().map(|h| h.start_ms).min().unwrap_or(u64::MAX);
        let end_ms = touching.iter().map(|h| h.end_ms).max().unwrap_or(0);
        rest.push(TimeRange {
            start_ms: start_ms.min(range.start_ms),
            end_ms: end_ms.max(range.end_ms),
        });
        rest.sort_by_key(|h| h.start_ms);
        self.buffered = rest;
    }

    /// Removes media.
    pub(crate) fn remove(&mut self, cut: TimeRange) {
        let parts = self.buffered.iter().flat_map(|held| {
            [
                TimeRange { start_ms: held.start_ms, end_ms: held.end_ms.min(cut.start_ms) },
                TimeRange { start_ms: held.start_ms.max(cut.end_ms), end_ms: held.end_ms },
            ]
        });
        self.buffered = parts.filter(|range| range.start_ms < range.end_ms).collect();
    }

    /// Drops an incomplete fragment. A browser may need the init segment again, so this buffer does.
    pub(crate) fn abort(&mut self) {
        self.stream.clear();
        self.timescale = None;
    }

    /// Whether the last fragment is complete.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.stream.is_empty()
    }
}

fn header(bytes: &[u8]) -> Option<([u8; 4], usize)> {
    let kind = bytes.get(4..8)?.try_into().unwrap();
    Some((kind, number(bytes, 0) as usize))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The bodies of the boxes at `path`.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Vec<&'a [u8]> {
    let Some((first, rest)) = path.split_first() else { return vec![bytes] };
    let (mut at, mut found) = (0, Vec::new());
    while let Some((kind, size)) = header(&bytes[at..]) {
        if &kind == *first {
            found.extend(find(&bytes[at + 8..at + size], rest));
        }
        at += size;
    }
    found
}

fn timescale(moov: &[u8]) -> u32 {
    let mdhd = find(moov, &[b"moov", b"trak", b"mdia", b"mdhd"])[0];
    number(mdhd, if mdhd[0] == 0 { 12 } else { 20 })
}

/// The samples of the `moof` at the front of `stream`, with their offsets in it.
fn samples(stream: &[u8]) -> Vec<Sample> {
    let (_, size) = header(stream).unwrap();
    let moof = &stream[..size];
    let tfhd = find(moof, &[b"moof", b"traf", b"tfhd"])[0];
    let flags = number(tfhd, 0) & 0xff_ffff;
    assert!(flags & 0x1 == 0 && flags & 0x2_0000 != 0, "offsets count from the moof");
    let mut at = 8 + if flags & 0x2 != 0 { 4 } else { 0 };
    let mut default = |flag: u32| {
        (flags & flag != 0).then(|| {
            at += 4;
            number(tfhd, at - 4)
        })
    };
    let (duration, sample_size) = (default(0x8), default(0x10));
    let tfdt = find(moof, &[b"moof", b"traf", b"tfdt"])[0];
    let mut time = if tfdt[0] == 0 {
        u64::from(number(tfdt, 4))
    } else {
        u64::from(number(tfdt, 4)) << 32 | u64::from(number(tfdt, 8))
    };
    let mut all = Vec::new();
    for trun in find(moof, &[b"moof", b"traf", b"trun"]) {
        let flags = number(trun, 0) & 0xff_ffff;
        assert!(flags & 1 != 0, "each run says where it lies");
        let mut place = number(trun, 8) as usize;
        let mut at = if flags & 4 != 0 { 16 } else { 12 };
        for _ in 0..number(trun, 4) {
            let mut field = |flag: u32| {
                (flags & flag != 0).then(|| {
                    at += 4;
                    number(trun, at - 4)
                })
            };
            let length = field(0x100).or(duration).unwrap();
            let size = field(0x200).or(sample_size).unwrap() as usize;
            let _ = (field(0x400), field(0x800));
            let end = time + u64::from(length);
            all.push(Sample { at: place, size, start: time, end });
            (time, place) = (end, place + size);
        }
    }
    all
}
