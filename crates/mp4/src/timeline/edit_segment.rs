//! One span of the media as it is played: from a key frame, each sample with its written times.
//!
//! What lies before the edit: video keeps what must be decoded (see [`preroll`]). Audio keeps
//! the one frame that the first audible one overlaps with, at its negative time.

use super::edit_list::MediaSpan;
use super::preroll::{self, PrerollTimes};
use crate::limits::{LIFT_MAX, PREROLL_MAX, REORDER_MAX, TICKS_MAX};
use crate::samples::tables::{Sample, SampleId, SampleTimes, Tables};

/// Samples that are played in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EditSegment {
    /// Its first sample's place in the order of play.
    pub(crate) base: u32,
    /// First sample that is needed.
    pub(crate) first: u32,
    /// One behind the last sample that is shown.
    pub(crate) end: u32,
    /// How many of the first are compressed; each is a tick long.
    compressed: u32,
    /// Presentation time = composition time + shift, in ticks of the track.
    pub(crate) shift: i64,
    /// Written decoding time = decoding time + shift + lift: `tfdt` has no sign.
    lift: i64,
    /// When the edit begins.
    pub(crate) delay: i64,
    /// When its presentation ends, in ticks.
    pub(crate) until: i64,
    /// Which sample lasts longer than by itself, and by how much: until the next segment begins.
    held: (u32, u32),
}

/// What a segment is made of and for.
#[derive(Clone, Copy)]
pub(crate) struct SampleSource<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) tables: &'a Tables,
    pub(crate) is_video: bool,
}

/// The end of a segment, for the one that follows.
#[derive(Clone, Copy)]
pub(crate) struct SegmentEnd {
    /// One behind its last sample's place in the order of play.
    base: u32,
    sample: u32,
    /// When it is shown, and when it would be over.
    pts: i64,
    over: i64,
}

impl EditSegment {
    /// What it is made of, for [`EditSegment::read`]; nothing of one that others stand beside.
    pub(crate) fn numbers(&self) -> Option<[i64; 8]> {
        let Self { base, first, end, compressed, shift, lift, delay, until, held } = *self;
        let [first, end, compressed] = [first, end, compressed].map(i64::from);
        let alone = i64::from(base) == first && held.1 == 0;
        alone.then_some([first, end, compressed, shift, lift, delay, until, i64::from(held.0)])
    }

    /// Of such numbers.
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

    /// For a file, whose edit list hides what is in front: pictures there have their own times, and
    /// sounds are those that ffmpeg keeps, which are a second's.
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

    /// By how much it is decoded later, so that it is not decoded before 0.
    pub(crate) fn lift(&self) -> i64 {
        self.lift
    }

    /// Moves all that is shown, and of that `lift` is what is decoded later still.
    pub(crate) fn raise(&mut self, ticks: i64, lift: i64) {
        self.shift += ticks;
        self.delay += ticks;
        self.until += ticks;
        self.lift = lift;
    }

    /// How many samples belong together at its beginning.
    pub(crate) fn compressed(&self) -> u32 {
        self.compressed
    }

    /// The same for samples from number `first` on, `count` of them, of which the first is decoded
    /// at `dts`; they and their times count from there.
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

    /// The span behind `before`; none where it shows nothing.
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
            // A sound that stands still is silence.
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
                return Err(
                    "jumps between key frames, with a timescale too coarse to hide the frames before",
                );
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
        let next = base.checked_add(end - first).ok_or("shows more samples than fit 32 bits")?;
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

    /// Lets the last picture stand, and the last sound be followed by silence, until `time`: no
    /// browser plays on where it has nothing.
    pub(crate) fn hold(&mut self, last: SegmentEnd, time: i64) {
        let extra = u32::try_from((time - last.over).max(0)).unwrap_or(u32::MAX);
        self.held = (last.sample, extra.min(i32::MAX.cast_unsigned()));
    }

    /// One behind its last sample's place in the order of play.
    pub(crate) fn behind(&self) -> u32 {
        self.base + (self.end - self.first)
    }

    /// The sample at a place in the order of play.
    pub(crate) fn sample(&self, at: u32) -> u32 {
        self.first + at.saturating_sub(self.base).min(self.end - self.first)
    }

    /// The place of a sample in the order of play.
    pub(crate) fn id_of(&self, sample: u32) -> SampleId {
        let sample = sample.clamp(self.first, self.end.saturating_sub(1).max(self.first));
        SampleId { moof: 0, index: self.base + (sample - self.first) }
    }

    /// When sample `i` is decoded, as it stands in the media.
    pub(crate) fn decoded(&self, source: SampleSource<'_>, i: u32) -> i64 {
        source.tables.time(source.data, i).0 + self.shift
    }

    /// From the media's times to written ones, for samples from `from` on.
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

/// Gives samples the times that are written.
#[derive(Debug)]
pub(crate) struct SampleClock {
    /// For the first samples, where they are compressed.
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
    /// The picture that is seen at `time` of the media.
    fn at(self, time: i64) -> Option<SampleTimes> {
        let near = self.tables.decoded_at(self.data, time);
        let from = near.saturating_sub(REORDER_MAX);
        let shown = self.tables.shown(self.data, from, near.saturating_add(REORDER_MAX));
        shown.filter(|s| s.ct <= time).max_by_key(|s| s.ct)
    }

    /// The first sample that is needed for what is shown from `from` on.
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
            // What stands before it ends with a whole frame too: to the nearest.
            return if (from - start) * 2 > i64::from(duration) { at + 1 } else { at };
        }
        // A frame's output is made of itself and the one before it.
        if start == from && delay == 0 { at.saturating_sub(1) } else { at }
    }

    /// One behind the last sample that is shown before `to`.
    fn end(self, to: i64) -> u32 {
        let Self { data, tables, .. } = self;
        let near = tables.decoded_at(data, to).saturating_add(REORDER_MAX).min(tables.count - 1);
        let shown = tables.shown(data, near.saturating_sub(2 * REORDER_MAX), near + 1);
        shown.filter(|s| s.ct < to).last().map_or(0, |last| last.index + 1)
    }

    /// What is shown last of the samples up to `end`, before `to`.
    fn last(self, first: u32, end: u32, to: Option<i64>) -> Option<SampleTimes> {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.filter(|s| to.is_none_or(|to| s.ct < to)).max_by_key(|s| s.ct)
    }

    /// When the last of the samples before `end` is over.
    fn shown_until(self, first: u32, end: u32) -> i64 {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.map(|s| s.ct + i64::from(s.duration)).max().unwrap_or(0)
    }
}
