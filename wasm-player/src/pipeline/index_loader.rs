//! Loads `moov`: requests head and tail of the file at once, then the missing bytes and no others.

use mp4::ByteRange;
use mp4::locate::{self, LocateStep};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult};
use super::http::{Request, ResponseHead};
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
struct Extent {
    at: u64,
    bytes: Vec<u8>,
}

/// `moov` once its range is known.
struct PartialMoov {
    range: ByteRange,
    /// As long as `range`; zero where bytes are missing.
    bytes: Vec<u8>,
    missing: Vec<ByteRange>,
}

/// A request, and whether it is the one for the tail, which may turn out useless.
struct IndexTransfer {
    transfer: Transfer,
    is_tail: bool,
}

/// The range of `moov` in the file and its bytes, once they are complete.
pub(super) type MoovResult = PlaybackResult<Option<(ByteRange, Vec<u8>)>>;

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
            return moov.fill(at, bytes);
        }
        if bytes.is_empty() {
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
        for extent in self.extents.drain(..) {
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
            let complete = (moov.range, std::mem::take(&mut moov.bytes));
            self.cancel(cx);
            return Ok(Some(complete));
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

fn total(ranges: &[ByteRange]) -> u64 {
    ranges.iter().map(ByteRange::len).sum()
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

impl PartialMoov {
    /// Copies the part of `bytes` that lies in `moov`.
    fn fill(&mut self, at: u64, bytes: &[u8]) {
        let piece = ByteRange { start: at, end: at + bytes.len() as u64 };
        let both = ByteRange {
            start: piece.start.max(self.range.start),
            end: piece.end.min(self.range.end),
        };
        if both.start >= both.end {
            return;
        }
        let within = |origin: u64| {
            let from = usize::try_from(both.start - origin).unwrap_or(usize::MAX);
            from..from.saturating_add(usize::try_from(both.len()).unwrap_or(usize::MAX))
        };
        let target = self.bytes.get_mut(within(self.range.start));
        if let Some((target, source)) = target.zip(bytes.get(within(at))) {
            target.copy_from_slice(source);
            self.missing = without(&self.missing, both);
        }
    }
}

/// The parts of `ranges` that lie outside `cut`.
fn without(ranges: &[ByteRange], cut: ByteRange) -> Vec<ByteRange> {
    let parts = ranges.iter().flat_map(|range| {
        [
            ByteRange { start: range.start, end: range.end.min(cut.start).max(range.start) },
            ByteRange { start: range.start.max(cut.end).min(range.end), end: range.end },
        ]
    });
    parts.filter(|part| part.start < part.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange { start, end }
    }

    #[test]
    fn first_requests_of_the_worker_are_those_of_the_index_loader() {
        let script = include_str!("../../web/worker/requests.js");
        assert!(script.contains(&format!("HEAD_BYTES = {};", limits::HEAD_BYTES)));
        assert!(script.contains(&format!("TAIL_BYTES = {};", limits::TAIL_BYTES)));
        assert!(script.contains(&format!("${{api}}{}$", api::paths::STREAM)));
    }

    #[test]
    fn ranges_without_a_cut_are_the_parts_outside_it() {
        let all = [range(10, 20)];
        assert_eq!(without(&all, range(12, 15)), [range(10, 12), range(15, 20)]);
        assert_eq!(without(&all, range(0, 15)), [range(15, 20)]);
        assert_eq!(without(&all, range(15, 99)), [range(10, 15)]);
        assert_eq!(without(&all, range(0, 99)), []);
        assert_eq!(without(&all, range(0, 10)), [range(10, 20)]);
        assert_eq!(without(&all, range(20, 30)), [range(10, 20)]);
    }
}
