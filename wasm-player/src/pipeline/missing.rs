//! A fragmented film tells of its samples piece by piece: what is not known yet is asked for.

use mp4::ByteRange;
use mp4::plan::{self, Wanted};

use super::Purpose;
use super::context::Context;
use super::fault::Fault;
use super::http::RequestRange;
use super::loader::{Loader, Outcome, in_index};
use super::transfer::Transfer;

/// Bytes that must be known before playback goes on.
pub(super) struct Missing {
    pub(super) transfer: Transfer,
    range: ByteRange,
    bytes: Vec<u8>,
    wanted: Wanted,
}

impl Loader {
    /// Whether `wanted` cannot be planned yet; what it lacks is asked for.
    pub(super) fn lacks(&mut self, cx: &mut Context, wanted: Wanted) -> Result<bool, Fault> {
        if self.missing.is_some() {
            return Ok(true);
        }
        let need = plan::need(&self.index, self.selection, wanted).map_err(in_index)?;
        let Some(range) = need else { return Ok(false) };
        let transfer = Transfer::start(cx, RequestRange::Closed(range), Purpose::Index);
        self.missing = Some(Missing { transfer, range, bytes: Vec::new(), wanted });
        Ok(true)
    }

    /// Takes bytes that tell of fragments.
    pub(super) fn index_bytes(&mut self, cx: &mut Context, fetch: u32, bytes: &[u8]) -> Outcome {
        let Some(missing) = self.missing.as_mut().filter(|m| m.transfer.is(fetch)) else {
            return Ok(());
        };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let taken = missing.transfer.bytes(cx, len);
        let (skip, len) = (taken.skip as usize, taken.len as usize);
        let part = bytes.get(skip..skip.saturating_add(len)).unwrap_or_default();
        missing.bytes.extend_from_slice(part);
        if !missing.transfer.is_complete() {
            missing.transfer.read(cx);
            return Ok(());
        }
        let Some(missing) = self.missing.take() else { return Ok(()) };
        missing.transfer.finish(cx);
        self.index.feed(missing.range.start, &missing.bytes).map_err(in_index)?;
        match missing.wanted {
            Wanted::Time(time_ms) => self.begin(cx, time_ms),
            Wanted::Window(_) => self.pump(cx),
        }
    }
}
