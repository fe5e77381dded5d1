//! Finds `moof` boxes that neither `sidx` nor `mfra` lists: near the end of the file, for the length of
//! the film, and where a time probably lies, for a seek.

use std::slice::from_ref;

use super::moof::{Moof, MoofTrack};
use super::moof_store::{KnownRange, MfraState, MoofStore};
use crate::boxes::be32;
use crate::limits::{
    MOOF_BYTES_MAX, MOOF_GUESS_BYTES, OFFSET_MS_MIN, SCAN_BYTES_MAX, SCAN_FAILURES_MAX, TRACKS_MAX,
};
use crate::range::ByteRange;

/// Bytes of a `moof` up to its first `tfdt`, at least: its own header, `mfhd`, and those of `traf`.
const FRONT: usize = 40;

impl MoofStore {
    /// The bytes to feed before the length of the film is known, as far as few requests tell it.
    pub(crate) fn length_need(&self) -> Option<ByteRange> {
        let first = self.runs.first().filter(|run| run.start == self.origin)?;
        if self.offset_ms.is_none() {
            return self.frontier(first).need();
        }
        let size = self.file_size?;
        if self.length_ms > 0 || self.sidx_end >= size || self.is_at_end(first) {
            return None;
        }
        if let MfraState::At(range) = self.tail {
            return Some(range);
        }
        self.end_need(size, first.at)
    }

    /// Finds out when the film begins, by its first `moof`, or by the first two where they tell more; and
    /// how long a sample of a track lasts where none says so, or where later fragments do not.
    pub(super) fn note_beginning(&mut self) {
        let first = self.runs.first().filter(|run| run.start == self.origin);
        let Some(moofs) = first.map(|run| &run.moofs) else { return };
        let Some(one) = moofs.first() else { return };
        let next = moofs.get(1).unwrap_or(one);
        let mut tells = true;
        for track in &mut self.moof_tracks {
            tells &= note_durations(track, moofs, self.offset_ms.is_none().then_some((one, next)));
        }
        if self.offset_ms.is_some() {
            return;
        }
        let begins_ms = self.begins_ms(one).min(self.begins_ms(next));
        let is_late = self.begins_at_zero && begins_ms >= OFFSET_MS_MIN;
        let is_known = tells && !is_late || moofs.len() > 1;
        self.offset_ms = is_known.then_some(if is_late { begins_ms } else { 0 });
    }

    /// The bytes near the end of the file that tell when the last fragment ends; `from` is where the
    /// first ones end.
    fn end_need(&self, size: u64, from: u64) -> Option<ByteRange> {
        let last = self.runs.last()?;
        if let Some(mark) = self.marks.last().filter(|mark| mark.offset > last.at) {
            return self.need(mark.offset, MOOF_GUESS_BYTES).need();
        }
        // The end of the file is known from here on, but for what this box leads to.
        if !self.is_at_end(last) && self.scanned.is_some_and(|at| last.at >= at) {
            return self.frontier(last).need();
        }
        let (scanned, window) = (self.scanned.unwrap_or(size), self.usual_window());
        if self.is_at_end(last) || size.saturating_sub(scanned) >= window {
            return None;
        }
        let len = if scanned == size { 4 * MOOF_GUESS_BYTES } else { window };
        let start = scanned.saturating_sub(len).max(from);
        (start < scanned).then_some(ByteRange { start, end: self.end_of_scan() })
    }

    /// Where the next search near the end of the file ends: the header of a box may lie on both sides.
    fn end_of_scan(&self) -> u64 {
        let size = self.file_size.unwrap_or(0);
        self.scanned.map_or(size, |scanned| size.min(scanned + FRONT as u64))
    }

    /// Bytes in which a `moof` probably begins; more after each failure.
    fn window(&self) -> u64 {
        self.usual_window() << self.failures.min(3)
    }

    #[inline(never)]
    fn usual_window(&self) -> u64 {
        let first = self.runs.first().filter(|run| !run.moofs.is_empty());
        let all = first.map_or(0, |run| run.at - run.start);
        let each = all / first.map_or(1, |run| run.moofs.len() as u64);
        // Tracks may alternate, and fragments differ in length.
        (each * 2).clamp(4 * MOOF_GUESS_BYTES, SCAN_BYTES_MAX)
    }

    /// Where small fragments follow, more bytes than those at the end of a known range.
    pub(crate) fn several(&self, need: ByteRange) -> ByteRange {
        let is_small = self.usual_window() == 4 * MOOF_GUESS_BYTES;
        let len = if is_small { 4 * MOOF_GUESS_BYTES } else { need.len() };
        let end = self.file_size.unwrap_or(need.end).min(need.start + len);
        ByteRange { end: end.max(need.end), ..need }
    }

    /// Instead of the bytes at the end of a known range, those in which a `moof` near `time_ms` lies.
    pub(crate) fn nearer(&self, need: ByteRange, time_ms: u64) -> ByteRange {
        let Some(run) = self.runs.iter().find(|run| run.at == need.start) else { return need };
        let next = self.runs.iter().find(|next| next.start > run.at);
        if let Some(next) = next.filter(|next| next.moofs.is_empty()) {
            return self.frontier(next).need().unwrap_or(need);
        }
        let time_ms = time_ms.saturating_add(self.offset_ms.unwrap_or(0));
        let (end, end_ms, is_marked) = self.next_known(run);
        let begin_ms = run.moofs.last().map_or(0, |moof| self.over_ms(moof));
        let (bytes, window) = (end.saturating_sub(run.at), self.window());
        let all_ms = end_ms.saturating_sub(begin_ms);
        let may_scan = self.file_size.is_some() && self.failures < SCAN_FAILURES_MAX;
        // Where boxes are listed, the next one is near.
        let near = if is_marked { 8 } else { 2 } * window;
        if !may_scan || self.forgot || bytes <= near || all_ms == 0 {
            return need;
        }
        if time_ms >= end_ms {
            return ByteRange { start: end - window, end };
        }
        let start = run.at + share(bytes, time_ms.saturating_sub(begin_ms), all_ms);
        let start = start.min(end - window).saturating_sub(window);
        if start <= run.at { need } else { ByteRange::of(start, window) }
    }

    /// The offset and time of the first known box behind a known range, else of the end of the film; and
    /// whether an entry of `sidx` or `mfra` tells them.
    fn next_known(&self, run: &KnownRange) -> (u64, u64, bool) {
        let end_ms = self.until_ms() + self.offset_ms.unwrap_or(0);
        let mut end = (self.file_size.unwrap_or(0), end_ms, false);
        if let Some(next) = self.runs.iter().find(|next| next.start > run.at)
            && let Some(moof) = next.moofs.first()
        {
            end = (next.start, self.begins_ms(moof), false);
        }
        let mark = self.marks.get(self.marks.partition_point(|mark| mark.offset < run.at));
        if let Some(mark) = mark.filter(|mark| mark.offset < end.0) {
            end = (mark.offset, mark.time_ms, true);
        }
        end
    }

    /// Begins a known range at the first `moof` in bytes that lie anywhere in the file.
    pub(super) fn scan(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len() as u64);
        let found = (0..bytes.len().saturating_sub(FRONT)).find(|at| is_moof(bytes, *at));
        let is_known = |at: u64| self.runs.iter().any(|run| run.covers(at));
        let found = found.map(|at| offset + at as u64).filter(|at| !is_known(*at));
        if let Some(at) = found {
            let place = self.runs.partition_point(|run| run.start < at);
            self.runs.insert(place, KnownRange::new(at));
        } else if end != self.end_of_scan() {
            self.failures += 1;
        }
    }

    /// Notes that these bytes were searched, if they join those at the end of the file.
    pub(super) fn note_end(&mut self, offset: u64, end: u64) {
        let scanned = self.scanned.or(self.file_size).unwrap_or(0);
        if end >= scanned && offset < scanned {
            self.scanned = Some(offset);
        }
    }

    /// When the film ends if it goes on as it begins, in milliseconds; 0 while its length may be found.
    pub(super) fn estimated_ms(&self) -> u64 {
        let last_is_end = self.runs.last().is_some_and(|run| self.is_at_end(run));
        let first = self.runs.first().filter(|run| run.start == self.origin);
        let size = self.file_size.filter(|_| self.scanned.is_some() && !last_is_end);
        let Some((run, size)) = first.zip(size) else { return 0 };
        let (bytes, rest) = (run.at - run.start, size.saturating_sub(run.start));
        let begin_ms = run.moofs.first().map_or(0, |moof| self.begins_ms(moof));
        let ms = run.moofs.last().map_or(0, |moof| self.over_ms(moof)).saturating_sub(begin_ms);
        begin_ms + rest.saturating_mul(ms) / bytes.max(1)
    }
}

/// Notes how long a sample of the track lasts where its fragments do not say so; returns whether the first
/// fragment tells.
fn note_durations(track: &mut MoofTrack, moofs: &[Moof], first: Option<(&Moof, &Moof)>) -> bool {
    if let Some(pace) = first.and_then(|(one, next)| pace(one, next, track)) {
        track.defaults.pace = pace;
        return false;
    }
    if track.defaults.duration == 0 {
        // The first sample of a film may last longer than others.
        let mut moofs = moofs.iter().take(TRACKS_MAX);
        let second = moofs.find_map(|moof| moof.samples(*track, from_ref(track)).nth(1));
        track.defaults.duration = second.map_or(0, |s| s.map_or(0, |s| s.duration));
    }
    true
}

/// How long a sample of `one` lasts, if it does not say so; by where `next` begins.
fn pace(one: &Moof, next: &Moof, track: &MoofTrack) -> Option<u32> {
    let (span, after) = one.span(track).ok().zip(next.span(track).ok())?;
    if span.samples == 0 || span.start < span.end {
        return None;
    }
    let ticks = (after.start - span.start).max(0) / i64::from(span.samples);
    Some(u32::try_from(ticks).unwrap_or(0))
}

/// The share of these bytes that belongs to the first `part_ms` of `all_ms`.
fn share(bytes: u64, part_ms: u64, all_ms: u64) -> u64 {
    (bytes >> 10).saturating_mul((part_ms << 20) / all_ms) >> 10
}

/// Whether a `moof` begins here that says when a track fragment begins.
fn is_moof(bytes: &[u8], at: usize) -> bool {
    let Some(rest) = bytes.get(at..) else { return false };
    if rest.get(4..16) != Some(b"moof\0\0\0\x10mfhd") {
        return false;
    }
    let size = be32(rest, 0).unwrap_or(0);
    let whole = rest.get(..size as usize).unwrap_or(rest);
    u64::from(size) <= MOOF_BYTES_MAX && whole.windows(4).any(|four| four == b"tfdt")
}
