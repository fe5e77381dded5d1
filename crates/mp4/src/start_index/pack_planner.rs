//! Windows planned on a span of a stored film, as they would be planned on the whole.
//!
//! A plan looks at samples next to each other. Where it came to an end of the span that is none
//! of the track, it might have gone on: the span is made longer on that side, and planned again.

use super::head::{PackFault, PackResult, StartIndex};
use super::slice::{self, BlockSpan};
use super::start::{Start, StartPosition, StartRequest, TrackInit, TrackSummary};
use crate::error::{Error, Result};
use crate::limits::{BLOCK_SAMPLES, STRETCH_BLOCKS_MAX, STRETCH_MS};
use crate::moov::index::Index;
use crate::remux::plan::{self, Cursor, Window};

/// What comes of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanStep {
    /// This pack is wanted too.
    NeedPack(u32),
    /// Here it is.
    Done(Start),
}

/// What [`answer`](super::plan_from_moov()) says, from a head and those packs that were wanted so far.
pub fn plan_from_packs(
    film: &StartIndex<'_>,
    packs: &[(u32, &[u8])],
    request: StartRequest,
) -> Result<PlanStep> {
    let mut slots = [None; 2];
    for (slot, number) in slots.iter_mut().zip([request.selection.video, request.selection.audio]) {
        let Some(number) = number else { continue };
        let place = film.tracks.iter().position(|stored| stored.number == number);
        *slot = Some(place.ok_or_else(|| Error::file(0, "a track that is asked for is stored"))?);
    }
    let planner = Planner { film, packs, slots, request: request.limited() };
    match planner.run() {
        Ok((start_ms, windows)) => Ok(PlanStep::Done(planner.start(start_ms, windows))),
        Err(PackFault::Broken(error)) => Err(error),
        Err(PackFault::Missing(number)) => {
            let is_there = packs.iter().any(|pack| pack.0 == number) || number >= film.packs();
            let fault = Error::file(0, "a block is in one of the film's packs");
            if is_there { Err(fault) } else { Ok(PlanStep::NeedPack(number)) }
        }
    }
}

/// What is asked of what; tracks by their place in the film, video first.
struct Planner<'a> {
    film: &'a StartIndex<'a>,
    packs: &'a [(u32, &'a [u8])],
    slots: [Option<usize>; 2],
    request: StartRequest,
}

/// The blocks of each slot.
type BlockSpans = [Option<BlockSpan>; 2];

enum PlanOutcome {
    Done(u64, Vec<Window>),
    /// The span must begin earlier.
    Earlier,
    /// It must end later.
    Later,
}

impl Planner<'_> {
    fn run(&self) -> PackResult<(u64, Vec<Window>)> {
        let (mut back, mut ahead_ms) =
            (1, self.request.span_ms * u64::from(self.request.count) + STRETCH_MS);
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

    /// Where each slot begins, and about when that is.
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
            let from = match self.request.from {
                StartPosition::Time(_) => {
                    let block = self.film.block_at(self.packs, slot, stored.media_time(from_ms))?;
                    self.key_block(slot, block)?
                }
                StartPosition::Cursor(cursor) => {
                    let number = samples(cursor).get(i).copied().unwrap_or(0);
                    let number = number.saturating_sub(stored.segment.first);
                    // Those at the beginning are timed together.
                    let number = if number < stored.segment.compressed() { 0 } else { number };
                    (number / BLOCK_SAMPLES).min(stored.blocks.saturating_sub(1))
                }
            };
            // Sound begins with the picture, which begins with its key frame.
            from_ms = from_ms.min(stored.ms(self.film.front(self.packs, slot, from)?.dts));
            *span = Some(BlockSpan { from, to: from });
        }
        Ok((spans, if asked_ms == u64::MAX { from_ms } else { asked_ms }))
    }

    /// The block of the last key frame at or before the first sample of this one.
    fn key_block(&self, slot: usize, block: u32) -> PackResult<u32> {
        let front = self.film.front(self.packs, slot, block)?;
        Ok(block.saturating_sub(front.back.div_ceil(BLOCK_SAMPLES)))
    }

    /// Lets all spans end behind `until_ms`.
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
        if spans.iter().any(|(_, span)| span.to.saturating_sub(span.from) > STRETCH_BLOCKS_MAX) {
            let violation = "what is shown together is within 100,000 samples";
            return Err(Error::file(0, violation).into());
        }
        slice::index(self.film, self.packs, &spans)
    }

    fn plan(&self, index: &Index<Vec<u8>>, spans: &BlockSpans) -> PackResult<PlanOutcome> {
        let selection = self.request.selection;
        let [video, audio] = [0, 1].map(|i| self.edges(spans, i));
        let (mut cursor, mut start_ms) = match self.request.from {
            StartPosition::Time(ms) => {
                let (cursor, start_ms) = plan::seek(index, selection, ms)?;
                let [v, a] = samples(cursor);
                if (v == 0 && video.before) || (a == 0 && audio.before) {
                    return Ok(PlanOutcome::Earlier);
                }
                (cursor, Some(start_ms))
            }
            StartPosition::Cursor(cursor) => {
                (moved(cursor, u32::saturating_sub, [video, audio]), None)
            }
        };
        let mut windows = Vec::new();
        for _ in 0..self.request.count {
            let Some(mut window) = plan::next(index, selection, cursor, self.request.span_ms)?
            else {
                break;
            };
            cursor = window.next;
            let [v, a] = samples(cursor);
            if v >= video.end || a >= audio.end {
                return Ok(PlanOutcome::Later);
            }
            window.next = moved(cursor, u32::saturating_add, [video, audio]);
            for fragment in window.fetches.iter_mut().flat_map(|fetch| &mut fetch.fragments) {
                let is_video = Some(fragment.track) == selection.video;
                let first = if is_video { video.first } else { audio.first };
                fragment.first_sample = fragment.first_sample.saturating_add(first);
            }
            start_ms = start_ms.or(Some(window.start_ms));
            windows.push(window);
        }
        Ok(PlanOutcome::Done(start_ms.unwrap_or(self.film.duration_ms), windows))
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
        let inits = chosen.map(|s| TrackInit { track: s.number, segment: s.init.to_vec() });
        Start {
            duration_ms: film.duration_ms,
            start_ms,
            tracks: film.tracks().map(|(number, track)| TrackSummary::of(number, track)).collect(),
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

/// The same place, counted from somewhere else.
fn moved(cursor: Cursor, count: fn(u32, u32) -> u32, edges: [SliceEdges; 2]) -> Cursor {
    let [video, audio] = edges.map(|edges| edges.first);
    let [v, a] = samples(cursor);
    let [.., sequence] = cursor.numbers();
    Cursor::from_numbers([0, count(v, video).into(), 0, count(a, audio).into(), sequence])
}

/// Of a slice of a track: its first sample in the track, whether there are some before, and one
/// behind its last if there are more.
#[derive(Clone, Copy)]
struct SliceEdges {
    first: u32,
    before: bool,
    end: u32,
}
