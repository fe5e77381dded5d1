//! The `moof` boxes of a fragmented file that are known: bytes are fed in any order, and walked from box
//! to box; `sidx` and `mfra` point to further ones. Nothing inside `mdat` is needed.

use std::collections::BinaryHeap;

use super::moof::{Moof, MoofTrack};
use crate::boxes::header::Header;
use crate::boxes::sidx::Reference;
use crate::boxes::{BoxAt, boxes, sidx, tfra};
use crate::error::{Error, Result};
use crate::limits::{
    HEAD_BYTES, MARKS_BYTES_MAX, MOOF_BYTES_MAX, MOOFS_BYTES_MAX, MOOFS_MAX, OFFSET_MAX, RUNS_MAX,
    TICKS_MAX, TRACKS_MAX,
};
use crate::range::ByteRange;
use crate::ticks::rescale;

/// A track that `moof` boxes may continue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FragmentedTrack {
    /// Its number in the index.
    pub(crate) track: usize,
    pub(crate) is_video: bool,
    pub(crate) scale: u32,
    /// When its samples in `moov` end, in ticks.
    pub(crate) end: i64,
}

/// The known `moof` boxes of a file.
#[derive(Debug)]
pub(crate) struct MoofStore {
    pub(crate) tracks: Vec<FragmentedTrack>,
    pub(crate) moof_tracks: Vec<MoofTrack>,
    /// Offset of the first box after `moov`, where the walk begins.
    pub(super) origin: u64,
    pub(super) file_size: Option<u64>,
    /// In the order of the file, without overlap.
    pub(super) runs: Vec<KnownRange>,
    /// Entries of `sidx` and `mfra`, in the order of the file.
    pub(super) marks: Vec<Reference>,
    /// When the last entry of a `sidx` ends, and where in the file.
    pub(super) until_ms: u64,
    pub(super) sidx_end: u64,
    pub(super) length_ms: u64,
    /// When the film probably ends, while that is not known.
    pub(super) estimate_ms: u64,
    pub(super) tail: MfraState,
    /// Whether boxes were dropped to stay within limits.
    pub(super) forgot: bool,
    /// From where on the end of the file was searched for `moof` boxes.
    pub(super) scanned: Option<u64>,
    /// Searches in a row that found nothing.
    pub(super) failures: u32,
    /// Whether a presentation that begins later is moved to begin at 0.
    pub(crate) begins_at_zero: bool,
    /// By how many milliseconds it is moved, once the first `moof` is known.
    pub(crate) offset_ms: Option<u64>,
}

/// A span of the file in which every box header is known.
#[derive(Debug)]
pub(super) struct KnownRange {
    pub(super) start: u64,
    /// Offset of the next box header.
    pub(super) at: u64,
    /// Bytes of the box there, where all of it is needed.
    pub(super) missing: Option<u64>,
    pub(super) moofs: Vec<Moof>,
}

/// Whether the `mfra` at the end of the file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MfraState {
    Unknown,
    At(ByteRange),
    Done,
}

impl KnownRange {
    pub(super) fn new(start: u64) -> Self {
        Self { start, at: start, missing: None, moofs: Vec::new() }
    }

    fn forget_half(&mut self) {
        let half = self.moofs.len() / 2;
        drop(self.moofs.drain(..half));
        self.start = self.moofs.first().map_or(self.at, |moof| moof.at);
    }

    pub(super) fn covers(&self, offset: u64) -> bool {
        self.start <= offset && offset <= self.at
    }
}

impl MoofStore {
    /// `length_ms`: the duration in `mehd`; 0 without one.
    pub(crate) fn new(
        tracks: Vec<FragmentedTrack>,
        moof_tracks: Vec<MoofTrack>,
        length_ms: u64,
    ) -> Self {
        Self {
            tracks,
            moof_tracks,
            origin: 0,
            file_size: None,
            runs: vec![KnownRange::new(0)],
            marks: Vec::new(),
            length_ms,
            estimate_ms: 0,
            until_ms: 0,
            tail: MfraState::Unknown,
            forgot: false,
            sidx_end: 0,
            scanned: None,
            failures: 0,
            begins_at_zero: false,
            offset_ms: None,
        }
    }

    /// Sets where `moov` lies: fragments follow one at the head of the file.
    pub(crate) fn set_file(&mut self, moov: ByteRange, file_size: Option<u64>) {
        self.file_size = file_size.or(self.file_size);
        if moov.start < HEAD_BYTES && self.runs.iter().all(|run| run.moofs.is_empty()) {
            self.origin = moov.end;
            self.runs = vec![KnownRange::new(moov.end)];
        }
    }

    /// The place here of a track of the index.
    pub(crate) fn slot(&self, track: usize) -> Option<usize> {
        self.tracks.iter().position(|t| t.track == track)
    }

    /// Takes bytes of the file from `offset` on.
    pub(crate) fn feed(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        self.feed_tail(offset, bytes);
        let known = self.runs.iter().any(|run| run.covers(offset));
        let marked = self.marks.binary_search_by_key(&offset, |mark| mark.offset).is_ok();
        let marked = marked || offset == self.origin || bytes.get(4..8) == Some(b"moof");
        if !known && marked {
            self.runs.retain(|run| run.start != run.at || run.start == self.origin);
            let at = self.runs.partition_point(|run| run.start < offset);
            self.runs.insert(at, KnownRange::new(offset));
        } else if !self.runs.iter().any(|run| offset <= run.at && run.at < end) {
            self.scan(offset, bytes);
        }
        self.note_end(offset, end);
        let mut i = 0;
        while i < self.runs.len() {
            let wanted = self.runs.get(i).is_some_and(|run| offset <= run.at && run.at < end);
            if wanted && let Err(error) = self.walk(i, offset, bytes) {
                let run = self.runs.get(i).filter(|run| run.moofs.is_empty());
                let guess = run.map(|run| run.start).filter(|start| *start != self.origin);
                // An entry of `sidx` or `mfra` that points to no box is dropped.
                let Some(start) = guess else { return Err(error) };
                self.failures += 1;
                self.marks.retain(|mark| mark.offset != start);
                self.runs.remove(i);
                continue;
            }
            self.merge(i);
            i += 1;
        }
        self.note_beginning();
        self.estimate_ms = self.estimated_ms();
        self.forget(end);
        Ok(())
    }

    fn walk(&mut self, run_index: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        let limit = self.runs.get(run_index + 1).map_or(OFFSET_MAX, |next| next.start);
        loop {
            let Some(run) = self.runs.get(run_index).filter(|run| run.at < limit) else {
                return Ok(());
            };
            let (at, fresh) = (run.at, run.start == run.at && run.start != self.origin);
            let from = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
            let Some(rest) = bytes.get(from..) else { return Ok(()) };
            let Some(header) = Header::parse(rest) else {
                // Fewer bytes than a header at the end of the file are padding.
                let end = self.file_size.filter(|size| *size == at + rest.len() as u64);
                if let Some((end, run)) = end.zip(self.runs.get_mut(run_index)) {
                    run.at = end;
                }
                return Ok(());
            };
            if fresh && !header.may_open_segment() {
                return Err(Error::file(
                    at,
                    "sidx or mfra points into the middle of a box; § 8.16.3",
                ));
            }
            let size = header.size.or(self.file_size.map(|size| size.saturating_sub(at)));
            let size = size.unwrap_or(OFFSET_MAX - at);
            if size < 8 || at.saturating_add(size) > OFFSET_MAX {
                return Err(Error::file(
                    at,
                    "box is smaller than its header, or ends past byte 2^53; § 4.2",
                ));
            }
            let most = match &header.kind {
                b"moof" => Some(MOOF_BYTES_MAX),
                b"sidx" => Some(MARKS_BYTES_MAX),
                _ => None,
            };
            if let Some(most) = most
                && !self.take_whole(run_index, (at, size), rest, most)?
            {
                return Ok(());
            }
            if let Some(run) = self.runs.get_mut(run_index) {
                (run.at, run.missing) = (at + size, None);
            }
        }
    }

    /// Takes a `moof` or `sidx` of `size` bytes, of which `rest` has all or the first ones; whether
    /// it had all.
    fn take_whole(
        &mut self,
        run_index: usize,
        (at, size): (u64, u64),
        rest: &[u8],
        most: u64,
    ) -> Result<bool> {
        if size > most {
            let violation = "moof is over 8 MiB or sidx over 4 MiB; not read by Firstframe";
            return Err(Error::file(at, violation));
        }
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        if let Some(content) = rest.get(..len) {
            return self.take(run_index, at, content).map(|()| true);
        }
        let missing = self.file_size.is_none_or(|end| at + size <= end).then_some(size);
        if let Some(run) = self.runs.get_mut(run_index) {
            // A box that the end of the file cuts off is passed over.
            run.missing = missing;
            run.at = if missing.is_some() { at } else { at + size };
        }
        Ok(false)
    }

    /// Takes a whole `moof` or `sidx`.
    fn take(&mut self, run_index: usize, at: u64, content: &[u8]) -> Result<()> {
        let b = BoxAt { kind: *b"sidx", start: 0, body: 8, end: content.len() };
        if content.get(4..8) == Some(b"sidx") {
            let parsed = sidx::parse(content, b, at + content.len() as u64);
            if let Some((found, until_ms, end)) = parsed {
                self.until_ms = self.until_ms.max(until_ms);
                self.sidx_end = self.sidx_end.max(end);
                self.mark(found);
            }
            return Ok(());
        }
        let moofs = self.runs.get(run_index).map_or(&[][..], |run| &run.moofs);
        let marked = self.marks.partition_point(|mark| mark.offset <= at).checked_sub(1);
        let marked = marked.and_then(|i| self.marks.get(i));
        let start = |id| {
            let slot = self.moof_tracks.iter().position(|track| track.id == id);
            let Some((slot, track)) = slot.and_then(|s| Some((s, self.tracks.get(s)?))) else {
                return 0;
            };
            // Tracks may alternate, a `moof` each.
            let before = moofs.iter().rev().take(TRACKS_MAX);
            let mut spans = before.filter_map(|moof| moof.span(self.moof_tracks.get(slot)?).ok());
            let continued = spans.find(|span| span.samples > 0);
            let marked_start = marked.map_or(0, |mark| ticks(mark.time_ms, track.scale));
            continued.map_or(marked_start.max(track.end), |span| span.end)
        };
        let moof = Moof::new(at, content, &self.moof_tracks, start)?;
        if let Some(run) = self.runs.get_mut(run_index) {
            run.moofs.push(moof);
            self.failures = 0;
            if run.moofs.len() >= MOOFS_MAX {
                run.forget_half();
                self.forgot = true;
            }
        }
        Ok(())
    }

    fn mark(&mut self, found: Vec<Reference>) {
        let found = found.into_iter().filter(|mark| mark.offset <= OFFSET_MAX);
        let before = self.marks.last().map_or(0, |mark| mark.offset);
        let from = self.marks.len();
        self.marks.extend(found);
        let new = self.marks.get(from..).unwrap_or_default();
        let sorted = new.is_sorted_by_key(|mark| mark.offset);
        if !sorted || new.first().is_some_and(|mark| mark.offset <= before) {
            // A heap takes a tenth of the code of `sort`; the number keeps equal keys in order.
            let marks = self.marks.drain(..).enumerate();
            let heap: BinaryHeap<_> = marks.map(|(i, m)| (m.offset, i, m.time_ms)).collect();
            let sorted = heap.into_sorted_vec().into_iter();
            self.marks.extend(sorted.map(|(offset, _, time_ms)| Reference { time_ms, offset }));
            self.marks.dedup_by_key(|mark| mark.offset);
        }
    }

    /// Reads `mfra` from these bytes, if they reach the end of the file.
    fn feed_tail(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len() as u64);
        if self.tail == MfraState::Done || self.file_size != Some(end) {
            return;
        }
        self.tail = MfraState::Done;
        // § 8.8.11: the last four bytes of the file are the size of `mfra`.
        let Some((rest, mfro)) = bytes.split_last_chunk::<16>() else { return };
        let [0, 0, 0, 16, b'm', b'f', b'r', b'o', _, _, _, _, size @ ..] = *mfro else { return };
        let size = u64::from(u32::from_be_bytes(size));
        if !(24..=MARKS_BYTES_MAX).contains(&size) || size > end {
            return;
        }
        let range = ByteRange { start: end - size, end };
        let Some(from) = range.start.checked_sub(offset).and_then(|at| usize::try_from(at).ok())
        else {
            self.tail = MfraState::At(range);
            return;
        };
        let tracks = boxes(rest, from.saturating_add(8), rest.len(), "").of(*b"tfra");
        // Entries of video tracks, where there are any: audio is found from there.
        let has_video = self.tracks.iter().any(|track| track.is_video);
        let scale = |id| {
            let slot = self.moof_tracks.iter().position(|track| track.id == id)?;
            let track = self.tracks.get(slot)?;
            (track.is_video == has_video).then_some(track.scale)
        };
        let found: Vec<_> = tracks.filter_map(|b| tfra::parse(rest, b, scale)).flatten().collect();
        self.mark(found);
    }

    /// Joins range `i` to the next one, where it has reached that.
    fn merge(&mut self, i: usize) {
        let at = self.runs.get(i).map_or(0, |run| run.at);
        while self.runs.get(i + 1).is_some_and(|next| next.start <= at) {
            let next = self.runs.remove(i + 1);
            // A range that begins within a box was a wrong guess.
            if let Some(run) = self.runs.get_mut(i).filter(|run| run.at == next.start) {
                run.moofs.extend(next.moofs);
                (run.at, run.missing) = (next.at, next.missing);
            }
        }
    }

    /// Drops boxes to stay within limits; those far from `at` go first.
    fn forget(&mut self, at: u64) {
        let moofs = self.runs.iter().flat_map(|run| &run.moofs);
        let held: usize = moofs.map(|moof| moof.bytes.len() + size_of::<Moof>()).sum();
        if held <= MOOFS_BYTES_MAX && self.runs.len() <= RUNS_MAX {
            return;
        }
        self.length_ms = self.until_ms();
        self.runs.retain(|run| run.covers(at.min(run.at)) && run.start <= at && at <= run.at);
        self.forgot = true;
        if let Some(run) = self.runs.first_mut() {
            run.forget_half();
        }
    }
}

fn ticks(ms: u64, scale: u32) -> i64 {
    rescale(ms, 1000, scale).min(TICKS_MAX).cast_signed()
}
