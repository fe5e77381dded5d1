//! Playback: windows of the plan become requests, and their bytes become appends.

use std::collections::VecDeque;
use std::ops::Range;

use mp4::ByteRange;
use mp4::fragment::Payload;
use mp4::plan::{self, Cursor, PlanTarget};

use super::buffer::{self, Buffer, MediaType, TimeRange};
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::{Request, ResponseHead};
use super::initial_gap::InitialGap;
use super::transfer::Transfer;
use super::window_source::{LocatedSource, OpenStart, WindowSource, in_index};
use super::{AppendData, BodyKind, Effect, limits};

/// What a step came to: nothing, or a cause that somebody else must treat, and its place.
pub(super) type PlaybackResult = Result<(), PlaybackFault>;

/// A film being played.
pub(super) struct Loader<G> {
    pub(super) source: G,
    pub(super) buffers: Vec<Buffer>,
    epoch: u32,
    /// Where the next window begins; none once the film's end is planned.
    cursor: Option<Cursor>,
    /// What was planned without a break.
    pub(super) run: TimeRange,
    queue: VecDeque<plan::Fetch>,
    current: Option<Current>,
    /// A request that has the first bytes of the next range.
    pub(super) open: Option<OpenStart>,
    /// What must be known first.
    pub(super) missing: Option<PlanRequest>,
    pub(super) goal_ms: u64,
    ended: bool,
    pub(super) initial_gap: InitialGap,
}

/// What must be known before playback goes on.
pub(super) struct PlanRequest {
    pub(super) transfer: Transfer,
    pub(super) request: Request,
    pub(super) bytes: Vec<u8>,
    pub(super) wanted: PlanTarget,
}

/// The range that is on its way, and who gets which part of it.
struct Current {
    transfer: Transfer,
    start: u64,
    bytes: u64,
    /// Gathered parts first: the rest may then be given away as it is.
    feeds: Vec<(MediaType, Payload)>,
}

impl<G: WindowSource> Loader<G> {
    /// Makes the buffers, and begins at `time_ms`.
    pub(super) fn open(
        cx: &mut Context,
        found: LocatedSource<G>,
        time_ms: u64,
    ) -> Result<Self, PlaybackFault> {
        let LocatedSource { source, open } = found;
        let mut mimes = [None, None];
        let mut buffers = Vec::new();
        for track in source.track_configs()? {
            let [video, audio] = &mut mimes;
            let mime = if track.media_type == MediaType::Video { video } else { audio };
            *mime = Some(track.mime);
            buffers.push(Buffer::new(track.media_type, track.track, track.init));
        }
        let [video, audio] = mimes;
        let begins_ms = source.key_ms(time_ms).unwrap_or(time_ms);
        // A fragmented film may tell its length bit by bit: what is asked for must lie within it.
        let duration_ms = Some(source.duration_ms()).filter(|duration_ms| *duration_ms > time_ms);
        let duration_ms = duration_ms.unwrap_or(time_ms.saturating_add(1_000));
        cx.emit(Effect::AddSourceBuffers { video, audio, duration_ms, begins_ms });
        source.report_unplayable_tracks(cx);
        let initial_gap = InitialGap::of(source.initial_gap_end_ms(), time_ms);
        let mut loader = Self {
            source,
            buffers,
            epoch: 0,
            cursor: None,
            run: TimeRange { start_ms: 0, end_ms: 0 },
            queue: VecDeque::new(),
            current: None,
            open,
            missing: None,
            goal_ms: limits::GOAL_MS,
            ended: false,
            initial_gap,
        };
        loader.begin(cx, time_ms)?;
        Ok(loader)
    }

    /// Begins to load at the key frame in front of `time_ms`, with fresh init segments.
    pub(super) fn begin(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
        if self.lacks(cx, PlanTarget::Time(time_ms))? {
            return Ok(());
        }
        let (cursor, key_ms) = self.source.seek(time_ms).map_err(in_index)?;
        self.epoch += 1;
        self.cursor = Some(cursor);
        self.run = TimeRange { start_ms: key_ms, end_ms: key_ms };
        for buffer in &mut self.buffers {
            let data = AppendData::Header(buffer.init.clone());
            buffer.described = 0;
            buffer.append(cx, self.epoch, data);
        }
        self.pump(cx)
    }

    /// Does what can be done: makes the next request, reads on, or ends the stream.
    pub(super) fn pump(&mut self, cx: &mut Context) -> PlaybackResult {
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
    fn plan_next(&mut self, cx: &mut Context) -> Result<bool, PlaybackFault> {
        let Some(cursor) = self.cursor else { return Ok(false) };
        if self.run.end_ms >= cx.position_ms.saturating_add(self.goal_ms) {
            return Ok(false);
        }
        if self.lacks(cx, PlanTarget::Window(cursor))? {
            return Ok(false);
        }
        let Some(window) = self.source.next(cursor).map_err(in_index)? else {
            self.cursor = None;
            return Ok(false);
        };
        self.cursor = Some(window.next);
        self.run.end_ms = window.end_ms.max(self.run.end_ms);
        self.queue = window.fetches.into();
        Ok(true)
    }

    fn request(&mut self, cx: &mut Context, fetch: plan::Fetch) -> PlaybackResult {
        if let Some(size) = cx.file.size.filter(|size| *size < fetch.range.end) {
            let cause = FaultCause::Truncated { at: fetch.range.end, size };
            return Err(PlaybackFault {
                cause,
                location: FaultLocation::Time { time_ms: self.run.end_ms },
            });
        }
        let mut feeds = Vec::new();
        for fragment in fetch.fragments {
            let found = self.buffers.iter_mut().find(|buffer| buffer.track == fragment.track);
            if let Some(buffer) = found {
                if buffer.described != fragment.init {
                    buffer.described = fragment.init;
                    let init = self.source.init(fragment.track, fragment.init);
                    buffer.append(cx, self.epoch, AppendData::Header(init.map_err(in_index)?));
                }
                buffer.append(cx, self.epoch, AppendData::Header(fragment.header));
                let at = if fragment.payload == Payload::AsIs { feeds.len() } else { 0 };
                feeds.insert(at, (buffer.media_type, fragment.payload));
            }
        }
        let transfer = match self.open.take_if(|_| G::BY_HEADERS) {
            Some(OpenStart { mut transfer, bytes }) => {
                transfer.begin(cx, fetch.range, bytes);
                transfer
            }
            None => Transfer::start(cx, Request::Range(fetch.range), BodyKind::Media),
        };
        self.current =
            Some(Current { transfer, start: fetch.range.start, bytes: fetch.range.len(), feeds });
        Ok(())
    }

    /// Takes the head of an answer.
    pub(super) fn head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> PlaybackResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(()) };
        match transfer.head(cx, head) {
            Ok(()) => {
                if let Some(missing) = &mut self.missing {
                    missing.transfer.read(cx);
                }
                self.pump(cx)
            }
            Err(cause) => self.broke(cx, fetch_id, cause),
        }
    }

    fn transfer(&mut self, fetch_id: u32) -> Option<&mut Transfer> {
        self.transfers().find(|transfer| transfer.is(fetch_id))
    }

    /// The requests that are out.
    fn transfers(&mut self) -> impl Iterator<Item = &mut Transfer> {
        let current = self.current.as_mut().map(|current| &mut current.transfer);
        current.into_iter().chain(self.missing.as_mut().map(|missing| &mut missing.transfer))
    }

    /// Takes the news that a request broke.
    pub(super) fn broke(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        cause: FaultCause,
    ) -> PlaybackResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(()) };
        transfer.broke(cx, &cause).map_err(|_| transfer.fault(cause))
    }

    /// Shares a piece out among the buffers.
    pub(super) fn bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        piece: u32,
        len: u32,
    ) -> PlaybackResult {
        let Some(current) = self.current.as_mut().filter(|c| c.transfer.is(fetch_id)) else {
            return Ok(());
        };
        let taken = current.transfer.bytes(cx, len);
        let from = taken.at.saturating_sub(current.start);
        let here = ByteRange { start: from, end: from + u64::from(taken.len) };
        for (media_type, payload) in current.feeds.iter().filter(|_| taken.len > 0) {
            let data = match payload {
                Payload::AsIs => {
                    AppendData::Part { piece, part: taken.skip..taken.skip + taken.len }
                }
                Payload::Gather(runs) => {
                    AppendData::Gather { piece, parts: parts(runs, here, taken.skip) }
                }
            };
            if let Some(buffer) =
                self.buffers.iter_mut().find(|buffer| buffer.media_type == *media_type)
            {
                buffer.append(cx, self.epoch, data);
            }
        }
        let done = self.current.take_if(|current| current.transfer.is_complete());
        if let Some(current) = done {
            current.transfer.finish(cx);
        }
        self.look_ahead(cx)?;
        self.pump(cx)
    }

    /// Asks for what comes behind the range that is on its way, once half of that is there: sooner
    /// it would delay the first picture, and later the next one.
    fn look_ahead(&mut self, cx: &mut Context) -> PlaybackResult {
        let half = |current: &Current| current.transfer.left() <= current.bytes / 2;
        let Some(cursor) = self.cursor.filter(|_| G::BY_HEADERS && self.queue.is_empty()) else {
            return Ok(());
        };
        if self.current.as_ref().is_some_and(half) {
            self.lacks(cx, PlanTarget::Window(cursor))?;
        }
        Ok(())
    }

    /// Takes the news that a buffer took bytes.
    pub(super) fn appended(&mut self, cx: &mut Context, done: Appended) -> PlaybackResult {
        let epoch = self.epoch;
        if let Some(buffer) =
            self.buffers.iter_mut().find(|buffer| buffer.media_type == done.media_type)
        {
            buffer.told(done.buffered);
            if done.epoch == epoch {
                buffer.pending_bytes = buffer.pending_bytes.saturating_sub(u64::from(done.bytes));
                buffer.full = buffer::Full::No;
            }
        }
        self.initial_gap.skip(cx, &self.buffers, self.source.duration_ms());
        self.pump(cx)
    }

    /// Goes to another place: where it is buffered, nothing is fetched again.
    pub(super) fn seek(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
        let time_ms = self.initial_gap.seek(time_ms);
        let duration_ms = self.source.duration_ms();
        self.initial_gap.skip(cx, &self.buffers, duration_ms);
        let held = buffer::end_of_common_span(&self.buffers, time_ms, duration_ms);
        // To the millisecond: the last picture of a group lies just in front of the next one.
        let is_behind_start =
            self.run.start_ms <= time_ms || self.source.key_ms(time_ms) == Some(self.run.start_ms);
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
        let ends =
            self.buffers.iter().map(|buffer| buffer.buffered.last().map(|range| range.end_ms));
        let loaded_ms = ends.min().flatten().unwrap_or(self.run.start_ms);
        self.cursor.is_some()
            && loaded_ms <= time_ms.saturating_add(limits::SAME_MS)
            && self
                .source
                .key_ms(time_ms)
                .is_some_and(|key_ms| key_ms <= loaded_ms.saturating_add(1_000))
    }

    /// Begins anew with empty buffers, so that what they hold is always one run without a break.
    /// Bytes appended over what an earlier run left, and cut off by the next seek, would take
    /// pictures with them that depend on what they replace, and no browser shows such a hole in
    /// `buffered` (Media Source Extensions, §3.5.11, "coded frame processing").
    fn restart(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
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
        if let Some(open) = self.open.take() {
            open.transfer.cancel(cx);
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
    pub(super) fn tick(&mut self, cx: &mut Context) -> PlaybackResult {
        for transfer in self.transfers() {
            transfer.tick(cx).map_err(|_| transfer.fault(FaultCause::Network))?;
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
    pub(super) media_type: MediaType,
    pub(super) epoch: u32,
    pub(super) bytes: u32,
    pub(super) buffered: Vec<TimeRange>,
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
