//! What the guide does not know yet is asked for: of a fragmented film's samples, or more headers.

use mp4::plan::PlanTarget;

use super::Purpose;
use super::context::Context;
use super::fault::{Cause, Fault, Place};
use super::guide::{Guide, Open, in_index};
use super::http::Ask;
use super::limits;
use super::loader::{Loader, Missing, Outcome};
use super::transfer::Transfer;

impl<G: Guide> Loader<G> {
    /// Whether `wanted` cannot be planned yet; what it lacks is asked for.
    pub(super) fn lacks(&mut self, cx: &mut Context, wanted: PlanTarget) -> Result<bool, Fault> {
        if self.missing.is_some() {
            return Ok(true);
        }
        let Some(asked) = self.guide.need(wanted).map_err(in_index)? else { return Ok(false) };
        let purpose = if matches!(asked, Ask::Start(_)) { Purpose::Media } else { Purpose::Index };
        let transfer = Transfer::start(cx, asked, purpose);
        self.missing = Some(Missing { transfer, asked, bytes: Vec::new(), wanted });
        Ok(true)
    }

    /// Takes bytes that tell of fragments, or headers.
    pub(super) fn index_bytes(&mut self, cx: &mut Context, fetch: u32, bytes: &[u8]) -> Outcome {
        let Some(missing) = self.missing.as_mut().filter(|m| m.transfer.is(fetch)) else {
            return Ok(());
        };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let taken = missing.transfer.bytes(cx, len);
        let (skip, len) = (taken.skip as usize, taken.len as usize);
        let part = bytes.get(skip..skip.saturating_add(len)).unwrap_or_default();
        missing.bytes.extend_from_slice(part);
        if matches!(missing.asked, Ask::Headers(_))
            && missing.bytes.len() > limits::HEADERS_BYTES_MAX
        {
            return Err(Fault { cause: Cause::OddAnswer, place: Place::Index });
        }
        if !missing.transfer.is_complete() {
            missing.transfer.read(cx);
            return Ok(());
        }
        let Some(missing) = self.missing.take() else { return Ok(()) };
        missing.transfer.finish(cx);
        self.take(cx, missing.asked, &missing.bytes, missing.wanted)
    }

    /// Takes the end of an answer's body: headers are whole then, and all else is cut.
    pub(super) fn ended(&mut self, cx: &mut Context, fetch: u32) -> Outcome {
        let whole = |m: &mut Missing| m.transfer.is(fetch) && matches!(m.asked, Ask::Headers(_));
        match self.missing.take_if(whole) {
            Some(missing) => self.take(cx, missing.asked, &missing.bytes, missing.wanted),
            None => self.broke(cx, fetch, Cause::Network),
        }
    }

    /// Takes the boxes of a start, behind which so many bytes of the film come.
    pub(super) fn started(
        &mut self,
        cx: &mut Context,
        fetch: u32,
        boxes: &[u8],
        bytes: u64,
    ) -> Outcome {
        let Some(missing) = self.missing.take_if(|m| m.transfer.is(fetch)) else { return Ok(()) };
        self.open = Some(Open { transfer: missing.transfer, bytes });
        self.take(cx, missing.asked, boxes, missing.wanted)
    }

    fn take(&mut self, cx: &mut Context, asked: Ask, bytes: &[u8], wanted: PlanTarget) -> Outcome {
        self.guide.feed(asked, bytes).map_err(in_index)?;
        match wanted {
            PlanTarget::Time(time_ms) => self.begin(cx, time_ms),
            PlanTarget::Window(_) => self.pump(cx),
        }
    }
}
