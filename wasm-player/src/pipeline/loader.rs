//! Plays a located film: downloads planned ranges, and appends headers and media.
//!
//! [`Loader`] owns the state and the order of steps; its handlers end in [`Loader::advance`]. It uses
//! parts that do not know it: `planner` plans windows, `media_download` divides the bytes of a range
//! among the buffers, `seek` decides whether a seek needs other bytes, `quota` makes room in the
//! buffers, and `initial_gap` skips the late start of a track.

use mp4::fragment::Payload;
use mp4::plan::{Fetch, PlanTarget};

use super::context::Context;
use super::fault::{FaultCause, PlaybackResult};
use super::http::{Request, ResponseHead};
use super::initial_gap::InitialGap;
use super::media_download::MediaDownload;
use super::media_type::MediaType;
use super::planner::Planner;
use super::quota::{self, Room};
use super::seek;
use super::silence;
use super::source_buffer::{self, FinishedAppend, SourceBuffer};
use super::time_range::TimeRange;
use super::transfer::Transfer;
use super::window_source::{LocatedSource, OpenStart, WindowSource, bad_index};
use super::{BodyKind, Effect, limits};

/// A film that is being played.
pub(super) struct Loader<W> {
    planner: Planner<W>,
    pub(super) buffers: Vec<SourceBuffer>,
    /// MIME types of video and audio, until the buffers are added: when the source knows the length.
    mimes: Option<[Option<String>; 2]>,
    /// How often playback began at a new position; appends of an older epoch do not count.
    epoch: u32,
    download: Option<MediaDownload>,
    /// A response that delivers the first bytes of the next range.
    open_start: Option<OpenStart>,
    buffer_goal_ms: u64,
    /// Whether the end of the stream was signalled.
    ended: bool,
    initial_gap: InitialGap,
}

impl<W: WindowSource> Loader<W> {
    /// Adds the buffers and begins at `time_ms`.
    pub(super) fn open(
        cx: &mut Context,
        located: LocatedSource<W>,
        time_ms: u64,
    ) -> PlaybackResult<Self> {
        let LocatedSource { source, open_start } = located;
        let tracks = source.tracks()?;
        let (mut buffers, mimes) = source_buffer::of_tracks(tracks);
        source.report_unplayable_tracks(cx);
        let initial_gap = InitialGap::of(&buffers, None, time_ms);
        let video = source_buffer::find(&mut buffers, MediaType::Video).map(|buffer| buffer.track);
        let mut loader = Self {
            planner: Planner::new(source, video),
            buffers,
            mimes: Some(mimes),
            epoch: 0,
            download: None,
            open_start,
            buffer_goal_ms: limits::BUFFER_GOAL_MS,
            ended: false,
            initial_gap,
        };
        if W::BY_HEADERS {
            loader.add_source_buffers(cx, time_ms);
        }
        loader.begin(cx, time_ms)?;
        Ok(loader)
    }

    /// Begins to load at the key frame for `time_ms`, with new init segments.
    fn begin(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
        let from_ms = cx.decode_from(time_ms);
        if self.planner.request_missing(cx, PlanTarget::Time(from_ms))? {
            return Ok(());
        }
        self.add_source_buffers(cx, time_ms);
        self.planner.seek(from_ms)?;
        self.epoch += 1;
        for buffer in &mut self.buffers {
            buffer.append_init_segment(cx, self.epoch);
        }
        self.advance(cx)
    }

    /// Adds the buffers, if they are not there; playback begins at `time_ms`.
    fn add_source_buffers(&mut self, cx: &mut Context, time_ms: u64) {
        let Some(mimes) = self.mimes.take() else { return };
        let source = &self.planner.source;
        self.initial_gap = InitialGap::of(&self.buffers, source.all_started_ms(), time_ms);
        source_buffer::add(cx, source, mimes, time_ms);
    }

    /// Takes the next steps that the state allows: requests a range, reads on, or ends the stream.
    fn advance(&mut self, cx: &mut Context) -> PlaybackResult {
        let until_ms = cx.position_ms.saturating_add(self.buffer_goal_ms);
        while self.download.is_none() && !self.fill_sound(cx) && !self.planner.is_cut(cx)? {
            if let Some(fetch) = self.planner.take_range() {
                self.request(cx, fetch)?;
            } else if !self.planner.plan_window(cx, until_ms)? {
                break;
            }
        }
        let is_planned = self.planner.is_at_end() && !self.planner.is_waiting();
        if is_planned && self.download.is_none() {
            self.fill_sound(cx);
        }
        let pending: u64 = self.buffers.iter().map(|buffer| buffer.pending_bytes).sum();
        if let Some(download) = self.download.as_mut() {
            if pending < limits::PENDING_BYTES_MAX {
                download.transfer.read(cx);
            }
        } else if is_planned && pending == 0 && !self.ended {
            self.ended = true;
            cx.emit(Effect::EndOfStream);
        }
        Ok(())
    }

    /// Between windows, fills holes of the sound; returns whether to wait for appends first.
    fn fill_sound(&mut self, cx: &mut Context) -> bool {
        let Some(planned) = self.planner.complete().filter(|_| !self.ended) else { return false };
        silence::fill(cx, &mut self.buffers, self.epoch, planned)
    }

    /// Requests a range, and appends the headers of its fragments.
    fn request(&mut self, cx: &mut Context, fetch: Fetch) -> PlaybackResult {
        let mut payloads = Vec::new();
        for fragment in fetch.fragments {
            let (source, buffers) = (&self.planner.source, &mut self.buffers);
            let appended = source_buffer::append_header(cx, source, buffers, self.epoch, fragment)?;
            if let Some((media_type, payload)) = appended {
                let at = if payload == Payload::AsIs { payloads.len() } else { 0 };
                payloads.insert(at, (media_type, payload));
            }
        }
        let transfer = match self.open_start.take_if(|_| W::BY_HEADERS) {
            Some(OpenStart { mut transfer, media_bytes }) => {
                transfer.continue_with(cx, fetch.range, media_bytes);
                transfer
            }
            None => Transfer::start(cx, Request::Range(fetch.range), BodyKind::Media),
        };
        self.download = Some(MediaDownload::new(transfer, fetch.range, payloads));
        Ok(())
    }

    /// Handles a response head.
    pub(super) fn on_head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> PlaybackResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(()) };
        match transfer.on_head(cx, head) {
            Ok(()) => {
                if let Some(transfer) = self.planner.transfer_mut() {
                    transfer.read(cx);
                }
                self.advance(cx)
            }
            Err(cause) => self.on_failure(cx, fetch_id, cause),
        }
    }

    /// Handles a request that failed, or whose body ended too early.
    pub(super) fn on_failure(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        cause: FaultCause,
    ) -> PlaybackResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(()) };
        transfer.on_failure(cx, &cause).map_err(|_| transfer.fault(cause))
    }

    /// Handles a piece of media: appends its parts.
    pub(super) fn on_media_bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        piece: u32,
        len: u32,
    ) -> PlaybackResult {
        let download = self.download.as_mut();
        let Some(download) = download.filter(|one| one.transfer.has_id(fetch_id)) else {
            return Ok(());
        };
        for (media_type, data) in download.on_piece(cx, piece, len) {
            if let Some(buffer) = source_buffer::find(&mut self.buffers, media_type) {
                buffer.append(cx, self.epoch, data);
            }
        }
        let complete = self.download.take_if(|download| download.transfer.is_complete());
        if let Some(download) = complete {
            download.transfer.finish(cx);
        }
        // Requested earlier, headers would delay the first frame; later, the next window.
        if self.download.as_ref().is_some_and(MediaDownload::is_half_done) {
            self.planner.request_next_headers(cx)?;
        }
        self.advance(cx)
    }

    /// Handles bytes for the window source.
    pub(super) fn on_index_bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        bytes: &[u8],
    ) -> PlaybackResult {
        if !self.planner.on_index_bytes(cx, fetch_id, bytes)? {
            return Ok(());
        }
        let Some(complete) = self.planner.take_request(fetch_id) else { return Ok(()) };
        complete.transfer.finish(cx);
        self.feed(cx, complete.request, &complete.body, complete.wanted)
    }

    /// Handles the end of a body: headers are complete then, anything else was cut short.
    pub(super) fn on_body_end(&mut self, cx: &mut Context, fetch_id: u32) -> PlaybackResult {
        match self.planner.take_headers(fetch_id) {
            Some(complete) => self.feed(cx, complete.request, &complete.body, complete.wanted),
            None => self.on_failure(cx, fetch_id, FaultCause::Network),
        }
    }

    /// Handles the boxes of a `start` response.
    pub(super) fn on_start_boxes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        boxes: &[u8],
        media_bytes: u64,
    ) -> PlaybackResult {
        let Some(start) = self.planner.take_request(fetch_id) else { return Ok(()) };
        self.open_start = Some(OpenStart { transfer: start.transfer, media_bytes });
        self.feed(cx, start.request, boxes, start.wanted)
    }

    /// Feeds the source with a complete response, and plans on.
    fn feed(
        &mut self,
        cx: &mut Context,
        request: Request,
        body: &[u8],
        wanted: PlanTarget,
    ) -> PlaybackResult {
        self.planner.source.feed(request, body).map_err(bad_index)?;
        match wanted {
            PlanTarget::Time(from_ms) => self.begin(cx, from_ms.saturating_add(cx.back_ms)),
            PlanTarget::Window(_) => self.advance(cx),
        }
    }

    /// Handles a finished append.
    pub(super) fn on_appended(
        &mut self,
        cx: &mut Context,
        append: FinishedAppend,
    ) -> PlaybackResult {
        if let Some(buffer) = source_buffer::find(&mut self.buffers, append.media_type) {
            buffer.on_appended(append, self.epoch);
        }
        self.initial_gap.skip(cx, &self.buffers, self.planner.source.duration_ms());
        self.advance(cx)
    }

    /// Handles a refused append: makes room, and buffers less ahead from now on.
    pub(super) fn on_quota_exceeded(
        &mut self,
        cx: &mut Context,
        media_type: MediaType,
        epoch: u32,
    ) -> PlaybackResult {
        if epoch != self.epoch {
            return Ok(());
        }
        let ahead_ms = self.planner.planned.end_ms.saturating_sub(cx.position_ms);
        self.buffer_goal_ms =
            (ahead_ms / 5 * 4).clamp(limits::BUFFER_GOAL_MS_MIN, self.buffer_goal_ms);
        self.room().make_room(cx, media_type)
    }

    fn room(&mut self) -> Room<'_, W> {
        Room {
            buffers: &mut self.buffers,
            source: &self.planner.source,
            planned: self.planner.planned,
        }
    }

    /// Handles a finished removal.
    pub(super) fn on_removed(
        &mut self,
        cx: &mut Context,
        media_type: MediaType,
        buffered: Vec<TimeRange>,
    ) -> PlaybackResult {
        if let Some(buffer) = source_buffer::find(&mut self.buffers, media_type) {
            quota::on_removed(cx, buffer, buffered);
        }
        self.advance(cx)
    }

    /// Handles a new play position: old media may go, and more is buffered ahead.
    pub(super) fn on_position(&mut self, cx: &mut Context) -> PlaybackResult {
        // After the end of the stream a removal would reopen the MediaSource.
        if !self.ended {
            self.room().trim(cx);
        }
        self.room().unblock(cx)?;
        self.advance(cx)
    }

    /// Where all buffers have media again behind a gap at `time_ms` of at most `within_ms`.
    pub(super) fn end_of_gap(&self, time_ms: u64, within_ms: u64) -> Option<u64> {
        source_buffer::next_common_start(&self.buffers, time_ms, within_ms)
    }

    /// Whether anything is under way that may let playback go on.
    pub(super) fn is_waiting(&self) -> bool {
        let is_requesting = self.download.is_some() || self.planner.is_waiting();
        source_buffer::are_waiting(&self.buffers, is_requesting)
    }

    /// Handles a seek: nothing is downloaded twice where it is buffered or under way.
    pub(super) fn on_seek(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
        let time_ms = self.initial_gap.seek(time_ms);
        self.initial_gap.skip(cx, &self.buffers, self.planner.source.duration_ms());
        if seek::needs_no_request(cx, &self.planner, &self.buffers, time_ms) {
            return self.advance(cx);
        }
        self.restart(cx, time_ms)
    }

    /// Begins at `time_ms` with empty buffers, so that they always hold what one run of windows
    /// appended. Appends over media of an earlier run, cut off by the next seek, would also remove
    /// frames that depend on the replaced ones, and no browser shows such a hole in `buffered`
    /// (Media Source Extensions, §3.5.11, "coded frame processing").
    fn restart(&mut self, cx: &mut Context, time_ms: u64) -> PlaybackResult {
        self.cancel(cx);
        self.ended = false;
        if self.mimes.is_none() {
            for buffer in &mut self.buffers {
                buffer.abort(cx);
            }
            for buffer in &mut self.buffers {
                buffer.clear(cx);
            }
        }
        self.begin(cx, time_ms)
    }

    /// Cancels all requests.
    pub(super) fn cancel(&mut self, cx: &mut Context) {
        if let Some(download) = self.download.take() {
            download.transfer.cancel(cx);
        }
        self.planner.cancel(cx);
        if let Some(open_start) = self.open_start.take() {
            open_start.transfer.cancel(cx);
        }
    }

    fn transfer(&mut self, fetch_id: u32) -> Option<&mut Transfer> {
        self.transfers().find(|transfer| transfer.has_id(fetch_id))
    }

    fn transfers(&mut self) -> impl Iterator<Item = &mut Transfer> {
        let download = self.download.as_mut().map(|download| &mut download.transfer);
        download.into_iter().chain(self.planner.transfer_mut())
    }

    /// Sends every request that waits for its next attempt.
    pub(super) fn retry_now(&mut self, cx: &mut Context) {
        self.transfers().for_each(|transfer| transfer.retry_now(cx));
    }

    /// Makes attempts that are due, and gives up responses that have stalled.
    pub(super) fn on_tick(&mut self, cx: &mut Context) -> PlaybackResult {
        for transfer in self.transfers() {
            transfer.on_tick(cx).map_err(|_| transfer.fault(FaultCause::Network))?;
        }
        Ok(())
    }

    /// When [`Self::on_tick`] has something to do.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let download = self.download.as_ref().map(|download| &download.transfer);
        let transfers = download.into_iter().chain(self.planner.transfer());
        transfers.filter_map(Transfer::deadline_ms).min()
    }
}
