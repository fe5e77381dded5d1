//! A track's samples in the order of play, with the times that are written: first those of the
//! timeline's segments, then those of `moof` boxes.

use super::selected_track::SelectedTrack;
use crate::error::Result;
use crate::limits::PREROLL_MAX;
use crate::range::ByteRange;
use crate::samples::moof;
use crate::samples::moof_lookup::Next;
use crate::samples::tables::{Sample, SampleId, TableSamples};
use crate::timeline::edit_segment::{EditSegment, SampleClock, SampleSource};
use crate::timeline::preroll::{self, PrerollTimes};

/// TableSamples one after the other, as far as they are known.
pub(crate) struct SampleIter<'a> {
    selected: SelectedTrack<'a>,
    /// Where the next one is.
    at: SampleId,
    inner: Inner<'a>,
    /// For pictures of `moof` boxes in front of the edit, and which of them the next one is.
    early: Option<(PrerollTimes, usize)>,
}

enum Inner<'a> {
    Nothing,
    Segment(u32, &'a EditSegment, TableSamples<'a>, SampleClock),
    Moof(moof::MoofSamples<'a>),
    Over,
}

impl<'a> SelectedTrack<'a> {
    /// Its samples from this one on.
    pub(crate) fn samples(&self, from: SampleId) -> SampleIter<'a> {
        SampleIter { early: early(*self, from), ..SampleIter::plain(*self, from) }
    }

    /// The key frame, or sound, at or before a time of the presentation, and when it is shown.
    pub(crate) fn seek(&self, time_ms: u64) -> Result<(Next, u64)> {
        let time = self.ticks(time_ms);
        let timeline = &self.stream.timeline;
        let SampleSource { data, tables, is_video } = self.source();
        if let Some((moofs, slot)) = self.moofs.filter(|_| time >= timeline.until) {
            let shown = time.max(timeline.delay);
            let next = moofs.seek(slot, shown.saturating_sub(timeline.shift).max(0), is_video);
            let Next::Sample(mut place) = next else { return Ok((next, time_ms)) };
            if !is_video {
                place.index = place.index.saturating_sub(self.stream.roll);
            }
            let first = self.samples(place).next().transpose()?;
            // What `moof` boxes begin with may go on from a key frame that `moov` tells of.
            let is_begun = timeline.segments.is_empty() || first.is_none_or(|s| s.key);
            if is_begun || !is_video {
                let shown = first.map_or(time, |s| s.pts);
                return Ok((Next::Sample(place), self.ms(shown)));
            }
        }
        let Some(segment) = timeline.segment_at(time) else { return Ok((Next::End, time_ms)) };
        let media = time - segment.shift;
        let (sample, shown) = if is_video {
            let mut key = segment.first;
            if media > tables.ct(data, key) {
                key = tables.key_at(data, media);
            }
            if key >= segment.end {
                key = tables.key_before(data, segment.end);
            }
            let key = key.clamp(segment.first, segment.end - 1);
            (key, (tables.ct(data, key) + segment.shift).max(segment.delay))
        } else {
            let at = tables.decoded_at(data, media).saturating_sub(self.stream.roll);
            let at = at.clamp(segment.first, segment.end - 1);
            (at, segment.decoded(self.source(), at))
        };
        Ok((Next::Sample(segment.id_of(sample)), self.ms(shown)))
    }

    /// When the sample at `place` is decoded; `None` behind all that is known.
    pub(crate) fn at(&self, place: SampleId) -> Option<u64> {
        let timeline = &self.stream.timeline;
        if let Some((_, segment)) = timeline.segment(place) {
            let i = segment.sample(place.index);
            return Some(self.ms(segment.decoded(self.source(), i)));
        }
        let sample = self.samples(place).next()?.ok()?;
        Some(self.decoded_ms(&sample))
    }
}

impl<'a> SampleIter<'a> {
    /// Of `moof` boxes, also what is in front of the edit has its own time.
    fn plain(selected: SelectedTrack<'a>, at: SampleId) -> Self {
        Self { selected, at, inner: Inner::Nothing, early: None }
    }

    /// Goes to where the next sample is told of.
    fn enter(&mut self) {
        let SelectedTrack { data, stream, moofs, .. } = self.selected;
        if let Some((number, segment)) = stream.timeline.segment(self.at) {
            let from = segment.sample(self.at.index);
            let walk = stream.tables.walk(data, from, segment.end);
            let clock = segment.clock(self.selected.source(), from);
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            self.inner = Inner::Segment(number, segment, walk, clock);
            return;
        }
        self.inner = Inner::Over;
        let Some((moofs, slot)) = moofs else { return };
        if let Next::Sample(place) = moofs.at(slot, self.at)
            && let Some((told, moof)) =
                moofs.moof_tracks.get(slot).zip(moofs.from(place.moof).first())
        {
            self.at = place;
            let mut samples = moof.samples(*told, &moofs.moof_tracks);
            for _ in 0..place.index {
                samples.next();
            }
            self.inner = Inner::Moof(samples);
        }
    }

    fn read(&mut self) -> Option<Result<Sample>> {
        loop {
            let timeline = &self.selected.stream.timeline;
            let found: Option<Result<Sample>> = match &mut self.inner {
                Inner::Over => return None,
                Inner::Nothing => None,
                Inner::Segment(number, segment, samples, clock) => samples.next().map(|sample| {
                    let mut sample = sample?;
                    clock.set(&mut sample);
                    sample.segment = *number;
                    sample.index = segment.id_of(sample.index).index;
                    Ok(sample)
                }),
                Inner::Moof(samples) => samples.next().map(|sample| {
                    let mut sample = sample?;
                    sample.decoded += timeline.shift;
                    sample.dts += timeline.shift + timeline.lift;
                    sample.pts += timeline.shift;
                    if let Some((early, i)) = &mut self.early {
                        early.set(*i, &mut sample);
                        *i += 1;
                    }
                    Ok(sample)
                }),
            };
            match found {
                Some(Ok(sample)) => {
                    self.at = sample.id().next();
                    return Some(Ok(sample));
                }
                Some(Err(error)) => {
                    self.inner = Inner::Over;
                    return Some(Err(error.in_track(self.selected.index)));
                }
                None => self.enter(),
            }
        }
    }
}

/// The pictures from a key frame up to the edit and a little further, if `at` is among them.
struct Zone {
    /// Which one that is.
    number: usize,
    decoded: Vec<i64>,
    shown: Vec<i64>,
    /// What comes next of it, if it is not known to its end.
    rest: Option<SampleId>,
}

/// Of pictures that `moof` boxes tell of, and an edit that leaves some of them out.
fn zone(selected: SelectedTrack<'_>, at: SampleId) -> Option<Zone> {
    let timeline = &selected.stream.timeline;
    let (moofs, slot) = selected.moofs.filter(|_| timeline.segments.is_empty())?;
    let from = timeline.delay - timeline.shift;
    if from <= 0 || !selected.source().is_video {
        return None;
    }
    let (Next::Sample(key), Next::Sample(at)) = (moofs.seek(slot, from, true), moofs.at(slot, at))
    else {
        return None;
    };
    let (mut decoded, mut shown) = (Vec::new(), Vec::new());
    let (mut number, mut spread, mut rest) = (None, 0, Some(key));
    for sample in SampleIter::plain(selected, key).map_while(Result::ok).take(PREROLL_MAX as usize)
    {
        if sample.id() == at {
            number = Some(shown.len());
        }
        decoded.push(sample.dts);
        shown.push(sample.pts);
        // Nothing is shown earlier than it is decoded, but for negative composition offsets.
        spread = spread.max(sample.decoded - sample.pts);
        let begin = timeline.delay + i64::try_from(shown.len()).unwrap_or(0);
        rest = Some(sample.id().next()).filter(|_| sample.decoded - spread < begin);
        if rest.is_none() {
            break;
        }
    }
    Some(Zone { number: number?, decoded, shown, rest })
}

/// What must be known to hide the pictures in front of an edit, of which `at` may be one.
pub(crate) fn need(selected: SelectedTrack<'_>, at: SampleId) -> Option<ByteRange> {
    selected.next(zone(selected, at)?.rest?).need()
}

/// What compresses the pictures in front of the edit, and which of them `at` is.
fn early(selected: SelectedTrack<'_>, at: SampleId) -> Option<(PrerollTimes, usize)> {
    let Zone { number, decoded, shown, .. } = zone(selected, at)?;
    let shown = preroll::compress(shown, selected.stream.timeline.delay).ok()?;
    let steady = *decoded.get(shown.len())?;
    Some((PrerollTimes { shown, steady }, number))
}

impl Iterator for SampleIter<'_> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()
    }
}
