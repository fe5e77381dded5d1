//! Plans windows on a slice of the samples, with the same result as on all of them.
//!
//! A plan depends on neighbouring samples. Where planning reaches an end of the slice that is not the
//! end of the track, the slice grows on that side and is planned again.

use super::head::{PackFault, PackResult, StartIndex, StoredTrack};
use super::slice::{self, BlockSpan};
use super::start::{Start, StartPosition, StartRequest, TrackInit, TrackSummary};
use crate::error::{Error, Result};
use crate::limits::{BLOCK_SAMPLES, SLICE_BLOCKS_MAX, SLICE_MS};
use crate::moov::index::Index;
use crate::remux::colour;
use crate::remux::plan::{self, Cursor, Window};

/// The result of [`plan_from_packs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanStep {
    /// Call again with this pack added.
    NeedPack(u32),
    /// The start.
    Done(Start),
}

/// Plans a start from a head and packs, each with its number: what
/// [`plan_from_moov`](super::plan_from_moov()) plans from the whole `moov`.
///
/// Begin without packs, and add the one that [`PlanStep::NeedPack`] names until the result is
/// [`PlanStep::Done`]. Errors where the selection names no stored track, or bytes break a rule of
/// `docs/formats.md`.
pub fn plan_from_packs(
    film: &StartIndex<'_>,
    packs: &[(u32, &[u8])],
    request: StartRequest,
) -> Result<PlanStep> {
    let mut slots = [None; 2];
    for (slot, number) in slots.iter_mut().zip([request.selection.video, request.selection.audio]) {
        let Some(number) = number else { continue };
        let place = film.tracks.iter().position(|stored| stored.number == number);
        *slot = Some(place.ok_or_else(|| Error::file(0, "start no track of this number"))?);
    }
    let planner = Planner { film, packs, slots, request: request.limited() };
    match planner.run() {
        Ok((start_ms, windows)) => Ok(PlanStep::Done(planner.start(start_ms, windows))),
        Err(PackFault::Broken(error)) => Err(error),
        Err(PackFault::Missing(number)) => {
            let is_there = packs.iter().any(|pack| pack.0 == number) || number >= film.packs();
            let fault = Error::file(0, "head places a block in no pack");
            if is_there { Err(fault) } else { Ok(PlanStep::NeedPack(number)) }
        }
    }
}

/// A request, the start index it is planned on, and the places of its tracks there, video first.
struct Planner<'a> {
    film: &'a StartIndex<'a>,
    packs: &'a [(u32, &'a [u8])],
    slots: [Option<usize>; 2],
    request: StartRequest,
}

/// The blocks of video and audio that the slice has.
type BlockSpans = [Option<BlockSpan>; 2];

enum PlanOutcome {
    Done(u64, Vec<Window>),
    /// The slice must begin earlier.
    Earlier,
    /// It must end later.
    Later,
}

impl Planner<'_> {
    fn run(&self) -> PackResult<(u64, Vec<Window>)> {
        let (mut back, mut ahead_ms) =
            (1, self.request.span_ms * u64::from(self.request.count) + SLICE_MS);
        let (mut spans, from_ms) = self.first_spans()?;
        self.reach(&mut spans, from_ms + ahead_ms)?;
        loop {
            match self.plan(&self.index(&spans)?, &spans)? {
                PlanOutcome::Done(start_ms, windows) => return Ok((start_ms, windows)),
                PlanOutcome::Earlier => {
                    for (slot, span) in self.each(&mut spans) {
                        span.from = self.key_block(slot, span.from.saturating_sub(back))?;
                    }
                    back *= 2;
                }
                PlanOutcome::Later => {
                    ahead_ms *= 2;
                    self.reach(&mut spans, from_ms + ahead_ms)?;
                }
            }
        }
    }

    fn each<'s>(
        &self,
        spans: &'s mut BlockSpans,
    ) -> impl Iterator<Item = (usize, &'s mut BlockSpan)> {
        let slots = self.slots.into_iter().zip(spans);
        slots.filter_map(|(slot, span)| slot.zip(span.as_mut()))
    }

    /// The block in which each track begins, and about when that is shown.
    fn first_spans(&self) -> PackResult<(BlockSpans, u64)> {
        let mut spans = [None; 2];
        let mut from_ms = match self.request.from {
            StartPosition::Time(ms) => ms.min(self.film.duration_ms),
            StartPosition::Cursor(_) => u64::MAX,
        };
        let asked_ms = from_ms;
        for (i, (span, slot)) in spans.iter_mut().zip(self.slots).enumerate() {
            let Some((slot, stored)) = slot.and_then(|l| Some((l, self.film.tracks.get(l)?)))
            else {
                continue;
            };
            let from = self.first_block(i, slot, stored, from_ms)?;
            // Sound begins with the picture, which begins with its key frame.
            from_ms = from_ms.min(stored.ms(self.film.front(self.packs, slot, from)?.dts));
            *span = Some(BlockSpan { from, to: from });
        }
        Ok((spans, if asked_ms == u64::MAX { from_ms } else { asked_ms }))
    }

    /// The block in which track `i` begins, which is at `slot` in the film.
    fn first_block(
        &self,
        i: usize,
        slot: usize,
        stored: &StoredTrack<'_>,
        from_ms: u64,
    ) -> PackResult<u32> {
        let StartPosition::Cursor(cursor) = self.request.from else {
            let block = self.film.block_at(self.packs, slot, stored.media_time(from_ms))?;
            return self.key_block(slot, block);
        };
        let number = samples(cursor).get(i).copied().unwrap_or(0);
        let number = number.saturating_sub(stored.segment.first);
        // The compressed samples at the beginning are timed together.
        let number = if number < stored.segment.compressed() { 0 } else { number };
        Ok((number / BLOCK_SAMPLES).min(stored.blocks.saturating_sub(1)))
    }

    /// The block of the last key frame at or before the first sample of this one.
    fn key_block(&self, slot: usize, block: u32) -> PackResult<u32> {
        let front = self.film.front(self.packs, slot, block)?;
        Ok(block.saturating_sub(front.back.div_ceil(BLOCK_SAMPLES)))
    }

    /// Lets all spans end after `until_ms`.
    fn reach(&self, spans: &mut BlockSpans, until_ms: u64) -> PackResult<()> {
        for (slot, span) in self.each(spans) {
            let Some(stored) = self.film.tracks.get(slot) else { continue };
            let last = self.film.block_at(self.packs, slot, stored.media_time(until_ms))?;
            span.to = last.max(span.from).saturating_add(1).max(span.to);
        }
        Ok(())
    }

    fn index(&self, spans: &BlockSpans) -> PackResult<Index<Vec<u8>>> {
        let spans: Vec<_> = self.slots.iter().zip(spans).filter_map(|(l, s)| l.zip(*s)).collect();
        if spans.iter().any(|(_, span)| span.to.saturating_sub(span.from) > SLICE_BLOCKS_MAX) {
            let violation = "windows are over 100,000 samples of a track";
            return Err(Error::file(0, violation).into());
        }
        slice::index(self.film, self.packs, &spans)
    }

    fn plan(&self, index: &Index<Vec<u8>>, spans: &BlockSpans) -> PackResult<PlanOutcome> {
        let StartRequest { selection, span_ms, count, .. } = self.request;
        let edges = [0, 1].map(|i| self.edges(spans, i));
        let [video, audio] = edges;
        let Some((mut cursor, mut start_ms)) = self.begin(index, edges)? else {
            return Ok(PlanOutcome::Earlier);
        };
        let mut windows = Vec::new();
        for _ in 0..count {
            let Some(mut window) = plan::next(index, selection, cursor, span_ms)? else { break };
            cursor = window.next;
            let [v, a] = samples(cursor);
            if v >= video.end || a >= audio.end {
                return Ok(PlanOutcome::Later);
            }
            self.renumber(&mut window, edges);
            start_ms = start_ms.or(Some(window.start_ms));
            windows.push(window);
        }
        Ok(PlanOutcome::Done(start_ms.unwrap_or(self.film.duration_ms), windows))
    }

    /// The cursor of the first window, and when its first frame is shown if that is known; `None`
    /// where the slice begins too late.
    fn begin(
        &self,
        index: &Index<Vec<u8>>,
        edges: [SliceEdges; 2],
    ) -> PackResult<Option<(Cursor, Option<u64>)>> {
        let [video, audio] = edges;
        match self.request.from {
            StartPosition::Time(ms) => {
                let (cursor, start_ms) = plan::seek(index, self.request.selection, ms)?;
                let [v, a] = samples(cursor);
                let is_cut = (v == 0 && video.before) || (a == 0 && audio.before);
                Ok((!is_cut).then_some((cursor, Some(start_ms))))
            }
            StartPosition::Cursor(cursor) => {
                Ok(Some((moved(cursor, u32::saturating_sub, edges), None)))
            }
        }
    }

    /// Counts the samples of a window from the first one of the whole track.
    fn renumber(&self, window: &mut Window, edges: [SliceEdges; 2]) {
        let [video, audio] = edges;
        window.next = moved(window.next, u32::saturating_add, edges);
        for fragment in window.fetches.iter_mut().flat_map(|fetch| &mut fetch.fragments) {
            let is_video = Some(fragment.track) == self.request.selection.video;
            let first = if is_video { video.first } else { audio.first };
            fragment.first_sample = fragment.first_sample.saturating_add(first);
        }
    }

    fn edges(&self, spans: &BlockSpans, i: usize) -> SliceEdges {
        let stored = self.slots.get(i).copied().flatten().and_then(|l| self.film.tracks.get(l));
        let span = spans.get(i).copied().flatten();
        let Some((stored, span)) = stored.zip(span) else {
            return SliceEdges { first: 0, before: false, end: u32::MAX };
        };
        let end = if span.is_last(stored) { u32::MAX } else { span.count(stored) };
        SliceEdges { first: span.first(stored), before: span.from > 0, end }
    }

    fn start(&self, start_ms: u64, windows: Vec<Window>) -> Start {
        let film = self.film;
        let chosen = self.slots.into_iter().flatten().filter_map(|slot| film.tracks.get(slot));
        let inits = chosen
            .map(|s| TrackInit { track: s.number, segment: colour::complete(s.init.to_vec()) });
        let mut tracks: Vec<_> =
            film.tracks().map(|(number, track)| TrackSummary::of(number, track)).collect();
        // The head has the default tracks first.
        tracks.sort_by_key(|summary| summary.track);
        Start {
            duration_ms: film.duration_ms,
            start_ms,
            offset_ms: film.offset_ms(),
            tracks,
            inits: inits.collect(),
            windows,
        }
    }
}

/// The next sample of the video and of the audio.
fn samples(cursor: Cursor) -> [u32; 2] {
    let [_, video, _, audio, _] = cursor.numbers();
    [video, audio].map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// A cursor whose sample numbers are counted from the start of the slice, or of the track again.
fn moved(cursor: Cursor, count: fn(u32, u32) -> u32, edges: [SliceEdges; 2]) -> Cursor {
    let [video, audio] = edges.map(|edges| edges.first);
    let [v, a] = samples(cursor);
    let [.., sequence] = cursor.numbers();
    Cursor::from_numbers([0, count(v, video).into(), 0, count(a, audio).into(), sequence])
}

/// Where a slice of a track begins and ends.
#[derive(Clone, Copy)]
struct SliceEdges {
    /// The number of its first sample in the track.
    first: u32,
    /// Whether the track has samples before it.
    before: bool,
    /// One past its last sample, counted in the slice; [`u32::MAX`] at the end of the track.
    end: u32,
}
