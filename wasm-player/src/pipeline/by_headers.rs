//! Windows from headers that the edge made: the player reads no `moov`.

use std::vec;

use mp4::plan::{Cursor, PlanTarget, Window};
use mp4::start_index::{self, StartPosition};
use mp4::{Error, TrackKind, Unplayable};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::{Request, ResponseHead};
use super::media_type::MediaType;
use super::transfer::Transfer;
use super::window_source::{
    LocateResult, LocatedSource, Locator, OpenStart, TrackConfig, WindowSource, bad_index,
};
use super::{BodyKind, limits};

/// The windows that the edge sent and that are not yet planned.
pub struct ByHeaders {
    duration_ms: u64,
    offset_ms: u64,
    tracks: Vec<TrackConfig>,
    /// Windows to plan next.
    windows: vec::IntoIter<Window>,
    /// Whether the film ends behind the last of `windows`.
    is_last: bool,
    /// Set by a `start` response until playback begins there.
    start: Option<StartPoint>,
    /// Presentation times of the key frames since then, in order.
    key_frames_ms: Vec<u64>,
}

/// The time of a `start` request, and the key frame of its response.
#[derive(Clone, Copy)]
struct StartPoint {
    requested_ms: u64,
    /// Presentation time of the key frame from which `requested_ms` is decoded.
    key_frame_ms: u64,
}

impl ByHeaders {
    fn read(from: StartPosition, boxes: &[u8]) -> Result<Self, Error> {
        let answer = start_index::decode(boxes)?;
        let config = |init: start_index::TrackInit| {
            let listed = answer.tracks.iter().find(|listed| listed.track == init.track)?;
            let is_video = listed.kind == TrackKind::Video;
            Some(TrackConfig {
                media_type: if is_video { MediaType::Video } else { MediaType::Audio },
                track: init.track,
                mime: listed.mime.clone(),
                init_segment: init.segment,
            })
        };
        let start = match from {
            StartPosition::Time(requested_ms) => {
                Some(StartPoint { requested_ms, key_frame_ms: answer.start_ms })
            }
            StartPosition::Cursor(_) => None,
        };
        Ok(Self {
            duration_ms: answer.duration_ms,
            offset_ms: answer.offset_ms,
            tracks: answer.inits.into_iter().filter_map(config).collect(),
            is_last: answer.windows.is_empty(),
            windows: answer.windows.into_iter(),
            start,
            key_frames_ms: Vec::new(),
        })
    }

    fn has_video(&self) -> bool {
        self.tracks.iter().any(|track| track.media_type == MediaType::Video)
    }
}

impl WindowSource for ByHeaders {
    type Locator = StartLoader;

    const BY_HEADERS: bool = true;

    fn tracks(&self) -> Result<Vec<TrackConfig>, PlaybackFault> {
        if self.tracks.is_empty() {
            let cause = FaultCause::Unplayable(Unplayable::NoMedia);
            return Err(PlaybackFault { cause, location: FaultLocation::Index });
        }
        Ok(self.tracks.clone())
    }

    fn duration_ms(&self) -> u64 {
        self.duration_ms
    }

    fn offset_ms(&self) -> u64 {
        self.offset_ms
    }

    fn all_started_ms(&self) -> Option<u64> {
        None
    }

    fn report_unplayable_tracks(&self, _: &mut Context) {}

    fn missing(&self, wanted: PlanTarget) -> Result<Option<Request>, Error> {
        Ok(match wanted {
            PlanTarget::Time(time_ms) => {
                let is_here = self.start.is_some_and(|start| start.requested_ms == time_ms);
                (!is_here).then_some(Request::Start(StartPosition::Time(time_ms)))
            }
            PlanTarget::Window(cursor) => {
                let is_here = self.is_last || self.windows.len() > 0;
                (!is_here).then_some(Request::Headers(StartPosition::Cursor(cursor)))
            }
        })
    }

    fn feed(&mut self, request: Request, body: &[u8]) -> Result<(), Error> {
        match request {
            Request::Start(from) => *self = Self::read(from, body)?,
            Request::Headers(_) => {
                self.windows = start_index::decode(body)?.windows.into_iter();
                // The edge sends fewer windows than requested only at the film's end.
                self.is_last = self.windows.len() < limits::HEADERS_WINDOWS as usize;
            }
            Request::Range(_) | Request::Suffix(_) => {}
        }
        Ok(())
    }

    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error> {
        let start = self.start.take();
        // `next` takes the first of `windows`, whatever the cursor, and that one begins here.
        Ok((Cursor::from_numbers([0; 5]), start.map_or(time_ms, |start| start.key_frame_ms)))
    }

    fn key_frame_ms(&self, time_ms: u64) -> Option<u64> {
        if let Some(start) = self.start.filter(|start| start.requested_ms == time_ms) {
            return Some(start.key_frame_ms);
        }
        if !self.has_video() {
            return Some(time_ms);
        }
        let behind = self.key_frames_ms.partition_point(|key_frame_ms| *key_frame_ms <= time_ms);
        self.key_frames_ms.get(behind.checked_sub(1)?).copied()
    }

    fn next(&mut self, _: Cursor) -> Result<Option<Window>, Error> {
        let window = self.windows.next();
        if let Some(window) = &window {
            self.key_frames_ms.extend(&window.keys_ms);
            let old = self.key_frames_ms.len().saturating_sub(limits::KEY_FRAMES_MAX);
            self.key_frames_ms.drain(..old);
        }
        Ok(window)
    }

    fn init_segment(&self, track: usize, _: u32) -> Result<Vec<u8>, Error> {
        // The edge makes headers only of tracks with one sample description (docs/formats.md).
        let violation = "start has a second sample description for a track";
        Err(Error { track: Some(track), path: "file", offset: 0, violation })
    }
}

/// Loads the first `start` response of a film.
pub struct StartLoader {
    transfer: Option<Transfer>,
    from: StartPosition,
}

impl StartLoader {
    fn on_failure(&mut self, cx: &mut Context, cause: FaultCause) -> LocateResult<ByHeaders> {
        let Some(transfer) = &mut self.transfer else { return Ok(None) };
        match transfer.on_failure(cx, &cause) {
            Ok(()) => Ok(None),
            Err(_) => Err(transfer.fault(cause)),
        }
    }
}

impl Locator for StartLoader {
    type Source = ByHeaders;

    fn start(cx: &mut Context) -> Self {
        let from = StartPosition::Time(cx.decode_from(cx.position_ms));
        let transfer = Transfer::start(cx, Request::Start(from), BodyKind::Media);
        Self { transfer: Some(transfer), from }
    }

    fn on_head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> LocateResult<ByHeaders> {
        let transfer = self.transfer.as_mut().filter(|transfer| transfer.has_id(fetch_id));
        match transfer.map(|transfer| transfer.on_head(cx, head)) {
            Some(Err(cause)) => self.on_failure(cx, cause),
            Some(Ok(())) | None => Ok(None),
        }
    }

    fn on_bytes(&mut self, _: &mut Context, _: u32, _: &[u8]) -> LocateResult<ByHeaders> {
        Ok(None)
    }

    fn on_start_boxes(
        &mut self,
        _: &mut Context,
        fetch_id: u32,
        boxes: &[u8],
        media_bytes: u64,
    ) -> LocateResult<ByHeaders> {
        let Some(transfer) = self.transfer.take_if(|transfer| transfer.has_id(fetch_id)) else {
            return Ok(None);
        };
        let source = ByHeaders::read(self.from, boxes).map_err(bad_index)?;
        let open_start = Some(OpenStart { transfer, media_bytes });
        Ok(Some(LocatedSource { source, open_start }))
    }

    fn on_body_end(&mut self, cx: &mut Context, fetch_id: u32) -> LocateResult<ByHeaders> {
        if self.transfer.as_ref().is_some_and(|transfer| transfer.has_id(fetch_id)) {
            return self.on_failure(cx, FaultCause::Network);
        }
        Ok(None)
    }

    fn retry_now(&mut self, cx: &mut Context) {
        if let Some(transfer) = &mut self.transfer {
            transfer.retry_now(cx);
        }
    }

    fn on_tick(&mut self, cx: &mut Context) -> LocateResult<ByHeaders> {
        let Some(transfer) = &mut self.transfer else { return Ok(None) };
        match transfer.on_tick(cx) {
            Ok(()) => Ok(None),
            Err(_) => Err(transfer.fault(FaultCause::Network)),
        }
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.transfer.as_ref().and_then(Transfer::deadline_ms)
    }

    fn cancel(&mut self, cx: &mut Context) {
        if let Some(transfer) = self.transfer.take() {
            transfer.cancel(cx);
        }
    }
}
