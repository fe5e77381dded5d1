//! Iterates over a track's samples in the order of play, with the times that fragments state: first
//! the samples of the edit segments, then those of `moof` boxes.

use super::selected_track::SelectedTrack;
use crate::error::Result;
use crate::limits::{AUDIO_HOLE_MS, PREROLL_MAX};
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::moof;
use crate::samples::moof_lookup::Next;
use crate::samples::tables::{Sample, SampleId, TableSamples};
use crate::timeline::edit_segment::{EditSegment, SampleClock};
use crate::timeline::preroll::{self, PrerollTimes};
use crate::timeline::sample_source::SampleSource;

/// Iterates over the samples that are known.
pub(crate) struct SampleIter<'a> {
    selected: SelectedTrack<'a>,
    /// The next one.
    at: SampleId,
    inner: Inner<'a>,
    /// The times of pictures of `moof` boxes in front of the edit, and which of them is next.
    early: Option<(PrerollTimes, usize)>,
    /// Of audio: holes so far, the last frame's duration (0: none yet), and when it ended.
    holes: u32,
    usual: u32,
    end: i64,
}

enum Inner<'a> {
    Nothing,
    Segment(u32, &'a EditSegment, TableSamples<'a>, SampleClock),
    Moof(moof::MoofSamples<'a>),
    Over,
}

impl<'a> SelectedTrack<'a> {
    /// Its samples from `from` on.
    pub(crate) fn samples(&self, from: SampleId) -> SampleIter<'a> {
        SampleIter { early: early(*self, from), ..SampleIter::plain(*self, from) }
    }

    /// The key frame, or audio sample, at or before a presentation time, and when it is shown.
    pub(crate) fn seek(&self, time_ms: u64) -> Result<(Next, u64)> {
        let time = self.ticks(time_ms);
        let timeline = &self.stream.timeline;
        let SampleSource { data, tables, is_video } = self.source();
        if let Some((moofs, slot)) = self.moofs.filter(|_| time >= timeline.until) {
            let shown = time.max(timeline.begins_at);
            let next = moofs.seek(slot, shown.saturating_sub(timeline.pts_shift).max(0), is_video);
            let Next::Sample(mut place) = next else { return Ok((next, time_ms)) };
            if !is_video {
                place.index = place.index.saturating_sub(self.stream.roll);
            }
            let first = self.samples(place).next().transpose()?;
            // The first `moof` boxes may continue from a key frame in `moov`.
            let is_begun = timeline.segments.is_empty() || first.is_none_or(|s| s.key);
            if is_begun || !is_video {
                let shown = first.map_or(time, |s| s.pts);
                return Ok((Next::Sample(place), self.ms(shown)));
            }
        }
        let Some(segment) = timeline.segment_at(time) else { return Ok((Next::End, time_ms)) };
        let media = time - segment.pts_shift;
        let (sample, shown) = if is_video {
            let mut key = segment.first;
            if media > tables.ct(data, key) {
                key = tables.key_at(data, media);
            }
            if key >= segment.end {
                key = tables.key_before(data, segment.end);
            }
            let key = key.clamp(segment.first, segment.end - 1);
            (key, segment.shown(key, tables.ct(data, key) + segment.pts_shift))
        } else {
            let at = tables.decoded_at(data, media).saturating_sub(self.stream.roll);
            let at = at.clamp(segment.first, segment.end - 1);
            (at, segment.decoded(self.source(), at))
        };
        Ok((Next::Sample(segment.id_of(sample)), self.ms(shown)))
    }

    /// When a sample is decoded, in milliseconds; `None` after the last known sample.
    pub(crate) fn decoded_at(&self, place: SampleId) -> Option<u64> {
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
    /// Without compressed times: pictures of `moof` boxes in front of the edit keep their own.
    fn plain(selected: SelectedTrack<'a>, at: SampleId) -> Self {
        let (inner, early) = (Inner::Nothing, None);
        Self { selected, at, inner, early, holes: 0, usual: 0, end: i64::MAX }
    }

    /// Opens the table or `moof` that describes the next sample.
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
            && let Some((moof_track, moof)) =
                moofs.moof_tracks.get(slot).zip(moofs.known_from(place.moof).first())
        {
            self.at = place;
            let mut samples = moof.samples(*moof_track, &moofs.moof_tracks);
            for _ in 0..place.index {
                samples.next();
            }
            self.inner = Inner::Moof(samples);
        }
    }

    /// Ends a frame of sound where it ends, although the next one comes much later, and gives samples
    /// behind such a hole another segment, so that no fragment spans it.
    fn cut(&mut self, sample: &mut Sample) {
        let long = self.selected.ticks(AUDIO_HOLE_MS);
        if sample.dts.saturating_sub(self.end) > long {
            self.holes = self.holes.wrapping_add(1 << 16);
        }
        if i64::from(sample.duration) > long {
            sample.duration =
                if self.usual > 0 { self.usual } else { self.selected.track.frame_ticks() };
        }
        self.usual = sample.duration;
        self.end = sample.dts + i64::from(sample.duration);
        sample.segment = sample.segment.wrapping_add(self.holes);
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
                    sample.decoded += timeline.pts_shift;
                    // A track may begin before the one by which the film was moved to 0.
                    sample.dts = (sample.dts + timeline.pts_shift + timeline.lift).max(0);
                    sample.pts += timeline.pts_shift;
                    if let Some((early, i)) = &mut self.early {
                        early.set(*i, &mut sample);
                        *i += 1;
                    }
                    Ok(sample)
                }),
            };
            match found {
                Some(Ok(mut sample)) => {
                    if self.selected.track.kind == TrackKind::Audio {
                        self.cut(&mut sample);
                    }
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

/// The pictures from a key frame to a little past the edit, where `at` is one of them.
struct Zone {
    /// The place of `at` among them.
    number: usize,
    decoded: Vec<i64>,
    shown: Vec<i64>,
    /// The next sample of it, where its end is not known yet.
    rest: Option<SampleId>,
}

/// For pictures of `moof` boxes, and an edit that hides some of them.
fn zone(selected: SelectedTrack<'_>, at: SampleId) -> Option<Zone> {
    let timeline = &selected.stream.timeline;
    let (moofs, slot) = selected.moofs.filter(|_| timeline.segments.is_empty())?;
    let from = timeline.begins_at - timeline.pts_shift;
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
        // Only negative composition offsets show a picture before it is decoded.
        spread = spread.max(sample.decoded - sample.pts);
        let begin = timeline.begins_at + i64::try_from(shown.len()).unwrap_or(0);
        rest = Some(sample.id().next()).filter(|_| sample.decoded - spread < begin);
        if rest.is_none() {
            break;
        }
    }
    Some(Zone { number: number?, decoded, shown, rest })
}

/// The bytes needed to hide the pictures in front of an edit, of which `at` may be one.
pub(crate) fn need(selected: SelectedTrack<'_>, at: SampleId) -> Option<ByteRange> {
    selected.next(zone(selected, at)?.rest?).need()
}

/// The compressed times of the pictures in front of the edit, and which of them `at` is.
fn early(selected: SelectedTrack<'_>, at: SampleId) -> Option<(PrerollTimes, usize)> {
    let Zone { number, decoded, shown, .. } = zone(selected, at)?;
    let shown = preroll::compress(shown, selected.stream.timeline.begins_at).ok()?;
    let steady = *decoded.get(shown.len())?;
    Some((PrerollTimes { shown, steady }, number))
}

impl Iterator for SampleIter<'_> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()
    }
}
