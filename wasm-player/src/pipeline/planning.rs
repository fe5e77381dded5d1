//! What the guide does not know yet is asked for: of a fragmented film's samples, or more headers.

use mp4::plan::PlanTarget;

use super::BodyKind;
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::Request;
use super::limits;
use super::loader::{Loader, PlanRequest, PlaybackResult};
use super::transfer::Transfer;
use super::window_source::{OpenStart, WindowSource, in_index};

impl<G: WindowSource> Loader<G> {
    /// Whether `wanted` cannot be planned yet; what it lacks is asked for.
    pub(super) fn lacks(
        &mut self,
        cx: &mut Context,
        wanted: PlanTarget,
    ) -> Result<bool, PlaybackFault> {
        if self.missing.is_some() {
            return Ok(true);
        }
        let Some(request) = self.source.need(wanted).map_err(in_index)? else { return Ok(false) };
        let body_kind =
            if matches!(request, Request::Start(_)) { BodyKind::Media } else { BodyKind::Index };
        let transfer = Transfer::start(cx, request, body_kind);
        self.missing = Some(PlanRequest { transfer, request, bytes: Vec::new(), wanted });
        Ok(true)
    }

    /// Takes bytes that tell of fragments, or headers.
    pub(super) fn index_bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        bytes: &[u8],
    ) -> PlaybackResult {
        let Some(missing) = self.missing.as_mut().filter(|m| m.transfer.is(fetch_id)) else {
            return Ok(());
        };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let taken = missing.transfer.bytes(cx, len);
        let (skip, len) = (taken.skip as usize, taken.len as usize);
        let part = bytes.get(skip..skip.saturating_add(len)).unwrap_or_default();
        missing.bytes.extend_from_slice(part);
        if matches!(missing.request, Request::Headers(_))
            && missing.bytes.len() > limits::HEADERS_BYTES_MAX
        {
            return Err(PlaybackFault {
                cause: FaultCause::UnexpectedResponse,
                location: FaultLocation::Index,
            });
        }
        if !missing.transfer.is_complete() {
            missing.transfer.read(cx);
            return Ok(());
        }
        let Some(missing) = self.missing.take() else { return Ok(()) };
        missing.transfer.finish(cx);
        self.take(cx, missing.request, &missing.bytes, missing.wanted)
    }

    /// Takes the end of an answer's body: headers are whole then, and all else is cut.
    pub(super) fn ended(&mut self, cx: &mut Context, fetch_id: u32) -> PlaybackResult {
        let whole = |m: &mut PlanRequest| {
            m.transfer.is(fetch_id) && matches!(m.request, Request::Headers(_))
        };
        match self.missing.take_if(whole) {
            Some(missing) => self.take(cx, missing.request, &missing.bytes, missing.wanted),
            None => self.broke(cx, fetch_id, FaultCause::Network),
        }
    }

    /// Takes the boxes of a start, behind which so many bytes of the film come.
    pub(super) fn started(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        boxes: &[u8],
        bytes: u64,
    ) -> PlaybackResult {
        let Some(missing) = self.missing.take_if(|m| m.transfer.is(fetch_id)) else {
            return Ok(());
        };
        self.open = Some(OpenStart { transfer: missing.transfer, bytes });
        self.take(cx, missing.request, boxes, missing.wanted)
    }

    fn take(
        &mut self,
        cx: &mut Context,
        request: Request,
        bytes: &[u8],
        wanted: PlanTarget,
    ) -> PlaybackResult {
        self.source.feed(request, bytes).map_err(in_index)?;
        match wanted {
            PlanTarget::Time(time_ms) => self.begin(cx, time_ms),
            PlanTarget::Window(_) => self.pump(cx),
        }
    }
}
