//! Finds samples of a fragmented file by number or time, or the bytes needed to find them.

use super::moof::Moof;
use super::moof_store::{KnownRange, MfraState, MoofStore};
use super::tables::{Sample, SampleId};
use crate::limits::{KEY_SECONDS_MAX, MOOF_GUESS_BYTES, OFFSET_MAX, WINDOW_MS_MAX};
use crate::range::ByteRange;
use crate::ticks;

/// The result of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Sample(SampleId),
    End,
    /// These bytes of the file must be fed first.
    Need(ByteRange),
}

impl Next {
    pub(crate) fn need(self) -> Option<ByteRange> {
        match self {
            Self::Need(range) => Some(range),
            Self::Sample(_) | Self::End => None,
        }
    }
}

impl MoofStore {
    /// When the last known sample ends, in milliseconds; an estimate where the film goes on.
    pub(crate) fn until_ms(&self) -> u64 {
        let last = self.runs.last().and_then(|run| run.moofs.last());
        let known = last.map_or(0, |moof| self.over_ms(moof)).max(self.estimate_ms);
        let until = known.max(self.until_ms).saturating_sub(self.offset_ms.unwrap_or(0));
        until.max(self.length_ms)
    }

    pub(super) fn is_at_end(&self, run: &KnownRange) -> bool {
        self.file_size.is_some_and(|size| run.at >= size)
    }

    pub(super) fn need(&self, at: u64, len: u64) -> Next {
        let end = at.saturating_add(len).min(self.file_size.unwrap_or(OFFSET_MAX));
        Next::Need(ByteRange { start: at, end: end.max(at + 1) })
    }

    /// The lookup result at the end of a known range.
    #[inline(never)]
    pub(super) fn frontier(&self, run: &KnownRange) -> Next {
        if self.is_at_end(run) {
            return Next::End;
        }
        self.need(run.at, run.missing.unwrap_or(MOOF_GUESS_BYTES))
    }

    /// The sample `place`, or what comes instead of it.
    pub(crate) fn at(&self, slot: usize, place: SampleId) -> Next {
        let Some(moof_track) = self.moof_tracks.get(slot) else { return Next::End };
        let has =
            |moof: &&Moof, index| moof.span(moof_track).is_ok_and(|span| span.samples > index);
        let start = if place.moof == 0 { self.origin } else { place.moof };
        let Some(run) = self.runs.iter().find(|run| run.covers(start)) else {
            return self.need(start, MOOF_GUESS_BYTES);
        };
        let from = run.moofs.partition_point(|moof| moof.at < start);
        let mut moofs = run.moofs.iter().skip(from).peekable();
        if let Some(moof) = moofs.next_if(|moof| moof.at == place.moof)
            && has(&moof, place.index)
        {
            return Next::Sample(place);
        }
        let found = moofs.find(|moof| has(moof, 0));
        found.map_or_else(
            || self.frontier(run),
            |moof| Next::Sample(SampleId { moof: moof.at, index: 0 }),
        )
    }

    /// The `moof` at an offset, and the known ones after it.
    pub(crate) fn known_from(&self, offset: u64) -> &[Moof] {
        let run = self.runs.iter().find(|run| run.start <= offset && offset < run.at);
        let moofs = run.map_or(&[][..], |run| &run.moofs);
        moofs.get(moofs.partition_point(|moof| moof.at < offset)..).unwrap_or_default()
    }

    /// When the known samples after `place` end, in milliseconds.
    pub(crate) fn horizon_ms(&self, place: SampleId) -> u64 {
        let start = if place.moof == 0 { self.origin } else { place.moof };
        let run = self.runs.iter().find(|run| run.covers(start));
        let until = run.and_then(|run| run.moofs.last()).map_or(0, |moof| self.over_ms(moof));
        until.saturating_sub(self.offset_ms.unwrap_or(0))
    }

    /// When the last sample of a `moof` ends, in milliseconds.
    pub(crate) fn over_ms(&self, moof: &Moof) -> u64 {
        let mut over = 0;
        for (moof_track, track) in self.moof_tracks.iter().zip(&self.tracks) {
            if let Ok(span) = moof.span(moof_track)
                && span.samples > 0
            {
                over = over.max(ms(span.end, track.scale));
            }
        }
        over
    }

    pub(super) fn begins_ms(&self, moof: &Moof) -> u64 {
        let both = self.moof_tracks.iter().zip(&self.tracks);
        let begins =
            both.filter_map(|(moof_track, track)| Some(ms(moof.begins(moof_track)?, track.scale)));
        begins.min().unwrap_or(0)
    }

    /// Where to begin for media time `time` of a track; for video at a key frame (`keys`).
    pub(crate) fn seek(&self, slot: usize, time: i64, keys: bool) -> Next {
        let Some((moof_track, track)) = self.moof_tracks.get(slot).zip(self.tracks.get(slot))
        else {
            return Next::End;
        };
        let time_ms = ms(time, track.scale);
        let undeclared = KEY_SECONDS_MAX * i64::from(track.scale);
        let marked = self.marks.partition_point(|mark| mark.time_ms <= time_ms);
        let is_between = self.until_ms > time_ms || marked < self.marks.len();
        let mark = marked.checked_sub(1).and_then(|i| self.marks.get(i));
        let mark = mark.map_or(self.origin, |mark| mark.offset);
        let early = |run: &KnownRange| {
            let first = run.moofs.first().filter(|_| run.start >= mark);
            first.is_some_and(|moof| self.begins_ms(moof) <= time_ms)
        };
        let Some(run) = self.runs.iter().rfind(|run| run.covers(mark) || early(run)) else {
            return self.need(mark, MOOF_GUESS_BYTES);
        };
        let until = run.moofs.partition_point(|moof| self.begins_ms(moof) <= time_ms);
        let last = run.moofs.last().map_or(0, |moof| self.over_ms(moof));
        let key = |moof: &Moof| {
            let samples = moof.samples(*moof_track, &self.moof_tracks).map_while(Result::ok);
            let mut found: Option<Sample> = None;
            let mut is_after_key = false;
            for sample in samples {
                // Where marked key frames follow each other, any of them may not be one.
                let is_known = found.is_none_or(|f| !is_after_key || f.pts + undeclared < time);
                if (sample.key && is_known || !keys) && sample.pts <= time {
                    found = Some(sample);
                }
                is_after_key = sample.key;
            }
            found.map(|sample| sample.id())
        };
        // A key frame behind an entry of `sidx` or `mfra` is near enough, if the next entry is known.
        let from = run.moofs.iter().take(until).skip_while(|moof| moof.at < mark);
        let found = from.filter_map(key).last().filter(|_| is_between && marked > 0);
        if let Some(place) = found.filter(|_| keys) {
            return Next::Sample(place);
        }
        if until == run.moofs.len() && time_ms >= last && !self.is_at_end(run) {
            // `sidx` lies at the head of the file, `mfra` at its end.
            let unmarked = self.until_ms <= time_ms && !run.moofs.is_empty();
            return match (self.tail, self.file_size) {
                (MfraState::At(range), _) if unmarked => Next::Need(range),
                (MfraState::Unknown, Some(size)) if unmarked => Next::Need(ByteRange {
                    start: size.saturating_sub(MOOF_GUESS_BYTES),
                    end: size,
                }),
                _ => self.frontier(run),
            };
        }
        if let Some(place) = run.moofs.iter().take(until.max(1)).rev().find_map(key) {
            return Next::Sample(place);
        }
        // Audio of a time lies near its video, or there is none.
        let first = run.moofs.first().map_or(0, |moof| self.begins_ms(moof));
        let is_near = keys || first.saturating_add(WINDOW_MS_MAX) >= time_ms;
        self.back(slot, run, is_near)
    }

    /// Where to begin when no sample of a known range is early enough.
    fn back(&self, slot: usize, run: &KnownRange, may_read: bool) -> Next {
        // Boxes that were dropped once would be dropped again.
        if run.start > self.origin && !self.forgot && may_read {
            let before = self.marks.partition_point(|mark| mark.offset < run.start).checked_sub(1);
            let before = before.and_then(|i| self.marks.get(i));
            let at = before.map_or(self.origin, |mark| mark.offset).max(self.origin);
            return match self.runs.iter().find(|run| run.covers(at)) {
                Some(known) => self.frontier(known),
                None => self.need(at, MOOF_GUESS_BYTES),
            };
        }
        self.at(slot, SampleId { moof: run.start, index: 0 })
    }
}

/// Milliseconds of a media time.
fn ms(ticks: i64, scale: u32) -> u64 {
    ticks::ms(u64::try_from(ticks).unwrap_or(0), scale)
}
