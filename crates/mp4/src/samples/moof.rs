//! A `moof` box: its samples, read in place (§ 8.8.4).

use super::cenc::{AuxInfo, AuxInfoTable};
use super::tables::Sample;
use crate::boxes::tfhd::{Base, Tfhd};
use crate::boxes::trex::Defaults;
use crate::boxes::trun::Trun;
use crate::boxes::{BoxAt, Of, boxes, find, sgpd, tfdt, tfhd};
use crate::error::{Error, FAR_SAMPLE, LARGE_SAMPLE, Result, TOO_SHORT};
use crate::limits::{MOOF_SAMPLES_MAX, OFFSET_MAX, SAMPLE_BYTES_MAX, TICKS_MAX};

/// A checked `moof` box, and when its track fragments begin.
#[derive(Debug)]
pub(crate) struct Moof {
    /// Its offset in the file.
    pub(crate) at: u64,
    pub(crate) bytes: Box<[u8]>,
    /// When each track fragment begins; empty where all of them have a `tfdt`.
    starts: Box<[i64]>,
}

/// A track by its `track_ID`, and the defaults of its samples (`trex`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct MoofTrack {
    pub(crate) id: u32,
    pub(crate) defaults: Defaults,
}

/// How many samples of a track a `moof` has, and their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MoofSpan {
    pub(crate) samples: u32,
    /// Decoding time of the first, in ticks.
    pub(crate) start: i64,
    /// When the last one in decoding order ends.
    pub(crate) end: i64,
}

const NON_SYNC: u32 = 0x1_0000;
const DEPENDS: u32 = 0x100_0000;

impl Moof {
    /// Checks all of the box. `start` returns when a track continues whose fragment has no `tfdt`.
    pub(crate) fn new(
        at: u64,
        bytes: &[u8],
        tracks: &[MoofTrack],
        start: impl Fn(u32) -> i64,
    ) -> Result<Self> {
        let mut moof = Self { at, bytes: bytes.into(), starts: Box::default() };
        moof.check()?;
        let mut starts: Vec<i64> = Vec::new();
        let mut is_unstated = false;
        for traf in moof.trafs() {
            let track = traf.begin(bytes);
            is_unstated |= track.is_none();
            let begin = track.or_else(|| moof.behind(&starts, traf.id, tracks));
            starts.push(begin.unwrap_or_else(|| start(traf.id)));
        }
        if is_unstated {
            moof.starts = starts.into();
        }
        for track in tracks {
            let span = moof.span(track)?;
            if span.samples > MOOF_SAMPLES_MAX || span.end > TICKS_MAX.cast_signed() {
                return Err(moof.fault(
                    "moof/traf",
                    0,
                    "fragment is over 262,144 samples or 2^53 ticks; not read by Firstframe",
                ));
            }
        }
        Ok(moof)
    }

    /// Checks its boxes, and that each track fragment has a `tfhd`.
    fn check(&self) -> Result<()> {
        for b in boxes(&self.bytes, 8, self.bytes.len(), "moof") {
            let b = b.map_err(|e| Error { offset: self.at + e.offset, ..e })?;
            if &b.kind != b"traf" {
                continue;
            }
            if find(&self.bytes, b.body, b.end, &[*b"tfhd"]).is_none() {
                return Err(self.fault("moof/traf", b.start, "traf has no tfhd box; § 8.8.7"));
            }
            let groups = || boxes(&self.bytes, b.body, b.end, "").of(*b"sgpd");
            if cfg!(feature = "cenc") && groups().any(|b| sgpd::is_rekeying(&self.bytes, b)) {
                // `sbgp` names samples by number, and the fragments written here number them anew.
                return Err(self.fault(
                    "moof/traf/sgpd",
                    b.start,
                    "track changes its key, which is not supported; 23001-7 § 6",
                ));
            }
        }
        Ok(())
    }

    /// When a fragment without `tfdt` begins: a second one of a track continues where the first ends.
    fn behind(&self, starts: &[i64], id: u32, tracks: &[MoofTrack]) -> Option<i64> {
        let track = tracks.iter().find(|track| track.id == id)?;
        let mine = self.trafs().zip(starts).filter(|(traf, _)| traf.id == id);
        let (traf, start) = mine.last()?;
        Some(start + self.ticks(&traf, track.defaults))
    }

    fn fault(&self, path: &'static str, at: usize, violation: &'static str) -> Error {
        Error { track: None, path, offset: self.at + at as u64, violation }
    }

    /// Its track fragments.
    fn trafs(&self) -> Trafs<'_> {
        let boxes = boxes(&self.bytes, 8, self.bytes.len(), "").of(*b"traf");
        Trafs { bytes: &self.bytes, boxes, number: 0 }
    }

    fn start(&self, traf: &Traf) -> i64 {
        let track = self.starts.get(traf.number).copied();
        track.or_else(|| traf.begin(&self.bytes)).unwrap_or(0)
    }

    #[inline(never)]
    fn ticks(&self, traf: &Traf, defaults: Defaults) -> i64 {
        let head = tfhd::parse(&self.bytes, traf.head, defaults);
        let defaults = head.map_or(defaults, |head| head.defaults);
        let mut ticks = 0_u64;
        for b in traf.runs(&self.bytes) {
            if let Ok(run) = Trun::parse(&self.bytes, b) {
                ticks += run.sums(&self.bytes, &defaults).0;
            }
        }
        ticks.min(TICKS_MAX).cast_signed()
    }

    /// When its first fragment of the track begins, if it has one; cheaper than [`Self::span`].
    pub(crate) fn begins(&self, track: &MoofTrack) -> Option<i64> {
        self.trafs().find(|traf| traf.id == track.id).map(|traf| self.start(&traf))
    }

    /// The samples of a track in it, and their times.
    pub(crate) fn span(&self, track: &MoofTrack) -> Result<MoofSpan> {
        let mut span = MoofSpan::default();
        for traf in self.trafs() {
            if traf.id != track.id {
                continue;
            }
            let start = self.start(&traf);
            if span.samples == 0 {
                span.start = start;
            }
            for b in traf.runs(&self.bytes) {
                span.samples = span.samples.saturating_add(self.run(b)?.count);
            }
            span.end = start + self.ticks(&traf, track.defaults);
        }
        Ok(span)
    }

    fn run(&self, b: BoxAt) -> Result<Trun> {
        Trun::parse(&self.bytes, b)
            .map_err(|violation| self.fault("moof/traf/trun", b.start, violation))
    }

    /// The auxiliary information of encrypted samples of a track: `count` from number `first` on.
    pub(crate) fn aux(
        &self,
        track: &MoofTrack,
        (first, count): (u32, u32),
        iv_len: u8,
    ) -> Option<AuxInfo> {
        let (mut skip, mut left, mut all) = (first, count, None::<AuxInfo>);
        for traf in self.trafs() {
            if traf.id != track.id {
                continue;
            }
            let mut samples = 0_u32;
            for b in traf.runs(&self.bytes) {
                samples = samples.saturating_add(self.run(b).map_or(0, |run| run.count));
            }
            let here = samples.saturating_sub(skip).min(left);
            if here > 0 {
                let next = self.traf_aux(&traf, track, (skip, here), iv_len)?;
                all = match all {
                    Some(before) => Some(before.join(next)?),
                    None => Some(next),
                };
                left -= here;
            }
            skip = skip.saturating_sub(samples);
        }
        all.filter(|_| left == 0)
    }

    fn traf_aux(
        &self,
        traf: &Traf,
        track: &MoofTrack,
        range: (u32, u32),
        iv_len: u8,
    ) -> Option<AuxInfo> {
        let child = |kind| find(&self.bytes, traf.body, traf.end, &[kind]);
        let offsets = child(*b"saiz").zip(child(*b"saio"));
        let table = AuxInfoTable::parse(&self.bytes, child(*b"senc"), offsets, iv_len);
        let base = match tfhd::parse(&self.bytes, traf.head, track.defaults)?.base {
            Base::At(at) => at,
            Base::Moof | Base::Before => self.at,
        };
        table.ok()??.of_samples(&self.bytes, None, base, range)
    }

    /// Its samples of a track, in media time.
    pub(crate) fn samples<'a>(
        &'a self,
        track: MoofTrack,
        tracks: &'a [MoofTrack],
    ) -> MoofSamples<'a> {
        let trafs = self.trafs();
        let place = Cursor { offset: self.at, dts: 0, base: self.at, index: 0 };
        MoofSamples {
            moof: self,
            track,
            tracks,
            trafs,
            runs: None,
            run: None,
            place,
            failed: false,
        }
    }
}

/// A track fragment: its `track_ID`, its place among all, and where its boxes lie.
struct Traf {
    id: u32,
    number: usize,
    head: BoxAt,
    body: usize,
    end: usize,
}

impl Traf {
    /// When it begins, by its `tfdt`.
    fn begin(&self, bytes: &[u8]) -> Option<i64> {
        let tfdt = find(bytes, self.body, self.end, &[*b"tfdt"]);
        tfdt.and_then(|b| tfdt::parse(bytes, b))
    }

    fn runs<'a>(&self, bytes: &'a [u8]) -> Of<'a> {
        boxes(bytes, self.body, self.end, "").of(*b"trun")
    }
}

/// The track fragments of a checked `moof`.
struct Trafs<'a> {
    bytes: &'a [u8],
    boxes: Of<'a>,
    number: usize,
}

impl Iterator for Trafs<'_> {
    type Item = Traf;

    #[inline(never)]
    fn next(&mut self) -> Option<Traf> {
        let BoxAt { body, end, .. } = self.boxes.next()?;
        let head = find(self.bytes, body, end, &[*b"tfhd"])?;
        let number = self.number;
        self.number += 1;
        Some(Traf { id: tfhd::track_id(self.bytes, head).unwrap_or(0), number, head, body, end })
    }
}

#[derive(Clone, Copy)]
struct Cursor {
    /// Offset of the next sample in the file.
    offset: u64,
    base: u64,
    dts: i64,
    index: u32,
}

/// Iterates over the samples of a track in a `moof`.
pub(crate) struct MoofSamples<'a> {
    moof: &'a Moof,
    track: MoofTrack,
    tracks: &'a [MoofTrack],
    trafs: Trafs<'a>,
    runs: Option<(Of<'a>, Tfhd)>,
    run: Option<Trun>,
    place: Cursor,
    failed: bool,
}

impl<'a> MoofSamples<'a> {
    /// Enters the next track fragment, and skips those of other tracks, whose data may lie in front.
    fn enter(&mut self) -> Result<bool> {
        let bytes: &'a [u8] = &self.moof.bytes;
        let Some(traf) = self.trafs.next() else { return Ok(false) };
        let track = self.tracks.iter().find(|track| track.id == traf.id);
        let defaults = track.map(|track| track.defaults).unwrap_or_default();
        let cut = || self.moof.fault("moof/traf/tfhd", traf.head.start, TOO_SHORT);
        let head = tfhd::parse(bytes, traf.head, defaults).ok_or_else(cut)?;
        self.place.base = match head.base {
            Base::At(at) => at,
            Base::Moof => self.moof.at,
            Base::Before => self.place.offset,
        };
        self.place.offset = self.place.base;
        let runs = traf.runs(bytes);
        if traf.id == self.track.id {
            self.place.dts = self.moof.start(&traf);
            self.runs = Some((runs, head));
            return Ok(true);
        }
        for b in runs {
            let (_, size) = self.begin(b)?.sums(bytes, &head.defaults);
            self.place.offset = self.place.offset.saturating_add(size);
        }
        Ok(true)
    }

    fn begin(&mut self, b: BoxAt) -> Result<Trun> {
        let run = self.moof.run(b)?;
        if let Some(offset) = run.offset {
            let place = self.place.base.checked_add_signed(i64::from(offset));
            let violation = "run is before byte 0; § 8.8.8";
            let place =
                place.ok_or_else(|| self.moof.fault("moof/traf/trun", b.start, violation))?;
            self.place.offset = place;
        }
        Ok(run)
    }

    fn read(&mut self) -> Result<Option<Sample>> {
        loop {
            let Some((runs, head)) = &mut self.runs else {
                if self.enter()? {
                    continue;
                }
                return Ok(None);
            };
            let defaults = head.defaults;
            let entry = self.run.as_mut().and_then(|run| run.next(&self.moof.bytes, &defaults));
            if let Some(entry) = entry {
                let place = self.place;
                let fault = |violation| self.moof.fault("moof/traf/trun", 0, violation);
                if place.offset > OFFSET_MAX {
                    return Err(fault(FAR_SAMPLE));
                }
                if entry.size > SAMPLE_BYTES_MAX {
                    return Err(fault(LARGE_SAMPLE));
                }
                self.place.offset += u64::from(entry.size);
                self.place.dts += i64::from(entry.duration);
                self.place.index += 1;
                return Ok(Some(Sample {
                    moof: self.moof.at,
                    index: place.index,
                    segment: u32::MAX,
                    offset: place.offset,
                    size: entry.size,
                    duration: entry.duration,
                    dts: place.dts,
                    pts: place.dts + i64::from(entry.cts),
                    decoded: place.dts,
                    description: defaults.description.max(1),
                    key: entry.flags & (NON_SYNC | DEPENDS) == 0,
                }));
            }
            let next = runs.next();
            self.run = next.map(|b| self.begin(b)).transpose()?;
            if self.run.is_none() {
                self.runs = None;
            }
        }
    }
}

impl Iterator for MoofSamples<'_> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let sample = self.read().transpose();
        self.failed = matches!(sample, Some(Err(_)));
        sample
    }
}
