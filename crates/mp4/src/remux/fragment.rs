//! Writes the header in front of media bytes: `moof` and the header of an `mdat`.
//!
//! A `trun` describes samples that lie side by side; bytes that no `trun` names are skipped. A new one
//! begins at each key frame, so that sample flags cost four bytes for each key frame and none for other
//! samples, and where durations change rarely, which saves as much.

use crate::boxes::trex::Defaults as TrackDefaults;
use crate::boxes::trun::Trun;
use crate::boxes::write::{boxed, full, patch, put};
use crate::boxes::{boxes, find, tfhd};
use crate::range::{ByteRange, gather};
use crate::samples::cenc::{self, AuxInfo, Hole};
use crate::samples::tables::Sample;

/// A movie fragment: a header, and which media bytes follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The track's number in the index.
    pub track: usize,
    /// `moof` and the header of an `mdat`: the bytes to append first.
    pub header: Vec<u8>,
    /// The media bytes to append after the header.
    pub payload: Payload,
    /// The initialization segment it needs. Where another one was appended last, append that of
    /// [`init::write_for`](crate::init::write_for) first.
    pub init: u32,
    /// Bytes of the file to copy into the header first; encrypted films only.
    pub hole: Option<Hole>,
    /// The number of its first sample, counted from 0 in the track.
    pub first_sample: u32,
    /// The number of its samples.
    pub sample_count: u32,
}

impl Fragment {
    /// Where its sample `number`, counted from 0, ends in the fetched bytes; where it has fewer, its last
    /// one. None where it gathers its bytes.
    #[must_use]
    pub fn sample_end(&self, number: u32) -> Option<u64> {
        if self.payload != Payload::AsIs {
            return None;
        }
        let header = &self.header;
        let traf = find(header, 8, header.len(), &[*b"traf"])?;
        let tfhd = find(header, traf.body, traf.end, &[*b"tfhd"])?;
        let defaults = tfhd::parse(header, tfhd, TrackDefaults::default())?.defaults;
        let (mut end, mut left) = (None, number);
        for trun in boxes(header, traf.body, traf.end, "").of(*b"trun") {
            let mut run = Trun::parse(header, trun).ok()?;
            let mut at = u64::try_from(run.offset?).ok()?.checked_sub(header.len() as u64)?;
            while let Some(sample) = run.next(header, &defaults) {
                at += u64::from(sample.size);
                end = Some(at);
                if left == 0 {
                    return end;
                }
                left -= 1;
            }
        }
        end
    }
}

/// Which of the fetched bytes belong to a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// All of them.
    AsIs,
    /// These ranges in this order, counted from the first fetched byte.
    Gather(Vec<ByteRange>),
}

/// § 8.8.3.1: depends on no other sample.
const KEY: u32 = 0x0200_0000;
/// § 8.8.3.1: depends on others, and is not a key frame.
const DELTA: u32 = 0x0101_0000;

const DATA_OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const COMPOSITION: u32 = 0x800;

const BASE_IS_MOOF: u32 = 0x02_0000;
const DESCRIPTION: u32 = 0x02;

/// Bytes of a `trun` without samples.
const RUN_BYTES: usize = 20;

/// What is written about each sample, and what once for all.
struct Defaults {
    /// By which all decoding times are later than in the timeline.
    lift: i64,
    duration: u32,
    size: Option<u32>,
    flags: u32,
}

/// Where samples go: how tracks are numbered and times are shifted.
pub(crate) struct Target {
    pub(crate) track: usize,
    pub(crate) number: u32,
    pub(crate) sequence: u32,
    pub(crate) is_video: bool,
    /// Which initialization segment, and the number of the samples' description in it.
    pub(crate) init: u32,
    pub(crate) description: u32,
    pub(crate) aux: Option<AuxInfo>,
}

/// The fragment of `samples` out of the bytes `fetched`; at least one sample, all in it.
pub(crate) fn write(
    target: &Target,
    samples: &[Sample],
    fetched: ByteRange,
    as_is: bool,
) -> Fragment {
    let defaults = defaults(target, samples);
    let runs = runs(samples, &defaults, as_is);
    let mut header = Vec::with_capacity(160 + runs.len() * 24 + samples.len() * 8);
    let mut offsets = Vec::with_capacity(runs.len());
    let hole = moof(&mut header, target, &defaults, &runs, &mut offsets);
    let base = header.len() + 8;
    let mut gathered = Vec::new();
    let mut size = 0_u64;
    for (run, at) in runs.iter().zip(offsets) {
        let Some((first, last)) = run.first().zip(run.last()) else { continue };
        let bytes = ByteRange { start: first.offset, end: last.end() };
        let relative = if as_is { bytes.start - fetched.start } else { size };
        patch(&mut header, at, u32::try_from(base as u64 + relative).unwrap_or(u32::MAX));
        if !as_is {
            for run in run.chunk_by(side_by_side) {
                let Some((first, last)) = run.first().zip(run.last()) else { continue };
                size += last.end() - first.offset;
                gather(&mut gathered, first.offset - fetched.start, last.end() - fetched.start);
            }
        }
    }
    let payload = if as_is { fetched.len() } else { size };
    put(&mut header, u32::try_from(payload + 8).unwrap_or(u32::MAX));
    header.extend(b"mdat");
    Fragment {
        track: target.track,
        header,
        payload: if as_is { Payload::AsIs } else { Payload::Gather(gathered) },
        init: target.init,
        hole,
        first_sample: samples.first().map_or(0, |s| s.index),
        sample_count: u32::try_from(samples.len()).unwrap_or(u32::MAX),
    }
}

fn side_by_side(a: &Sample, b: &Sample) -> bool {
    a.end() == b.offset
}

/// Samples that one `trun` describes.
fn runs<'a>(samples: &'a [Sample], defaults: &Defaults, as_is: bool) -> Vec<&'a [Sample]> {
    let usual = |s: &&Sample| s.duration == defaults.duration;
    let seams = samples.iter().zip(samples.iter().skip(1));
    let seams = seams.filter(|(a, b)| usual(a) != usual(b)).count();
    let splits = seams * RUN_BYTES < samples.iter().filter(usual).count() * 4;
    let together = |a: &Sample, b: &Sample| {
        let alike = !splits || usual(&a) == usual(&b);
        key_flags(b) == defaults.flags && alike && (!as_is || side_by_side(a, b))
    };
    samples.chunk_by(together).collect()
}

fn key_flags(sample: &Sample) -> u32 {
    if sample.key { KEY } else { DELTA }
}

/// The duration that more than half of the samples have, if there is one.
fn usual_duration(samples: &[Sample]) -> u32 {
    let (mut found, mut votes) = (0, 0);
    for sample in samples {
        if votes == 0 {
            found = sample.duration;
        }
        votes += if sample.duration == found { 1 } else { -1 };
    }
    found
}

fn defaults(target: &Target, samples: &[Sample]) -> Defaults {
    let first = samples.first();
    // Audio is lifted only where it begins before 0: later fragments are decoded when shown.
    let start = first.map_or(0, |s| s.pts);
    let lift = if target.is_video { 0 } else { (-start).max(0) };
    let size = first.map(|s| s.size).filter(|size| samples.iter().all(|s| s.size == *size));
    Defaults {
        lift,
        duration: usual_duration(samples),
        size,
        // By the second one: the first usually is a key frame.
        flags: samples.get(1).or(first).map_or(DELTA, key_flags),
    }
}

fn moof(
    out: &mut Vec<u8>,
    target: &Target,
    defaults: &Defaults,
    runs: &[&[Sample]],
    offsets: &mut Vec<usize>,
) -> Option<Hole> {
    let first = runs.first().and_then(|run| run.first());
    let mut hole = None;
    boxed(out, *b"moof", |out| {
        full(out, *b"mfhd", 0, 0, |out| put(out, target.sequence));
        boxed(out, *b"traf", |out| {
            let description = target.description;
            let mut flags = BASE_IS_MOOF | 0x08 | 0x20;
            flags |= if description == 1 { 0 } else { DESCRIPTION };
            flags |= if defaults.size.is_some() { 0x10 } else { 0 };
            full(out, *b"tfhd", 0, flags, |out| {
                put(out, target.number);
                if description != 1 {
                    put(out, description);
                }
                put(out, defaults.duration);
                if let Some(size) = defaults.size {
                    put(out, size);
                }
                put(out, defaults.flags);
            });
            let dts = first.map_or(0, |s| s.dts + defaults.lift);
            full(out, *b"tfdt", 1, 0, |out| out.extend(dts.max(0).to_be_bytes()));
            for run in runs {
                trun(out, run, defaults, offsets);
            }
            hole = target.aux.as_ref().and_then(|aux| cenc::write(out, aux));
        });
    });
    hole
}

fn trun(out: &mut Vec<u8>, run: &[Sample], defaults: &Defaults, offsets: &mut Vec<usize>) {
    let composition = |s: &Sample| {
        let offset = s.pts - s.dts - defaults.lift;
        i32::try_from(offset).unwrap_or(if offset < 0 { i32::MIN } else { i32::MAX })
    };
    let first_flags = run.first().map_or(defaults.flags, key_flags);
    let has_first = first_flags != defaults.flags;
    let has_durations = run.iter().any(|s| s.duration != defaults.duration);
    let has_compositions = run.iter().any(|s| composition(s) != 0);
    let mut flags = DATA_OFFSET;
    flags |= if has_first { FIRST_FLAGS } else { 0 };
    flags |= if has_durations { DURATION } else { 0 };
    flags |= if defaults.size.is_some() { 0 } else { SIZE };
    flags |= if has_compositions { COMPOSITION } else { 0 };
    full(out, *b"trun", 1, flags, |out| {
        put(out, u32::try_from(run.len()).unwrap_or(u32::MAX));
        offsets.push(out.len());
        put(out, 0);
        if has_first {
            put(out, first_flags);
        }
        for sample in run {
            if has_durations {
                put(out, sample.duration);
            }
            if defaults.size.is_none() {
                put(out, sample.size);
            }
            if has_compositions {
                put(out, composition(sample).cast_unsigned());
            }
        }
    });
}
