//! The sample tables of a track, read in place: one sample at a time, from any sample on.

use crate::boxes::ctts;
use crate::boxes::runs::{RunCursor, Runs};
use crate::boxes::stco::Stco;
use crate::boxes::stsc::{Chunk, Stsc};
use crate::boxes::stss::Stss;
use crate::boxes::stsz::Stsz;
use crate::error::{Error, FAR_SAMPLE, LARGE_SAMPLE, Result};
use crate::limits::{KEY_TRIES_MAX, OFFSET_MAX, SAMPLE_BYTES_MAX};

const NO_CHUNK: &str = "sample lies in no chunk; § 8.7.4";

/// The tables of one track.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) stts: Runs,
    pub(crate) ctts: Option<Runs>,
    pub(crate) stsc: Stsc,
    pub(crate) stsz: Stsz,
    pub(crate) stco: Stco,
    /// Absent: every sample is a key frame.
    pub(crate) stss: Option<Stss>,
    /// Where key frames are not marked: ticks within which there is one; else 0.
    pub(crate) undeclared: i64,
    /// Samples that every table describes.
    pub(crate) count: u32,
}

/// Where a sample lies, and when it is decoded and shown: in media time as the tables return it, in
/// presentation time as a `SelectedTrack` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Offset in the file of the `moof` that describes it; 0: `moov` does.
    pub(crate) moof: u64,
    /// Its number there, from 0.
    pub(crate) index: u32,
    /// The edit segment that shows it.
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) duration: u32,
    /// The decoding time that fragments state.
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    /// Decoding time without the shift that keeps `tfdt` from being negative; windows are measured
    /// by it.
    pub(crate) decoded: i64,
    pub(crate) description: u32,
    pub(crate) key: bool,
}

impl Sample {
    pub(crate) fn end(&self) -> u64 {
        self.offset + u64::from(self.size)
    }

    pub(crate) fn id(&self) -> SampleId {
        SampleId { moof: self.moof, index: self.index }
    }
}

/// A sample by its place in the order of play: the offset of its `moof` (0: `moov`), and its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SampleId {
    pub(crate) moof: u64,
    pub(crate) index: u32,
}

impl SampleId {
    pub(crate) fn next(self) -> Self {
        Self { index: self.index.saturating_add(1), ..self }
    }
}

/// A sample's number and times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleTimes {
    pub(crate) index: u32,
    pub(crate) dts: i64,
    pub(crate) ct: i64,
    pub(crate) duration: u32,
}

impl Tables {
    /// Whether `sample` is a key frame.
    pub(crate) fn is_key(&self, data: &[u8], sample: u32) -> bool {
        self.stss.as_ref().is_none_or(|stss| stss.is_key(data, sample))
    }

    /// Decoding time and duration of a sample.
    pub(crate) fn time(&self, data: &[u8], sample: u32) -> (i64, u32) {
        let mut cursor = self.stts.at(data, sample);
        let (dts, duration) = self.stts.next(data, &mut cursor).unwrap_or((self.stts.sum(), 0));
        (dts.cast_signed(), duration)
    }

    /// Composition time of a sample.
    pub(crate) fn ct(&self, data: &[u8], sample: u32) -> i64 {
        let cts = self.ctts.as_ref().and_then(|ctts| {
            let mut cursor = ctts.at(data, sample);
            ctts.next(data, &mut cursor)
        });
        self.time(data, sample).0 + cts.map_or(0, |(_, value)| i64::from(ctts::offset(value)))
    }

    /// The most that a sample is shown before it is decoded; 0 where none is.
    pub(crate) fn early(&self, data: &[u8]) -> i64 {
        let values = self.ctts.iter().flat_map(|ctts| ctts.values(data));
        values.map(|value| -i64::from(ctts::offset(value))).fold(0, i64::max)
    }

    /// The times of the samples from `from` up to, not including, `to`.
    pub(crate) fn shown<'a>(&'a self, data: &'a [u8], from: u32, to: u32) -> TimesIter<'a> {
        let stts = self.stts.at(data, from);
        let ctts = self.ctts.as_ref().map(|ctts| (ctts, ctts.at(data, from)));
        TimesIter { data, table: &self.stts, stts, ctts, next: from, to: to.min(self.count) }
    }

    /// The last sample decoded at or before `time`.
    pub(crate) fn decoded_at(&self, data: &[u8], time: i64) -> u32 {
        let time = u64::try_from(time).unwrap_or(0);
        self.stts.sample_at(data, time).min(self.count.saturating_sub(1))
    }

    /// The last key frame shown at or before `time`, else the first.
    pub(crate) fn key_at(&self, data: &[u8], time: i64) -> u32 {
        let near = self.decoded_at(data, time - self.undeclared);
        let Some(stss) = &self.stss else {
            return self.step_back(near, time, data);
        };
        let mut key = stss.at_or_before(data, near).unwrap_or(0);
        for _ in 0..KEY_TRIES_MAX {
            if key == 0 || self.ct(data, key) <= time {
                break;
            }
            key = stss.at_or_before(data, key - 1).unwrap_or(0);
        }
        // Negative composition offsets show a key frame before its decoding time.
        for _ in 0..KEY_TRIES_MAX {
            match stss.after(data, key) {
                Some(next) if next < self.count && self.ct(data, next) <= time => key = next,
                _ => break,
            }
        }
        key
    }

    /// The last key frame in front of `sample`, in the order of decoding, else the first sample.
    pub(crate) fn key_before(&self, data: &[u8], sample: u32) -> u32 {
        let before = sample.saturating_sub(1);
        let key = |stss: &Stss| stss.at_or_before(data, before).unwrap_or(0);
        self.stss.as_ref().map_or(before, key)
    }

    fn step_back(&self, near: u32, time: i64, data: &[u8]) -> u32 {
        let tries = near.saturating_sub(KEY_TRIES_MAX)..=near;
        tries.rev().find(|i| self.ct(data, *i) <= time).unwrap_or(0)
    }

    /// Where the last chunk in the file ends.
    pub(crate) fn media_end(&self, data: &[u8]) -> u64 {
        let offset = |chunk: &Chunk| self.stco.offset(data, chunk.number).unwrap_or(0);
        let mut last: Option<(u64, Chunk)> = None;
        let mut next = self.stsc.chunk_of(data, 0);
        while let Some(chunk) = next.filter(|chunk| chunk.first < self.count) {
            let at = offset(&chunk);
            if last.is_none_or(|(before, _)| before <= at) {
                last = Some((at, chunk));
            }
            next = self.stsc.after(data, &chunk);
        }
        last.map_or(0, |(at, chunk)| {
            let end = chunk.first.saturating_add(chunk.count).min(self.count);
            let bytes = self.stsz.between(data, chunk.first, end);
            at.saturating_add(bytes)
        })
    }

    /// The samples from `from` up to, not including, `to`.
    pub(crate) fn walk<'a>(&'a self, data: &'a [u8], from: u32, to: u32) -> TableSamples<'a> {
        let chunk = self.stsc.chunk_of(data, from);
        let inside = chunk.map_or(0, |chunk| self.stsz.between(data, chunk.first, from));
        TableSamples { data, tables: self, times: self.shown(data, from, to), chunk, inside }
    }
}

/// Iterates over times of samples.
pub(crate) struct TimesIter<'a> {
    data: &'a [u8],
    table: &'a Runs,
    stts: RunCursor,
    ctts: Option<(&'a Runs, RunCursor)>,
    next: u32,
    to: u32,
}

impl Iterator for TimesIter<'_> {
    type Item = SampleTimes;

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn next(&mut self) -> Option<SampleTimes> {
        let index = self.next;
        if index >= self.to {
            return None;
        }
        let (dts, duration) = self.table.next(self.data, &mut self.stts)?;
        let value = self.ctts.as_mut().and_then(|(table, cursor)| table.next(self.data, cursor));
        let offset = value.map_or(0, |(_, value)| i64::from(ctts::offset(value)));
        self.next += 1;
        let dts = dts.cast_signed();
        Some(SampleTimes { index, dts, ct: dts + offset, duration })
    }
}

/// Iterates over samples.
pub(crate) struct TableSamples<'a> {
    data: &'a [u8],
    tables: &'a Tables,
    times: TimesIter<'a>,
    chunk: Option<Chunk>,
    inside: u64,
}

impl TableSamples<'_> {
    fn read(&mut self) -> Result<Sample> {
        let fault = |violation| Error::moov("mdia/minf/stbl", 0, violation);
        let index = self.times.next;
        let mut chunk = self.chunk.ok_or_else(|| fault(NO_CHUNK))?;
        if index - chunk.first >= chunk.count {
            let after = self.tables.stsc.after(self.data, &chunk);
            chunk = after.ok_or_else(|| fault(NO_CHUNK))?;
            self.chunk = Some(chunk);
            self.inside = 0;
        }
        let start = self.tables.stco.offset(self.data, chunk.number);
        let start = start.ok_or_else(|| fault("chunk has no offset; § 8.7.5"))?;
        let offset = start.checked_add(self.inside).filter(|offset| *offset <= OFFSET_MAX);
        let offset = offset.ok_or_else(|| fault(FAR_SAMPLE))?;
        let size = self.tables.stsz.size(self.data, index);
        if size > SAMPLE_BYTES_MAX {
            return Err(fault(LARGE_SAMPLE));
        }
        self.inside += u64::from(size);
        let shown = self.times.next();
        let shown = shown.ok_or_else(|| fault("sample has no decoding time; § 8.6.1.2"))?;
        Ok(Sample {
            moof: 0,
            index,
            segment: 0,
            offset,
            size,
            dts: shown.dts,
            duration: shown.duration,
            pts: shown.ct,
            decoded: shown.dts,
            key: self.tables.is_key(self.data, index),
            description: chunk.description,
        })
    }
}

impl Iterator for TableSamples<'_> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.times.next >= self.times.to {
            return None;
        }
        let sample = self.read();
        if sample.is_err() {
            // After an error nothing more is known.
            self.times.next = self.times.to;
        }
        Some(sample)
    }
}
