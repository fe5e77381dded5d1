//! An edit segment: samples that are played in a row, from a key frame on, with their written times.
//!
//! Before the edit, video keeps the pictures that must be decoded (see [`preroll`]), and audio keeps the
//! one frame that the first audible one overlaps with, at its negative time.

use super::edit_list::MediaSpan;
use super::preroll::{self, PrerollTimes};
use super::sample_source::SampleSource;
use crate::limits::{LIFT_MAX, PREROLL_MAX, REORDER_MAX, TICKS_MAX};
use crate::samples::tables::{Sample, SampleId};

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
    /// Presentation time = composition time + `pts_shift`, in ticks of the track.
    pub(crate) pts_shift: i64,
    /// Written decoding time = decoding time + `pts_shift` + `lift`: `tfdt` has no sign.
    lift: i64,
    /// When the edit begins.
    pub(crate) begins_at: i64,
    /// When its presentation ends, in ticks.
    pub(crate) until: i64,
    hold: Hold,
    /// Whether its first picture is shown from 0 on, because the track begins later.
    leads: bool,
}

/// The sample that is extended until the next segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    sample: u32,
    /// By how many ticks it is extended.
    ticks: u32,
}

/// The end of a segment, for the one that follows.
#[derive(Clone, Copy)]
pub(crate) struct SegmentEnd {
    /// One past its last sample in the order of play.
    end_in_play_order: u32,
    /// The sample that is shown last.
    sample: u32,
    /// When it is shown, and when it ends unless it is extended.
    pts: i64,
    natural_end: i64,
}

impl EditSegment {
    /// Its fields, for [`EditSegment::from_numbers`]; it must be the only segment of its track. How long
    /// its last picture is held follows from the film's length.
    pub(crate) fn numbers(&self, source: SampleSource<'_>) -> [i64; 8] {
        let Self { first, end, compressed, pts_shift, lift, begins_at, mut until, hold, .. } =
            *self;
        if hold.ticks > 0 {
            until = self.natural_end(source).natural_end;
        }
        let [first, end, compressed] = [first, end, compressed].map(i64::from);
        [first, end, compressed, pts_shift, lift, begins_at, until, i64::from(hold.sample)]
    }

    /// The segment with these [`numbers`](Self::numbers); `None` where they contradict each other.
    pub(crate) fn from_numbers(
        [first, end, compressed, pts_shift, lift, begins_at, until, sample]: [i64; 8],
        is_video: bool,
    ) -> Option<Self> {
        let [first, end, compressed, sample] = [first, end, compressed, sample].map(u32::try_from);
        let (first, end, compressed, hold) =
            (first.ok()?, end.ok()?, compressed.ok()?, Hold { sample: sample.ok()?, ticks: 0 });
        let ticks = [pts_shift, lift, begins_at, until].map(i64::unsigned_abs);
        let fits = first < end && compressed <= PREROLL_MAX + REORDER_MAX + 1;
        (fits && ticks.into_iter().all(|ticks| ticks <= TICKS_MAX)).then_some(Self {
            base: first,
            first,
            end,
            compressed,
            pts_shift,
            lift,
            begins_at,
            until,
            hold,
            leads: is_video && begins_at > 0,
        })
    }

    /// For a file, whose edit list hides the samples in front: pictures there keep their own times, and
    /// a second of audio is kept, as by ffmpeg.
    pub(crate) fn unfold(&mut self, source: SampleSource<'_>, second: i64) {
        let SampleSource { data, tables, is_video } = source;
        if !is_video {
            let from = self.begins_at - self.pts_shift - second;
            self.first = self.first.min(tables.decoded_at(data, from));
            self.base = self.first;
        }
        self.compressed = 0;
        self.leads = false;
        self.lift = (-self.decoded(source, self.first)).max(0);
    }

    /// Ticks by which decoding times are delayed, so that none is negative.
    pub(crate) fn lift(&self) -> i64 {
        self.lift
    }

    /// Delays presentation times by `ticks`, and decoding times by `lift` more.
    pub(crate) fn raise(&mut self, ticks: i64, lift: i64) {
        self.pts_shift += ticks;
        self.begins_at += ticks;
        self.until += ticks;
        self.lift = lift;
        self.leads = false;
    }

    /// How many samples at its beginning are compressed, and so timed together.
    pub(crate) fn compressed(&self) -> u32 {
        self.compressed
    }

    /// The same segment for `count` samples from number `first` on, which is decoded at `dts`: numbers
    /// and times count from that sample.
    pub(crate) fn rebased(&self, first: u32, count: u32, dts: i64) -> Self {
        let [start, end] = [self.first, self.end].map(|number| number.saturating_sub(first));
        let Hold { sample, ticks } = self.hold;
        // Samples behind the one that is held are decoded later.
        let (hold, late) = match sample.checked_sub(first) {
            Some(sample) => (Hold { sample, ticks }, 0),
            None => (Hold { sample: 0, ticks: 0 }, ticks),
        };
        Self {
            base: start,
            first: start,
            end: end.min(count),
            compressed: if first > self.first { 0 } else { self.compressed },
            pts_shift: self.pts_shift + dts,
            lift: self.lift + i64::from(late),
            hold,
            leads: self.leads && first <= self.first,
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
        let MediaSpan { begins_at, to, still, .. } = *media_span;
        let (from, to) = match still.and_then(|_| source.shown_at(media_span.from)) {
            Some(shown) => (shown.ct, Some(shown.ct + 1)),
            None => (media_span.from, to),
        };
        if still.is_some() && !is_video {
            // Still audio is silence.
            return Ok(None);
        }
        let first = source.first(from, begins_at, before.is_some());
        let end = to.map_or(tables.count, |to| source.end(to));
        let Some(last) = source.last(first, end, to) else { return Ok(None) };
        let shown_until = source.shown_until(first, end);
        if first >= end || from >= shown_until.max(1) {
            return Ok(None);
        }
        let pts_shift = begins_at - from;
        let (mut lift, mut compressed) = (0, 0);
        if is_video {
            let preroll_times = preroll::times(data, tables, (first, end), (from, begins_at))?;
            let begin = preroll_times.iter().min();
            if begin.zip(before).is_some_and(|(begin, before)| *begin <= before.pts) {
                return Err("jumps between key frames; timescale too coarse");
            }
            compressed = u32::try_from(preroll_times.len()).unwrap_or(u32::MAX);
            let after = tables.time(data, first.saturating_add(compressed)).0 + pts_shift;
            lift = (i64::from(compressed) - after).max(0);
        }
        let leads = is_video && before.is_none() && begins_at > 0;
        if leads {
            lift = lift.max(source.lift_of_lead(first, end));
        }
        if lift > LIFT_MAX {
            return Err("begins too far after a key frame");
        }
        let until = to.map_or(shown_until, |to| to.min(shown_until)) + pts_shift;
        let base = before.map_or(first, |last| last.end_in_play_order);
        let end_in_play_order = base.checked_add(end - first).ok_or("shows over 2^32 samples")?;
        let is_compressed = last.index < first.saturating_add(compressed);
        let duration = if is_compressed { 1 } else { last.duration };
        let (pts, natural_end) = (last.ct + pts_shift, last.ct + i64::from(duration) + pts_shift);
        let until = still.map_or(until, |still| begins_at + still).max(0);
        let hold = Hold { sample: last.index, ticks: 0 };
        let mut segment =
            Self { base, first, end, compressed, pts_shift, lift, begins_at, until, hold, leads };
        let last = SegmentEnd { end_in_play_order, sample: last.index, pts, natural_end };
        if still.is_some() {
            segment.hold(last, until);
        }
        Ok(Some((segment, last)))
    }

    /// Extends the last sample until `time`: browsers stop playing at a gap.
    pub(crate) fn hold(&mut self, last: SegmentEnd, time: i64) {
        let ticks = u32::try_from((time - last.natural_end).max(0)).unwrap_or(u32::MAX);
        self.hold = Hold { sample: last.sample, ticks: ticks.min(i32::MAX.cast_unsigned()) };
    }

    /// Extends the sample that is shown last by `ticks`.
    pub(crate) fn hold_longer(&mut self, ticks: i64) {
        let sum = i64::from(self.hold.ticks).saturating_add(ticks.max(0)).min(i32::MAX.into());
        self.hold.ticks = u32::try_from(sum).unwrap_or(0);
    }

    /// Its end, as if the last sample was not extended.
    pub(crate) fn natural_end(&self, source: SampleSource<'_>) -> SegmentEnd {
        let Hold { sample, .. } = self.hold;
        let SampleSource { data, tables, .. } = source;
        let pts = tables.ct(data, sample) + self.pts_shift;
        let is_compressed = sample < self.first.saturating_add(self.compressed);
        let duration = if is_compressed { 1 } else { tables.time(data, sample).1 };
        let natural_end = pts + i64::from(duration);
        SegmentEnd { end_in_play_order: self.end_in_play_order(), sample, pts, natural_end }
    }

    /// A segment that follows and shows the last sample again, for `still` ticks from `begins_at` on;
    /// `None` where the key frame for it is too far.
    pub(crate) fn again_from(
        &self,
        source: SampleSource<'_>,
        (begins_at, still): (i64, i64),
    ) -> Option<Self> {
        let from = source.tables.ct(source.data, self.hold.sample);
        let span = MediaSpan { begins_at, from, to: Some(from + 1), still: Some(still) };
        let made = Self::new(source, &span, Some(self.natural_end(source)));
        made.ok().flatten().map(|(segment, _)| segment)
    }

    /// The same samples again, shown `ticks` later.
    pub(crate) fn again(&self, ticks: i64) -> Self {
        Self {
            base: self.end_in_play_order(),
            pts_shift: self.pts_shift + ticks,
            begins_at: self.begins_at + ticks,
            until: self.until + ticks,
            ..self.clone()
        }
    }

    /// When its first picture is shown, before which `shown` is not.
    pub(crate) fn shown(&self, sample: u32, shown: i64) -> i64 {
        if self.is_lead(sample) { 0 } else { shown.max(self.begins_at) }
    }

    fn is_lead(&self, sample: u32) -> bool {
        self.leads && sample == self.first
    }

    /// One past its last sample in the order of play.
    pub(crate) fn end_in_play_order(&self) -> u32 {
        self.base + (self.end - self.first)
    }

    /// The sample with this number in the order of play.
    pub(crate) fn sample(&self, number: u32) -> u32 {
        self.first + number.saturating_sub(self.base).min(self.end - self.first)
    }

    /// The place of a sample in the order of play, within the segment.
    pub(crate) fn id_of(&self, sample: u32) -> SampleId {
        let sample = sample.clamp(self.first, self.end.saturating_sub(1).max(self.first));
        SampleId { moof: 0, index: self.base + (sample - self.first) }
    }

    /// When a sample is decoded, in presentation time.
    pub(crate) fn decoded(&self, source: SampleSource<'_>, sample: u32) -> i64 {
        if self.is_lead(sample) {
            return 0;
        }
        source.tables.time(source.data, sample).0 + self.pts_shift
    }

    /// Converts media times to written ones, for samples from `from` on.
    pub(crate) fn clock(&self, source: SampleSource<'_>, from: u32) -> SampleClock {
        let SampleSource { data, tables, .. } = source;
        let shown = if from < self.first.saturating_add(self.compressed) {
            let edit = (self.begins_at - self.pts_shift, self.begins_at);
            preroll::times(data, tables, (self.first, self.end), edit).unwrap_or_default()
        } else {
            Vec::new()
        };
        let after = self.first.saturating_add(self.compressed);
        let steady = tables.time(data, after).0 + self.pts_shift + self.lift;
        let Self { first, pts_shift, lift, hold, leads, .. } = *self;
        SampleClock { preroll: PrerollTimes { shown, steady }, first, pts_shift, lift, hold, leads }
    }
}

/// Converts the times of samples to those that fragments state.
#[derive(Debug)]
pub(crate) struct SampleClock {
    /// The times of the first samples, where they are compressed.
    preroll: PrerollTimes,
    first: u32,
    pts_shift: i64,
    lift: i64,
    hold: Hold,
    leads: bool,
}

impl SampleClock {
    pub(crate) fn set(&self, sample: &mut Sample) {
        sample.decoded = sample.dts + self.pts_shift;
        let i = sample.index.checked_sub(self.first);
        if !i.is_some_and(|i| self.preroll.set(i as usize, sample)) {
            sample.dts += self.pts_shift + self.lift;
            sample.pts += self.pts_shift;
        }
        let Hold { sample: held, ticks: extra } = self.hold;
        if sample.index == held {
            sample.duration = sample.duration.saturating_add(extra);
        } else if sample.index > held {
            sample.dts += i64::from(extra);
        }
        if self.leads && i == Some(0) {
            let ticks = u32::try_from(sample.dts).unwrap_or(u32::MAX);
            sample.duration = sample.duration.saturating_add(ticks);
            (sample.dts, sample.pts, sample.decoded) = (0, 0, 0);
        }
    }
}
