//! An edit segment: samples that are played in a row, from a key frame on, with their written times.
//!
//! Before the edit, video keeps the pictures that must be decoded (see [`preroll`]), and audio keeps the
//! one frame that the first audible one overlaps with, at its negative time.

use super::edit_list::MediaSpan;
use super::preroll::{self, PrerollTimes};
use crate::limits::{LIFT_MAX, PREROLL_MAX, REORDER_MAX, TICKS_MAX};
use crate::samples::tables::{Sample, SampleId, SampleTimes, Tables};

/// Samples that are played in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EditSegment {
    /// The number of its first sample in the order of play.
    pub(crate) base: u32,
    /// First sample that is needed.
    pub(crate) first: u32,
    /// One past the last sample that is shown.
    pub(crate) end: u32,
    /// How many of the first samples are compressed to one tick each.
    compressed: u32,
    /// Presentation time = composition time + shift, in ticks of the track.
    pub(crate) shift: i64,
    /// Written decoding time = decoding time + shift + lift: `tfdt` has no sign.
    lift: i64,
    /// When the edit begins.
    pub(crate) delay: i64,
    /// When its presentation ends, in ticks.
    pub(crate) until: i64,
    /// The sample that is extended until the next segment begins, and by how many ticks.
    held: (u32, u32),
}

/// A track's sample tables, with the bytes they lie in.
#[derive(Clone, Copy)]
pub(crate) struct SampleSource<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) tables: &'a Tables,
    pub(crate) is_video: bool,
}

/// The end of a segment, for the one that follows.
#[derive(Clone, Copy)]
pub(crate) struct SegmentEnd {
    /// One past its last sample in the order of play.
    base: u32,
    sample: u32,
    /// When it is shown, and when it ends unless it is extended.
    pts: i64,
    over: i64,
}

impl EditSegment {
    /// Its fields, for [`EditSegment::of`]; `None` where it is not the only segment of its track.
    pub(crate) fn numbers(&self) -> Option<[i64; 8]> {
        let Self { base, first, end, compressed, shift, lift, delay, until, held } = *self;
        let [first, end, compressed] = [first, end, compressed].map(i64::from);
        let alone = i64::from(base) == first && held.1 == 0;
        alone.then_some([first, end, compressed, shift, lift, delay, until, i64::from(held.0)])
    }

    /// The segment with such fields; `None` where they contradict each other.
    pub(crate) fn of(
        [first, end, compressed, shift, lift, delay, until, held]: [i64; 8],
    ) -> Option<Self> {
        let [first, end, compressed, held] = [first, end, compressed, held].map(u32::try_from);
        let (first, end, compressed, held) =
            (first.ok()?, end.ok()?, compressed.ok()?, (held.ok()?, 0));
        let ticks = [shift, lift, delay, until].map(i64::unsigned_abs);
        let fits = first < end && compressed <= PREROLL_MAX + REORDER_MAX + 1;
        (fits && ticks.into_iter().all(|ticks| ticks <= TICKS_MAX)).then_some(Self {
            base: first,
            first,
            end,
            compressed,
            shift,
            lift,
            delay,
            until,
            held,
        })
    }

    /// For a file, whose edit list hides the samples in front: pictures there keep their own times, and
    /// a second of audio is kept, as by ffmpeg.
    pub(crate) fn unfold(&mut self, source: SampleSource<'_>, second: i64) {
        let SampleSource { data, tables, is_video } = source;
        if !is_video {
            let from = self.delay - self.shift - second;
            self.first = self.first.min(tables.decoded_at(data, from));
            self.base = self.first;
        }
        self.compressed = 0;
        self.lift = (-self.decoded(source, self.first)).max(0);
    }

    /// Ticks by which decoding times are delayed, so that none is negative.
    pub(crate) fn lift(&self) -> i64 {
        self.lift
    }

    /// Delays presentation times by `ticks`, and decoding times by `lift` more.
    pub(crate) fn raise(&mut self, ticks: i64, lift: i64) {
        self.shift += ticks;
        self.delay += ticks;
        self.until += ticks;
        self.lift = lift;
    }

    /// How many samples at its beginning are compressed, and so timed together.
    pub(crate) fn compressed(&self) -> u32 {
        self.compressed
    }

    /// The same segment for `count` samples from number `first` on, which is decoded at `dts`: numbers
    /// and times count from that sample.
    pub(crate) fn from(&self, first: u32, count: u32, dts: i64) -> Self {
        let [from, end, held] =
            [self.first, self.end, self.held.0].map(|n| n.saturating_sub(first));
        Self {
            base: from,
            first: from,
            end: end.min(count),
            compressed: if first > self.first { 0 } else { self.compressed },
            shift: self.shift + dts,
            held: (held, 0),
            ..self.clone()
        }
    }

    /// The segment of a span that follows `before`; `None` where it shows nothing.
    pub(crate) fn new(
        source: SampleSource<'_>,
        media_span: &MediaSpan,
        before: Option<SegmentEnd>,
    ) -> Result<Option<(Self, SegmentEnd)>, &'static str> {
        let SampleSource { data, tables, is_video } = source;
        let MediaSpan { delay, to, still, .. } = *media_span;
        let (from, to) = match still.and_then(|_| source.at(media_span.from)) {
            Some(shown) => (shown.ct, Some(shown.ct + 1)),
            None => (media_span.from, to),
        };
        if still.is_some() && !is_video {
            // Still audio is silence.
            return Ok(None);
        }
        let first = source.first(from, delay, before.is_some());
        let end = to.map_or(tables.count, |to| source.end(to));
        let Some(last) = source.last(first, end, to) else { return Ok(None) };
        let shown_until = source.shown_until(first, end);
        if first >= end || from >= shown_until.max(1) {
            return Ok(None);
        }
        let shift = delay - from;
        let (mut lift, mut compressed) = (0, 0);
        if is_video {
            let early = preroll::times(data, tables, (first, end), (from, delay))?;
            let begin = early.iter().min();
            if begin.zip(before).is_some_and(|(begin, before)| *begin <= before.pts) {
                return Err("jumps between key frames; timescale too coarse");
            }
            compressed = u32::try_from(early.len()).unwrap_or(u32::MAX);
            let after = tables.time(data, first.saturating_add(compressed)).0 + shift;
            lift = (i64::from(compressed) - after).max(0);
        }
        if lift > LIFT_MAX {
            return Err("begins too far after a key frame");
        }
        let until = to.map_or(shown_until, |to| to.min(shown_until)) + shift;
        let base = before.map_or(first, |last| last.base);
        let next = base.checked_add(end - first).ok_or("shows over 2^32 samples")?;
        let is_compressed = last.index < first.saturating_add(compressed);
        let duration = if is_compressed { 1 } else { last.duration };
        let (pts, over) = (last.ct + shift, last.ct + i64::from(duration) + shift);
        let until = still.map_or(until, |still| delay + still).max(0);
        let held = (last.index, 0);
        let mut segment = Self { base, first, end, compressed, shift, lift, delay, until, held };
        let last = SegmentEnd { base: next, sample: last.index, pts, over };
        if still.is_some() {
            segment.hold(last, until);
        }
        Ok(Some((segment, last)))
    }

    /// Extends the last sample until `time`: browsers stop playing at a gap.
    pub(crate) fn hold(&mut self, last: SegmentEnd, time: i64) {
        let extra = u32::try_from((time - last.over).max(0)).unwrap_or(u32::MAX);
        self.held = (last.sample, extra.min(i32::MAX.cast_unsigned()));
    }

    /// One past its last sample in the order of play.
    pub(crate) fn behind(&self) -> u32 {
        self.base + (self.end - self.first)
    }

    /// The sample with number `at` in the order of play.
    pub(crate) fn sample(&self, at: u32) -> u32 {
        self.first + at.saturating_sub(self.base).min(self.end - self.first)
    }

    /// The place of a sample in the order of play, within the segment.
    pub(crate) fn id_of(&self, sample: u32) -> SampleId {
        let sample = sample.clamp(self.first, self.end.saturating_sub(1).max(self.first));
        SampleId { moof: 0, index: self.base + (sample - self.first) }
    }

    /// When sample `i` is decoded, in presentation time.
    pub(crate) fn decoded(&self, source: SampleSource<'_>, i: u32) -> i64 {
        source.tables.time(source.data, i).0 + self.shift
    }

    /// Converts media times to written ones, for samples from `from` on.
    pub(crate) fn clock(&self, source: SampleSource<'_>, from: u32) -> SampleClock {
        let SampleSource { data, tables, .. } = source;
        let shown = if from < self.first.saturating_add(self.compressed) {
            let edit = (self.delay - self.shift, self.delay);
            preroll::times(data, tables, (self.first, self.end), edit).unwrap_or_default()
        } else {
            Vec::new()
        };
        let after = self.first.saturating_add(self.compressed);
        let steady = tables.time(data, after).0 + self.shift + self.lift;
        let Self { first, shift, lift, held, .. } = *self;
        SampleClock { early: PrerollTimes { shown, steady }, first, shift, lift, held }
    }
}

/// Converts the times of samples to those that fragments state.
#[derive(Debug)]
pub(crate) struct SampleClock {
    /// The times of the first samples, where they are compressed.
    early: PrerollTimes,
    first: u32,
    shift: i64,
    lift: i64,
    held: (u32, u32),
}

impl SampleClock {
    pub(crate) fn set(&self, sample: &mut Sample) {
        sample.decoded = sample.dts + self.shift;
        let i = sample.index.checked_sub(self.first);
        if !i.is_some_and(|i| self.early.set(i as usize, sample)) {
            sample.dts += self.shift + self.lift;
            sample.pts += self.shift;
        }
        let (held, extra) = self.held;
        if sample.index == held {
            sample.duration = sample.duration.saturating_add(extra);
        } else if sample.index > held {
            sample.dts += i64::from(extra);
        }
    }
}

impl SampleSource<'_> {
    /// The picture that is shown at media time `time`.
    fn at(self, time: i64) -> Option<SampleTimes> {
        let near = self.tables.decoded_at(self.data, time);
        let from = near.saturating_sub(REORDER_MAX);
        let shown = self.tables.shown(self.data, from, near.saturating_add(REORDER_MAX));
        shown.filter(|s| s.ct <= time).max_by_key(|s| s.ct)
    }

    /// The first sample that playing from media time `from` on needs.
    fn first(self, from: i64, delay: i64, follows: bool) -> u32 {
        let Self { data, tables, is_video } = self;
        if from == 0 {
            return 0;
        }
        if is_video {
            return tables.key_at(data, from);
        }
        let at = tables.decoded_at(data, from);
        let (start, duration) = tables.time(data, at);
        if follows {
            // The segment before ends with a whole frame too: round to the nearest one.
            return if (from - start) * 2 > i64::from(duration) { at + 1 } else { at };
        }
        // A frame's output overlaps with that of the one before it.
        if start == from && delay == 0 { at.saturating_sub(1) } else { at }
    }

    /// One past the last sample that is shown before `to`.
    fn end(self, to: i64) -> u32 {
        let Self { data, tables, .. } = self;
        let near = tables.decoded_at(data, to).saturating_add(REORDER_MAX).min(tables.count - 1);
        let shown = tables.shown(data, near.saturating_sub(2 * REORDER_MAX), near + 1);
        shown.filter(|s| s.ct < to).last().map_or(0, |last| last.index + 1)
    }

    /// The sample that is shown last, of those up to `end` and before `to`.
    fn last(self, first: u32, end: u32, to: Option<i64>) -> Option<SampleTimes> {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.filter(|s| to.is_none_or(|to| s.ct < to)).max_by_key(|s| s.ct)
    }

    /// When the last of the samples before `end` ends.
    fn shown_until(self, first: u32, end: u32) -> i64 {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.map(|s| s.ct + i64::from(s.duration)).max().unwrap_or(0)
    }
}
