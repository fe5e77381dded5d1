//! Loads `moov`: requests head and tail of the file at once, then the missing bytes and no others.

use mp4::ByteRange;
use mp4::locate::{self, LocateStep};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult};
use super::http::{Request, ResponseHead};
use super::partial_moov::{PartialMoov, total, without};
use super::transfer::Transfer;
use super::{BodyKind, limits};

/// The requests for `moov`, and the bytes that have come.
pub struct IndexLoader {
    /// Walks over the top-level boxes. It knows the file's length once `size` is known.
    boxes: locate::Locator,
    size: Option<u64>,
    /// The bytes that came before `moov` was found.
    extents: Vec<Extent>,
    moov: Option<PartialMoov>,
    transfers: Vec<IndexTransfer>,
    requests: u32,
}

/// Bytes of the file without a gap.
pub(super) struct Extent {
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

/// A request, and whether it is the one for the tail, which may turn out useless.
struct IndexTransfer {
    transfer: Transfer,
    is_tail: bool,
}

/// `moov` once it is complete.
pub(super) type MoovResult = PlaybackResult<Option<LoadedMoov>>;

/// `moov`, and what has come besides, where a fragmented film has its first and last fragments.
pub(super) struct LoadedMoov {
    /// Where in the file `moov` lies.
    pub(super) range: ByteRange,
    pub(super) bytes: Vec<u8>,
    /// Head and tail.
    pub(super) extents: Vec<Extent>,
}

impl IndexLoader {
    /// Requests head and tail.
    pub(super) fn start(cx: &mut Context) -> Self {
        let size = cx.file.size;
        let head_end = size.unwrap_or(u64::MAX).clamp(1, limits::HEAD_BYTES);
        let mut loader = Self {
            boxes: locate::Locator::new(size),
            size,
            extents: Vec::new(),
            moov: None,
            transfers: Vec::new(),
            requests: 0,
        };
        loader.request(cx, Request::Range(ByteRange { start: 0, end: head_end }), false);
        match size {
            None => loader.request(cx, Request::Suffix(limits::TAIL_BYTES), true),
            Some(size) if size > head_end => {
                let start = size.saturating_sub(limits::TAIL_BYTES).max(head_end);
                loader.request(cx, Request::Range(ByteRange { start, end: size }), true);
            }
            Some(_) => {}
        }
        loader
    }

    fn request(&mut self, cx: &mut Context, request: Request, is_tail: bool) {
        self.requests += 1;
        let transfer = Transfer::start(cx, request, BodyKind::Index);
        self.transfers.push(IndexTransfer { transfer, is_tail });
    }

    fn position(&self, fetch_id: u32) -> Option<usize> {
        self.transfers.iter().position(|one| one.transfer.has_id(fetch_id))
    }

    fn transfer(&mut self, fetch_id: u32) -> Option<&mut Transfer> {
        let mut transfers = self.transfers.iter_mut().map(|one| &mut one.transfer);
        transfers.find(|transfer| transfer.has_id(fetch_id))
    }

    /// Handles a response head.
    pub(super) fn on_head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> MoovResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(None) };
        match transfer.on_head(cx, head) {
            Ok(()) => {
                transfer.read(cx);
                self.advance(cx)
            }
            Err(cause) => self.on_failure(cx, fetch_id, cause),
        }
    }

    /// Handles the next bytes of a body.
    pub(super) fn on_bytes(&mut self, cx: &mut Context, fetch_id: u32, bytes: &[u8]) -> MoovResult {
        let Some(transfer) = self.transfer(fetch_id) else { return Ok(None) };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let accepted = transfer.on_bytes(cx, len);
        transfer.read(cx);
        self.store(accepted.at, accepted.of(bytes));
        self.finish_complete_transfers(cx);
        self.advance(cx)
    }

    /// Handles a request that failed, or whose body ended too early.
    pub(super) fn on_failure(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        cause: FaultCause,
    ) -> MoovResult {
        let Some(at) = self.position(fetch_id) else { return Ok(None) };
        let mut failed = self.transfers.swap_remove(at);
        // `moov` may lie at the head: a server that refuses the tail may still serve the film.
        let has_other =
            !self.transfers.is_empty() || !self.extents.is_empty() || self.moov.is_some();
        let is_refused = !matches!(cause, FaultCause::Network | FaultCause::FileChanged);
        if failed.is_tail && has_other && is_refused {
            return if self.extents.is_empty() { Ok(None) } else { self.advance(cx) };
        }
        match failed.transfer.on_failure(cx, &cause) {
            Ok(()) => {
                self.transfers.push(failed);
                Ok(None)
            }
            Err(_) => Err(failed.transfer.fault(cause)),
        }
    }

    /// Sends every request that waits for its next attempt.
    pub(super) fn retry_now(&mut self, cx: &mut Context) {
        for one in &mut self.transfers {
            one.transfer.retry_now(cx);
        }
    }

    /// Makes attempts that are due, and gives up responses that have stalled.
    pub(super) fn on_tick(&mut self, cx: &mut Context) -> MoovResult {
        for one in &mut self.transfers {
            if one.transfer.on_tick(cx).is_err() {
                return Err(one.transfer.fault(FaultCause::Network));
            }
        }
        Ok(None)
    }

    /// When [`Self::on_tick`] has something to do.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.transfers.iter().filter_map(|one| one.transfer.deadline_ms()).min()
    }

    /// Cancels all requests.
    pub(super) fn cancel(&mut self, cx: &mut Context) {
        for one in self.transfers.drain(..) {
            one.transfer.cancel(cx);
        }
    }

    fn store(&mut self, at: u64, bytes: &[u8]) {
        if let Some(moov) = self.moov.as_mut() {
            moov.fill(at, bytes);
        }
        let held: usize = self.extents.iter().map(|extent| extent.bytes.len()).sum();
        let is_full = held as u64 >= limits::HEAD_BYTES + limits::TAIL_BYTES;
        if bytes.is_empty() || self.moov.is_some() && is_full {
            return;
        }
        match self.extents.iter_mut().find(|extent| extent.end() == at) {
            Some(extent) => extent.bytes.extend_from_slice(bytes),
            None => self.extents.push(Extent { at, bytes: bytes.to_vec() }),
        }
    }

    fn finish_complete_transfers(&mut self, cx: &mut Context) {
        let (complete, open): (Vec<_>, _) =
            self.transfers.drain(..).partition(|one| one.transfer.is_complete());
        self.transfers = open;
        for one in complete {
            one.transfer.finish(cx);
        }
    }

    /// Goes as far as the bytes that have come allow: walks on, requests missing bytes, or returns
    /// `moov`.
    fn advance(&mut self, cx: &mut Context) -> MoovResult {
        if let Some(size) = cx.file.size {
            self.size = Some(size);
            self.boxes.set_file_size(size);
        }
        let mut fed = None;
        while self.moov.is_none() {
            match self.boxes.next().map_err(|error| self.fault(FaultCause::BadFile(error)))? {
                LocateStep::Moov(range) => self.open_moov(range)?,
                LocateStep::Need(need) => {
                    // Bytes after which the walk still stands here are not fed again.
                    if fed == Some(need.start) || !self.feed(need.start) {
                        return self.request_boxes(cx, need).map(|()| None);
                    }
                    fed = Some(need.start);
                }
            }
        }
        self.complete_moov(cx)
    }

    const fn fault(&self, cause: FaultCause) -> PlaybackFault {
        PlaybackFault { cause, location: FaultLocation::Structure { size: self.size } }
    }

    /// Feeds the walk with the bytes from `at` on; returns whether there are any.
    fn feed(&mut self, at: u64) -> bool {
        let bytes = self.extents.iter().find_map(|extent| extent.from(at));
        if let Some(bytes) = bytes {
            self.boxes.feed(at, bytes);
        }
        bytes.is_some()
    }

    /// Requests the bytes at the start of `need`, unless a request for them is under way.
    fn request_boxes(&mut self, cx: &mut Context, need: ByteRange) -> PlaybackResult {
        let size = self.size;
        let extent = self.extents.iter().find(|extent| extent.from(need.start).is_some());
        let start = extent.map_or(need.start, Extent::end);
        let expected = self.transfers.iter().filter_map(|one| one.transfer.remaining_range(size));
        let known: Vec<ByteRange> =
            expected.chain(self.extents.iter().map(Extent::range)).collect();
        if known.iter().any(|range| range.start <= start && start < range.end) {
            return Ok(());
        }
        self.check_request_count()?;
        // If the tail is near, the bytes missing in front of it are the front of `moov`.
        let next = known.iter().map(|range| range.start).filter(|next| *next > start).min();
        let near = next.filter(|next| next - start <= limits::GAP_BYTES_MAX);
        let end = near.unwrap_or(start.saturating_add(limits::NEED_BYTES));
        let end = size.map_or(end, |size| end.min(size)).max(start + 1);
        self.request(cx, Request::Range(ByteRange { start, end }), false);
        Ok(())
    }

    fn check_request_count(&self) -> PlaybackResult {
        if self.requests < limits::INDEX_REQUESTS_MAX {
            return Ok(());
        }
        Err(self.fault(FaultCause::IndexNotFound { requests: limits::INDEX_REQUESTS_MAX }))
    }

    fn open_moov(&mut self, range: ByteRange) -> PlaybackResult {
        if range.len() > limits::MOOV_BYTES_MAX {
            let max = limits::MOOV_BYTES_MAX;
            return Err(self.fault(FaultCause::IndexTooLarge { bytes: range.len(), max }));
        }
        let len = usize::try_from(range.len()).unwrap_or_default();
        let mut moov = PartialMoov { range, bytes: vec![0; len], missing: vec![range] };
        for extent in &self.extents {
            moov.fill(extent.at, &extent.bytes);
        }
        self.moov = Some(moov);
        Ok(())
    }

    /// Returns `moov` if it is complete. Else requests the bytes of it that no request under way
    /// has, and cancels requests that have none of it.
    fn complete_moov(&mut self, cx: &mut Context) -> MoovResult {
        let Some(moov) = self.moov.as_mut() else { return Ok(None) };
        if moov.missing.is_empty() {
            // Its first fragment lies in the head, and what tells its length in the tail.
            let is_fragmented = moov.bytes.windows(4).any(|four| four == b"mvex");
            if is_fragmented && !self.transfers.is_empty() {
                return Ok(None);
            }
            let (range, bytes) = (moov.range, std::mem::take(&mut moov.bytes));
            let extents = std::mem::take(&mut self.extents);
            self.cancel(cx);
            return Ok(Some(LoadedMoov { range, bytes, extents }));
        }
        let mut missing = moov.missing.clone();
        let size = self.size;
        self.transfers.retain(|one| {
            let expected = one.transfer.remaining_range(size);
            let before = total(&missing);
            if let Some(range) = expected {
                missing = without(&missing, range);
            }
            let is_useful = expected.is_none() || total(&missing) < before;
            if !is_useful {
                one.transfer.cancel(cx);
            }
            is_useful
        });
        for range in missing {
            self.check_request_count()?;
            self.request(cx, Request::Range(range), false);
        }
        Ok(None)
    }
}

impl Extent {
    /// The bytes from `at` on, at most [`limits::WALK_BYTES`] of them.
    fn from(&self, at: u64) -> Option<&[u8]> {
        let from = usize::try_from(at.checked_sub(self.at)?).ok()?;
        let rest = self.bytes.get(from..).filter(|rest| !rest.is_empty())?;
        rest.get(..limits::WALK_BYTES).or(Some(rest))
    }

    fn range(&self) -> ByteRange {
        ByteRange { start: self.at, end: self.end() }
    }

    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_requests_of_the_worker_are_those_of_the_index_loader() {
        let script = include_str!("../../web/worker/requests.js");
        assert!(script.contains(&format!("HEAD_BYTES = {};", limits::HEAD_BYTES)));
        assert!(script.contains(&format!("TAIL_BYTES = {};", limits::TAIL_BYTES)));
        assert!(script.contains(&format!("${{api}}{}$", api::paths::STREAM)));
    }
}
