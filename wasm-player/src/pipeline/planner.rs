//! Plans windows in order, and requests data that the window source lacks for the next one.

use std::collections::VecDeque;
use std::vec;

use mp4::plan::{Cursor, Fetch, PlanTarget, Window};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult};
use super::http::Request;
use super::time_range::TimeRange;
use super::transfer::Transfer;
use super::window_source::{WindowSource, bad_index};
use super::{BodyKind, limits};

/// The window source, and how far the film is planned.
pub(super) struct Planner<W> {
    pub(super) source: W,
    /// Where the next window begins; `None` once the film is planned to its end.
    cursor: Option<Cursor>,
    /// The media time that was planned since the last seek.
    pub(super) planned: TimeRange,
    /// The video track, whose pictures are counted.
    video: Option<usize>,
    /// The planned windows, and how many pictures each has.
    pictures: VecDeque<(TimeRange, u32)>,
    /// Ranges of the last window that are not yet requested.
    queue: vec::IntoIter<Fetch>,
    /// The request for data that the source lacks.
    missing: Option<PlanRequest>,
}

/// A request without whose response the next window cannot be planned.
pub(super) struct PlanRequest {
    pub(super) transfer: Transfer,
    /// The request itself; the source is fed with it and with the body.
    pub(super) request: Request,
    /// The body so far.
    pub(super) body: Vec<u8>,
    /// The target to plan afterwards.
    pub(super) wanted: PlanTarget,
}

impl<W: WindowSource> Planner<W> {
    /// A planner that begins with [`Self::seek`].
    pub(super) fn new(source: W, video: Option<usize>) -> Self {
        let planned = TimeRange { start_ms: 0, end_ms: 0 };
        let (queue, pictures) = (Vec::new().into_iter(), VecDeque::new());
        Self { source, cursor: None, planned, video, pictures, queue, missing: None }
    }

    /// Plans from the key frame for `time_ms` on, which the source must not lack.
    pub(super) fn seek(&mut self, time_ms: u64) -> PlaybackResult {
        let (cursor, key_frame_ms) = self.source.seek(time_ms).map_err(bad_index)?;
        self.cursor = Some(cursor);
        self.planned = TimeRange { start_ms: key_frame_ms, end_ms: key_frame_ms };
        self.pictures.clear();
        Ok(())
    }

    /// Takes out the next range of the planned window.
    pub(super) fn take_range(&mut self) -> Option<Fetch> {
        self.queue.next()
    }

    /// Whether the file ends within the next range; an error once playback comes near its window.
    pub(super) fn is_cut(&self, cx: &Context) -> PlaybackResult<bool> {
        let next = self.queue.as_slice().first().zip(self.pictures.back());
        let Some(((fetch, (window, _)), size)) = next.zip(cx.file.size) else { return Ok(false) };
        let (at, time_ms) = (fetch.range.end, window.start_ms);
        if at > size && cx.position_ms.saturating_add(limits::CUT_MS) >= time_ms {
            let cause = FaultCause::Truncated { at, size };
            return Err(PlaybackFault { cause, location: FaultLocation::Time { time_ms } });
        }
        Ok(at > size)
    }

    /// Plans the next window; returns whether there is one. There is none if `until_ms` is planned,
    /// at the film's end, and while the source lacks something.
    pub(super) fn plan_window(&mut self, cx: &mut Context, until_ms: u64) -> PlaybackResult<bool> {
        let Some(cursor) = self.cursor else { return Ok(false) };
        if (self.planned.end_ms >= until_ms && self.has_pictures(cx.position_ms))
            || self.request_missing(cx, PlanTarget::Window(cursor))?
        {
            return Ok(false);
        }
        let Some(window) = self.source.next(cursor).map_err(bad_index)? else {
            self.cursor = None;
            return Ok(false);
        };
        self.cursor = Some(window.next);
        self.planned.end_ms = window.end_ms.max(self.planned.end_ms);
        self.count_pictures(cx.position_ms, &window);
        self.queue = window.fetches.into_iter();
        Ok(true)
    }

    fn count_pictures(&mut self, position_ms: u64, window: &Window) {
        let fragments = window.fetches.iter().flat_map(|fetch| &fetch.fragments);
        let of_video = fragments.filter(|fragment| Some(fragment.track) == self.video);
        let count = of_video.map(|fragment| fragment.sample_count).fold(0, u32::saturating_add);
        while self.pictures.front().is_some_and(|(time, _)| time.end_ms <= position_ms) {
            self.pictures.pop_front();
        }
        let Window { start_ms, end_ms, .. } = *window;
        self.pictures.push_back((TimeRange { start_ms, end_ms }, count));
    }

    /// Whether enough pictures are planned behind `position_ms`.
    fn has_pictures(&self, position_ms: u64) -> bool {
        // Of the window at the position, those of its rest.
        let ahead = self.pictures.iter().map(|&(TimeRange { start_ms, end_ms }, count)| {
            let rest_ms = end_ms.saturating_sub(position_ms.max(start_ms));
            u64::from(count) * rest_ms / end_ms.saturating_sub(start_ms).max(1)
        });
        let count = ahead.fold(0, u64::saturating_add);
        let far_ms = position_ms.saturating_add(limits::PICTURES_MS_MAX);
        self.video.is_none() || count >= limits::PICTURES_GOAL || self.planned.end_ms >= far_ms
    }

    /// The time of which all sound was requested; `None` within a window, and while data is missing.
    pub(super) fn complete(&self) -> Option<TimeRange> {
        if self.queue.len() > 0 || self.is_waiting() {
            return None;
        }
        let TimeRange { start_ms, end_ms } = self.planned;
        let end_ms = if self.is_at_end() {
            self.source.duration_ms().saturating_sub(limits::TAIL_MS)
        } else {
            end_ms.saturating_sub(limits::SOUND_LAG_MS)
        };
        Some(TimeRange { start_ms, end_ms })
    }

    /// Requests the headers of the next windows, if they come from the edge.
    pub(super) fn request_next_headers(&mut self, cx: &mut Context) -> PlaybackResult {
        let cursor = self.cursor.filter(|_| W::BY_HEADERS && self.queue.len() == 0);
        if let Some(cursor) = cursor {
            self.request_missing(cx, PlanTarget::Window(cursor))?;
        }
        Ok(())
    }

    /// Requests the data that the source lacks before `wanted` can be planned; returns whether it
    /// lacks any.
    pub(super) fn request_missing(
        &mut self,
        cx: &mut Context,
        wanted: PlanTarget,
    ) -> PlaybackResult<bool> {
        if self.missing.is_some() {
            return Ok(true);
        }
        let Some(request) = self.source.missing(wanted).map_err(bad_index)? else {
            return Ok(false);
        };
        let is_start = matches!(request, Request::Start(_));
        let body_kind = if is_start { BodyKind::Media } else { BodyKind::Index };
        let transfer = Transfer::start(cx, request, body_kind);
        self.missing = Some(PlanRequest { transfer, request, body: Vec::new(), wanted });
        Ok(true)
    }

    /// Whether the film is planned to its end.
    pub(super) const fn is_at_end(&self) -> bool {
        self.cursor.is_none()
    }

    /// Whether the source lacks data.
    pub(super) const fn is_waiting(&self) -> bool {
        self.missing.is_some()
    }

    /// The request for data that the source lacks.
    pub(super) fn transfer(&self) -> Option<&Transfer> {
        self.missing.as_ref().map(|missing| &missing.transfer)
    }

    /// The request for data that the source lacks.
    pub(super) fn transfer_mut(&mut self) -> Option<&mut Transfer> {
        self.missing.as_mut().map(|missing| &mut missing.transfer)
    }

    /// Handles the next bytes of a body; returns whether the response is complete.
    pub(super) fn on_index_bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        bytes: &[u8],
    ) -> PlaybackResult<bool> {
        let missing = self.missing.as_mut();
        let Some(missing) = missing.filter(|missing| missing.transfer.has_id(fetch_id)) else {
            return Ok(false);
        };
        missing.append(cx, bytes)?;
        let is_complete = missing.transfer.is_complete();
        if !is_complete {
            missing.transfer.read(cx);
        }
        Ok(is_complete)
    }

    /// Takes out the request for data that the source lacks.
    pub(super) fn take_request(&mut self, fetch_id: u32) -> Option<PlanRequest> {
        self.missing.take_if(|missing| missing.transfer.has_id(fetch_id))
    }

    /// Takes out the request for headers, which the end of its body makes complete.
    pub(super) fn take_headers(&mut self, fetch_id: u32) -> Option<PlanRequest> {
        self.missing.take_if(|missing| missing.transfer.has_id(fetch_id) && missing.is_headers())
    }

    /// Cancels the request, and forgets the ranges that are not yet requested.
    pub(super) fn cancel(&mut self, cx: &mut Context) {
        self.queue = Vec::new().into_iter();
        if let Some(missing) = self.missing.take() {
            missing.transfer.cancel(cx);
        }
    }
}

impl PlanRequest {
    const fn is_headers(&self) -> bool {
        matches!(self.request, Request::Headers(_))
    }

    fn append(&mut self, cx: &mut Context, bytes: &[u8]) -> PlaybackResult {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let accepted = self.transfer.on_bytes(cx, len);
        self.body.extend_from_slice(accepted.of(bytes));
        if self.is_headers() && self.body.len() > limits::HEADERS_BYTES_MAX {
            let cause = FaultCause::UnexpectedResponse;
            return Err(PlaybackFault { cause, location: FaultLocation::Index });
        }
        Ok(())
    }
}
