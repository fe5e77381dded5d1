//! Playback: windows of the plan become requests, and their bytes become appends.

use std::collections::VecDeque;
use std::ops::Range;

use mp4::fragment::Payload;
use mp4::plan::{self, Cursor, Selection, Wanted};
use mp4::{ByteRange, Index, Unplayable, init};

use super::buffer::{self, Buffer, Lane, Span};
use super::context::Context;
use super::fault::{Cause, Fault, Place};
use super::http::{RequestRange, ResponseHead};
use super::lead::Lead;
use super::missing::Missing;
use super::transfer::Transfer;
use super::{Effect, Purpose, What, limits};

/// What a step came to: nothing, or a cause that somebody else must treat, and its place.
pub(super) type Outcome = Result<(), Fault>;

/// A film being played.
pub(super) struct Loader {
    pub(super) index: Index<Vec<u8>>,
    pub(super) selection: Selection,
    pub(super) buffers: Vec<Buffer>,
    epoch: u32,
    /// Where the next window begins; none once the film's end is planned.
    cursor: Option<Cursor>,
    /// What was planned without a break.
    pub(super) run: Span,
    queue: VecDeque<plan::Fetch>,
    current: Option<Current>,
    /// What must be known of a fragmented film first.
    pub(super) missing: Option<Missing>,
    pub(super) goal_ms: u64,
    ended: bool,
    pub(super) lead: Lead,
}

/// The range that is on its way, and who gets which part of it.
struct Current {
    transfer: Transfer,
    start: u64,
    /// Gathered parts first: the rest may then be given away as it is.
    feeds: Vec<(Lane, Payload)>,
}

impl Loader {
    /// Reads `moov`, makes the buffers, and begins at `time_ms`.
    pub(super) fn open(
        cx: &mut Context,
        (place, moov): (ByteRange, Vec<u8>),
        time_ms: u64,
    ) -> Result<Self, Fault> {
        let mut index = Index::parse(moov).map_err(in_index)?;
        index.set_file(place, cx.file.size);
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let lanes = [(Lane::Video, selection.video), (Lane::Audio, selection.audio)];
        let mut buffers = Vec::new();
        for (lane, track) in lanes {
            if let Some(track) = track {
                let header = init::write(&index, track).map_err(in_index)?;
                buffers.push(Buffer::new(lane, track, header));
            }
        }
        if buffers.is_empty() {
            let why = index.playable().err().unwrap_or(Unplayable::NoMedia);
            return Err(Fault { cause: Cause::Unplayable(why), place: Place::Index });
        }
        let mime = |track: Option<usize>| Some(index.tracks().get(track?)?.mime());
        cx.emit(Effect::AddSourceBuffers {
            video: mime(selection.video),
            audio: mime(selection.audio),
            duration_ms: index.duration_ms(),
        });
        let lead = Lead::of(&index, selection, time_ms);
        let mut loader = Self {
            index,
            selection,
            buffers,
            epoch: 0,
            cursor: None,
            run: Span { start_ms: 0, end_ms: 0 },
            queue: VecDeque::new(),
            current: None,
            missing: None,
            goal_ms: limits::GOAL_MS,
            ended: false,
            lead,
        };
        loader.notice_missing(cx);
        loader.begin(cx, time_ms)?;
        Ok(loader)
    }

    /// Says of a film that plays without its pictures or its sound that it does, and why.
    fn notice_missing(&self, cx: &mut Context) {
        let lanes = [
            (mp4::TrackKind::Video, self.selection.video),
            (mp4::TrackKind::Audio, self.selection.audio),
        ];
        for (kind, chosen) in lanes {
            let refused = self.index.tracks().iter().find(|track| track.kind == kind);
            if let (None, Some(Err(why))) = (chosen, refused.map(|track| &track.playable)) {
                let cause = Cause::Unplayable(why.clone());
                cx.emit(Effect::Notice(Fault { cause, place: Place::Index }));
            }
        }
    }

    /// Begins to load at the key frame in front of `time_ms`, with fresh init segments.
    pub(super) fn begin(&mut self, cx: &mut Context, time_ms: u64) -> Outcome {
        if self.lacks(cx, Wanted::Time(time_ms))? {
            return Ok(());
        }
        let (cursor, key_ms) = self.plan_seek(time_ms)?;
        self.epoch += 1;
        self.cursor = Some(cursor);
        self.run = Span { start_ms: key_ms, end_ms: key_ms };
        for buffer in &mut self.buffers {
            let what = What::Header(buffer.init.clone());
            buffer.described = 0;
            buffer.append(cx, self.epoch, what);
        }
        self.pump(cx)
    }

    fn plan_seek(&self, time_ms: u64) -> Result<(Cursor, u64), Fault> {
        plan::seek(&self.index, self.selection, time_ms).map_err(in_index)
    }

    /// Presentation time of the key frame at which playback of `time_ms` begins.
    pub(super) fn key_ms(&self, time_ms: u64) -> Option<u64> {
        plan::seek(&self.index, self.selection, time_ms).ok().map(|(_, key_ms)| key_ms)
    }

    /// Does what can be done: makes the next request, reads on, or ends the stream.
    pub(super) fn pump(&mut self, cx: &mut Context) -> Outcome {
        while self.current.is_none() {
            if let Some(fetch) = self.queue.pop_front() {
                self.request(cx, fetch)?;
            } else if !self.plan_next(cx)? {
                break;
            }
        }
        let pending: u64 = self.buffers.iter().map(|buffer| buffer.pending_bytes).sum();
        if let Some(current) = self.current.as_mut() {
            if pending < limits::PENDING_BYTES_MAX {
                current.transfer.read(cx);
            }
        } else if self.cursor.is_none() && self.missing.is_none() && pending == 0 && !self.ended {
            self.ended = true;
            cx.emit(Effect::EndOfStream);
        }
        Ok(())
    }

    /// Plans one more window if there is room for it; whether it did.
    fn plan_next(&mut self, cx: &mut Context) -> Result<bool, Fault> {
        let Some(cursor) = self.cursor else { return Ok(false) };
        if self.run.end_ms >= cx.position_ms.saturating_add(self.goal_ms) {
            return Ok(false);
        }
        if self.lacks(cx, Wanted::Window(cursor))? {
            return Ok(false);
        }
        let window = plan::next(&self.index, self.selection, cursor, limits::WINDOW_MS);
        let Some(window) = window.map_err(in_index)? else {
            self.cursor = None;
            return Ok(false);
        };
        self.cursor = Some(window.next);
        self.run.end_ms = window.end_ms.max(self.run.end_ms);
        self.queue = window.fetches.into();
        Ok(true)
    }

    fn request(&mut self, cx: &mut Context, fetch: plan::Fetch) -> Outcome {
        if let Some(size) = cx.file.size.filter(|size| *size < fetch.range.end) {
            let cause = Cause::CutOff { at: fetch.range.end, size };
            return Err(Fault { cause, place: Place::Time { time_ms: self.run.end_ms } });
        }
        let mut feeds = Vec::new();
        for fragment in fetch.fragments {
            let found = self.buffers.iter_mut().find(|buffer| buffer.track == fragment.track);
            if let Some(buffer) = found {
                if buffer.described != fragment.init {
                    buffer.described = fragment.init;
                    let init = init::write_for(&self.index, fragment.track, fragment.init);
                    buffer.append(cx, self.epoch, What::Header(init.map_err(in_index)?));
                }
                buffer.append(cx, self.epoch, What::Header(fragment.header));
                let at = if fragment.payload == Payload::AsIs { feeds.len() } else { 0 };
                feeds.insert(at, (buffer.lane, fragment.payload));
            }
        }
        let transfer = Transfer::start(cx, RequestRange::Closed(fetch.range), Purpose::Media);
        self.current = Some(Current { transfer, start: fetch.range.start, feeds });
        Ok(())
    }

    /// Takes the head of an answer.
    pub(super) fn head(&mut self, cx: &mut Context, fetch: u32, head: &ResponseHead) -> Outcome {
        let Some(transfer) = self.transfer(fetch) else { return Ok(()) };
        match transfer.head(cx, head) {
            Ok(()) => {
                if let Some(missing) = &mut self.missing {
                    missing.transfer.read(cx);
                }
                self.pump(cx)
            }
            Err(cause) => self.broke(cx, fetch, cause),
        }
    }

    fn transfer(&mut self, fetch: u32) -> Option<&mut Transfer> {
        self.transfers().find(|transfer| transfer.is(fetch))
    }

    /// The requests that are out.
    fn transfers(&mut self) -> impl Iterator<Item = &mut Transfer> {
        let current = self.current.as_mut().map(|current| &mut current.transfer);
        current.into_iter().chain(self.missing.as_mut().map(|missing| &mut missing.transfer))
    }

    /// Takes the news that a request broke.
    pub(super) fn broke(&mut self, cx: &mut Context, fetch: u32, cause: Cause) -> Outcome {
        let Some(transfer) = self.transfer(fetch) else { return Ok(()) };
        transfer.broke(cx, &cause).map_err(|_| transfer.fault(cause))
    }

    /// Shares a piece out among the buffers.
    pub(super) fn bytes(&mut self, cx: &mut Context, fetch: u32, piece: u32, len: u32) -> Outcome {
        let Some(current) = self.current.as_mut().filter(|c| c.transfer.is(fetch)) else {
            return Ok(());
        };
        let taken = current.transfer.bytes(cx, len);
        let from = taken.at.saturating_sub(current.start);
        let here = ByteRange { start: from, end: from + u64::from(taken.len) };
        for (lane, payload) in current.feeds.iter().filter(|_| taken.len > 0) {
            let what = match payload {
                Payload::AsIs => What::Part { piece, part: taken.skip..taken.skip + taken.len },
                Payload::Gather(runs) => {
                    What::Gather { piece, parts: parts(runs, here, taken.skip) }
                }
            };
            if let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.lane == *lane) {
                buffer.append(cx, self.epoch, what);
            }
        }
        let done = self.current.take_if(|current| current.transfer.is_complete());
        if let Some(current) = done {
            current.transfer.finish(cx);
        }
        self.pump(cx)
    }

    /// Takes the news that a buffer took bytes.
    pub(super) fn appended(&mut self, cx: &mut Context, done: Appended) -> Outcome {
        let epoch = self.epoch;
        if let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.lane == done.lane) {
            buffer.told(done.buffered);
            if done.epoch == epoch {
                buffer.pending_bytes = buffer.pending_bytes.saturating_sub(u64::from(done.bytes));
                buffer.full = buffer::Full::No;
            }
        }
        self.skip_lead(cx);
        self.pump(cx)
    }

    /// Goes to another place: where it is buffered, nothing is fetched again.
    pub(super) fn seek(&mut self, cx: &mut Context, time_ms: u64) -> Outcome {
        let time_ms = self.lead.seek(time_ms);
        self.skip_lead(cx);
        let duration_ms = self.index.duration_ms();
        let held = buffer::end_of_common_span(&self.buffers, time_ms, duration_ms);
        // To the millisecond: the last picture of a group lies just in front of the next one.
        let is_behind_start =
            self.run.start_ms <= time_ms || self.key_ms(time_ms) == Some(self.run.start_ms);
        let is_in_run = is_behind_start
            && (time_ms < self.run.end_ms.max(self.run.start_ms + 1) || self.cursor.is_none());
        if is_in_run && (held.is_some() || self.comes_soon(time_ms)) {
            return self.pump(cx);
        }
        self.restart(cx, time_ms)
    }

    /// Whether `time_ms` is still to be appended, and going on brings it sooner than beginning anew
    /// at its key frame would.
    fn comes_soon(&self, time_ms: u64) -> bool {
        let ends = self.buffers.iter().map(|buffer| buffer.spans.last().map(|span| span.end_ms));
        let loaded_ms = ends.min().flatten().unwrap_or(self.run.start_ms);
        self.cursor.is_some()
            && loaded_ms <= time_ms.saturating_add(limits::SAME_MS)
            && self.key_ms(time_ms).is_some_and(|key_ms| key_ms <= loaded_ms.saturating_add(1_000))
    }

    /// Begins anew with empty buffers, so that what they hold is always one run without a break.
    /// Bytes appended over what an earlier run left, and cut off by the next seek, would take
    /// pictures with them that depend on what they replace, and no browser shows such a hole in
    /// `buffered` (Media Source Extensions, §3.5.11, "coded frame processing").
    fn restart(&mut self, cx: &mut Context, time_ms: u64) -> Outcome {
        self.abort(cx);
        for buffer in &mut self.buffers {
            buffer.clear(cx);
        }
        self.begin(cx, time_ms)
    }

    fn abort(&mut self, cx: &mut Context) {
        self.cancel(cx);
        self.queue.clear();
        self.ended = false;
        for buffer in &mut self.buffers {
            buffer.abort(cx);
        }
    }

    /// Stops the request that is out.
    pub(super) fn cancel(&mut self, cx: &mut Context) {
        if let Some(current) = self.current.take() {
            current.transfer.cancel(cx);
        }
        if let Some(missing) = self.missing.take() {
            missing.transfer.cancel(cx);
        }
    }

    /// Whether the end of the stream was told, so that removing anything would take it back.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether an append of this epoch still counts.
    pub(super) const fn is_current(&self, epoch: u32) -> bool {
        self.epoch == epoch
    }

    /// Makes a request that waits, at once.
    pub(super) fn go_on(&mut self, cx: &mut Context) {
        self.transfers().for_each(|transfer| transfer.go_on(cx));
    }

    /// Looks at the time.
    pub(super) fn tick(&mut self, cx: &mut Context) -> Outcome {
        for transfer in self.transfers() {
            transfer.tick(cx).map_err(|_| transfer.fault(Cause::Network))?;
        }
        Ok(())
    }

    /// When to look again.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let current = self.current.as_ref().map(|current| &current.transfer);
        let missing = self.missing.as_ref().map(|missing| &missing.transfer);
        current.into_iter().chain(missing).filter_map(Transfer::deadline_ms).min()
    }
}

/// What a buffer told after an append.
pub(super) struct Appended {
    pub(super) lane: Lane,
    pub(super) epoch: u32,
    pub(super) bytes: u32,
    pub(super) buffered: Vec<Span>,
}

pub(super) fn in_index(error: mp4::Error) -> Fault {
    Fault { cause: Cause::BadFile(error), place: Place::Index }
}

/// The parts of a piece that `runs` name: the piece has `here` of the range, behind `skip` bytes.
fn parts(runs: &[ByteRange], here: ByteRange, skip: u32) -> Vec<Range<u32>> {
    let first = runs.partition_point(|run| run.end <= here.start);
    let near = runs.iter().skip(first).take_while(|run| run.start < here.end);
    let place = |at: u64| skip.saturating_add(u32::try_from(at - here.start).unwrap_or(u32::MAX));
    near.map(|run| place(run.start.max(here.start))..place(run.end.min(here.end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_where_the_piece_is() {
        let runs =
            [(0, 10), (20, 30), (30, 35), (50, 60)].map(|(start, end)| ByteRange { start, end });
        let here = |start, end| ByteRange { start, end };
        assert_eq!(parts(&runs, here(5, 32), 0), [0..5, 15..25, 25..27]);
        assert_eq!(parts(&runs, here(32, 100), 7), [7..10, 25..35]);
        assert_eq!(parts(&runs, here(10, 20), 0), []);
    }
}
