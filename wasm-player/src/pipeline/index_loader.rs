//! Finding the index: head and tail at once, then whatever of `moov` is missing, and no more.

use mp4::ByteRange;
use mp4::locate::{LocateStep, Locator};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, Remedy};
use super::http::{Request, ResponseHead};
use super::transfer::Transfer;
use super::{BodyKind, limits};

/// The search for `moov`.
pub struct IndexLoader {
    /// Knows how long the file is if `size` does.
    locator: Locator,
    size: Option<u64>,
    /// Bytes from before it was known where `moov` lies, each piece gapless.
    kept: Vec<Kept>,
    moov: Option<Moov>,
    transfers: Vec<Guess>,
    requests: u32,
}

struct Kept {
    at: u64,
    bytes: Vec<u8>,
}

struct Moov {
    range: ByteRange,
    bytes: Vec<u8>,
    missing: Vec<ByteRange>,
}

/// A request, and whether it was made in the hope that it would be of use.
struct Guess {
    transfer: Transfer,
    is_tail: bool,
}

/// What became of a step: `moov`, once it is there, and its place in the file.
pub(super) type PlaybackResult = Result<Option<(ByteRange, Vec<u8>)>, PlaybackFault>;

impl IndexLoader {
    /// Makes the first two requests.
    pub(super) fn start(cx: &mut Context) -> Self {
        let size = cx.file.size;
        let head_end = size.unwrap_or(u64::MAX).clamp(1, limits::HEAD_BYTES);
        let mut finder = Self {
            locator: Locator::new(size),
            size,
            kept: Vec::new(),
            moov: None,
            transfers: Vec::new(),
            requests: 0,
        };
        finder.request(cx, Request::Range(ByteRange { start: 0, end: head_end }), false);
        match size {
            None => finder.request(cx, Request::Suffix(limits::TAIL_BYTES), true),
            Some(size) if size > head_end => {
                let start = size.saturating_sub(limits::TAIL_BYTES).max(head_end);
                finder.request(cx, Request::Range(ByteRange { start, end: size }), true);
            }
            Some(_) => {}
        }
        finder
    }

    fn request(&mut self, cx: &mut Context, request: Request, is_tail: bool) {
        self.requests += 1;
        let transfer = Transfer::start(cx, request, BodyKind::Index);
        self.transfers.push(Guess { transfer, is_tail });
    }

    fn position(&self, fetch_id: u32) -> Option<usize> {
        self.transfers.iter().position(|guess| guess.transfer.is(fetch_id))
    }

    /// Takes the head of an answer.
    pub(super) fn head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> PlaybackResult {
        let Some(guess) = self.guess(fetch_id) else { return Ok(None) };
        match guess.transfer.head(cx, head) {
            Ok(()) => {
                guess.transfer.read(cx);
                self.advance(cx)
            }
            Err(cause) => self.broke(cx, fetch_id, cause),
        }
    }

    fn guess(&mut self, fetch_id: u32) -> Option<&mut Guess> {
        self.transfers.iter_mut().find(|guess| guess.transfer.is(fetch_id))
    }

    /// Takes bytes.
    pub(super) fn bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        bytes: &[u8],
    ) -> PlaybackResult {
        let Some(guess) = self.guess(fetch_id) else { return Ok(None) };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let taken = guess.transfer.bytes(cx, len);
        let (skip, len) = (taken.skip as usize, taken.len as usize);
        guess.transfer.read(cx);
        self.keep(taken.at, bytes.get(skip..skip.saturating_add(len)).unwrap_or_default());
        self.retire(cx);
        self.advance(cx)
    }

    /// Takes the end of a body, or of a connection.
    pub(super) fn ended(&mut self, cx: &mut Context, fetch_id: u32) -> PlaybackResult {
        self.broke(cx, fetch_id, FaultCause::Network)
    }

    fn broke(&mut self, cx: &mut Context, fetch_id: u32, cause: FaultCause) -> PlaybackResult {
        let Some(at) = self.position(fetch_id) else { return Ok(None) };
        let mut guess = self.transfers.swap_remove(at);
        // The tail is a guess: a server that does not answer it may still serve the file.
        let has_more = !self.transfers.is_empty() || !self.kept.is_empty() || self.moov.is_some();
        if guess.is_tail
            && has_more
            && !matches!(cause, FaultCause::Network | FaultCause::FileChanged)
        {
            return if self.kept.is_empty() { Ok(None) } else { self.advance(cx) };
        }
        match guess.transfer.broke(cx, &cause) {
            Ok(()) => {
                self.transfers.push(guess);
                Ok(None)
            }
            Err(_) => Err(guess.transfer.fault(cause)),
        }
    }

    /// Makes every request that waits, at once.
    pub(super) fn go_on(&mut self, cx: &mut Context) {
        for guess in &mut self.transfers {
            guess.transfer.go_on(cx);
        }
    }

    /// Looks at the time.
    pub(super) fn tick(&mut self, cx: &mut Context) -> PlaybackResult {
        for guess in &mut self.transfers {
            let outcome: Result<(), Remedy> = guess.transfer.tick(cx);
            if outcome.is_err() {
                return Err(guess.transfer.fault(FaultCause::Network));
            }
        }
        Ok(None)
    }

    /// When to look again.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.transfers.iter().filter_map(|guess| guess.transfer.deadline_ms()).min()
    }

    /// Stops everything.
    pub(super) fn cancel(&mut self, cx: &mut Context) {
        for guess in self.transfers.drain(..) {
            guess.transfer.cancel(cx);
        }
    }

    fn keep(&mut self, at: u64, bytes: &[u8]) {
        if let Some(moov) = self.moov.as_mut() {
            return moov.fill(at, bytes);
        }
        if bytes.is_empty() {
            return;
        }
        match self.kept.iter_mut().find(|kept| kept.end() == at) {
            Some(kept) => kept.bytes.extend_from_slice(bytes),
            None => self.kept.push(Kept { at, bytes: bytes.to_vec() }),
        }
    }

    fn retire(&mut self, cx: &mut Context) {
        let (done, open) = self.transfers.drain(..).partition(|guess| guess.transfer.is_complete());
        self.transfers = open;
        let done: Vec<Guess> = done;
        for guess in done {
            guess.transfer.finish(cx);
        }
    }

    /// Does what the bytes at hand allow: reads on, asks for more, or is done.
    fn advance(&mut self, cx: &mut Context) -> PlaybackResult {
        if let Some(size) = cx.file.size {
            self.size = Some(size);
            self.locator.set_file_size(size);
        }
        let mut fed = None;
        while self.moov.is_none() {
            match self.locator.next().map_err(|error| self.bad(FaultCause::BadFile(error)))? {
                LocateStep::Moov(range) => self.open_moov(range)?,
                LocateStep::Need(need) => {
                    // Bytes that brought the walk no further are not fed twice.
                    if fed == Some(need.start) || !self.feed(need.start) {
                        return self.ask(cx, need).map(|()| None);
                    }
                    fed = Some(need.start);
                }
            }
        }
        self.complete(cx)
    }

    const fn bad(&self, cause: FaultCause) -> PlaybackFault {
        PlaybackFault { cause, location: FaultLocation::Structure { size: self.size } }
    }

    /// Feeds what is held from `at` on; whether anything is.
    fn feed(&mut self, at: u64) -> bool {
        let held = self.kept.iter().find_map(|kept| kept.from(at));
        if let Some(bytes) = held {
            self.locator.feed(at, bytes);
        }
        held.is_some()
    }

    /// Asks for bytes that no request on its way will bring.
    fn ask(&mut self, cx: &mut Context, need: ByteRange) -> Result<(), PlaybackFault> {
        let size = self.size;
        let held = self.kept.iter().find(|kept| kept.from(need.start).is_some());
        let start = held.map_or(need.start, Kept::end);
        let coming = self.transfers.iter().filter_map(|guess| guess.transfer.wanted(size));
        let known: Vec<ByteRange> = coming.chain(self.kept.iter().map(Kept::range)).collect();
        if known.iter().any(|range| range.start <= start && start < range.end) {
            return Ok(());
        }
        self.cap()?;
        // Up to the tail, where that is near: what is missing there is the front of `moov`.
        let next = known.iter().map(|range| range.start).filter(|next| *next > start).min();
        let near = next.filter(|next| next - start <= limits::GAP_BYTES_MAX);
        let end = near.unwrap_or(start.saturating_add(limits::NEED_BYTES));
        let end = size.map_or(end, |size| end.min(size)).max(start + 1);
        self.request(cx, Request::Range(ByteRange { start, end }), false);
        Ok(())
    }

    fn cap(&self) -> Result<(), PlaybackFault> {
        if self.requests < limits::INDEX_REQUESTS_MAX {
            return Ok(());
        }
        Err(self.bad(FaultCause::IndexNotFound { requests: limits::INDEX_REQUESTS_MAX }))
    }

    fn open_moov(&mut self, range: ByteRange) -> Result<(), PlaybackFault> {
        if range.len() > limits::MOOV_BYTES_MAX {
            let max = limits::MOOV_BYTES_MAX;
            return Err(self.bad(FaultCause::IndexTooLarge { bytes: range.len(), max }));
        }
        let len = usize::try_from(range.len()).unwrap_or_default();
        let mut moov = Moov { range, bytes: vec![0; len], missing: vec![range] };
        for kept in self.kept.drain(..) {
            moov.fill(kept.at, &kept.bytes);
        }
        self.moov = Some(moov);
        Ok(())
    }

    /// With `moov` placed: asks for what of it nobody brings, cancels what brings nothing of it.
    fn complete(&mut self, cx: &mut Context) -> PlaybackResult {
        let Some(moov) = self.moov.as_mut() else { return Ok(None) };
        if moov.missing.is_empty() {
            let found = (moov.range, std::mem::take(&mut moov.bytes));
            self.cancel(cx);
            return Ok(Some(found));
        }
        let mut missing = moov.missing.clone();
        let size = self.size;
        self.transfers.retain(|guess| {
            let coming = guess.transfer.wanted(size);
            let before = total(&missing);
            if let Some(range) = coming {
                missing = without(&missing, range);
            }
            let useful = coming.is_none() || total(&missing) < before;
            if !useful {
                guess.transfer.cancel(cx);
            }
            useful
        });
        for range in missing {
            self.cap()?;
            self.request(cx, Request::Range(range), false);
        }
        Ok(None)
    }
}

fn total(ranges: &[ByteRange]) -> u64 {
    ranges.iter().map(ByteRange::len).sum()
}

impl Kept {
    /// What is held from `at` on; at most as much as a walk over box headers has use for.
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

impl Moov {
    /// Copies what of `bytes` lies in `moov`.
    fn fill(&mut self, at: u64, bytes: &[u8]) {
        let piece = ByteRange { start: at, end: at + bytes.len() as u64 };
        let both = ByteRange {
            start: piece.start.max(self.range.start),
            end: piece.end.min(self.range.end),
        };
        if both.start >= both.end {
            return;
        }
        let place = |origin: u64| {
            let from = usize::try_from(both.start - origin).unwrap_or(usize::MAX);
            from..from.saturating_add(usize::try_from(both.len()).unwrap_or(usize::MAX))
        };
        let target = self.bytes.get_mut(place(self.range.start));
        if let Some((target, source)) = target.zip(bytes.get(place(at))) {
            target.copy_from_slice(source);
            self.missing = without(&self.missing, both);
        }
    }
}

/// What of `ranges` lies outside `cut`.
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
    fn the_worker_makes_the_same_first_requests_before_this_is_there() {
        let requests = include_str!("../../web/worker/requests.js");
        assert!(requests.contains(&format!("HEAD_BYTES = {};", limits::HEAD_BYTES)));
        assert!(requests.contains(&format!("TAIL_BYTES = {};", limits::TAIL_BYTES)));
        assert!(requests.contains(&format!("${{api}}{}$", api::paths::STREAM)));
    }

    #[test]
    fn a_cut_leaves_what_is_outside() {
        let all = [range(10, 20)];
        assert_eq!(without(&all, range(12, 15)), [range(10, 12), range(15, 20)]);
        assert_eq!(without(&all, range(0, 15)), [range(15, 20)]);
        assert_eq!(without(&all, range(15, 99)), [range(10, 15)]);
        assert_eq!(without(&all, range(0, 99)), []);
        assert_eq!(without(&all, range(0, 10)), [range(10, 20)]);
        assert_eq!(without(&all, range(20, 30)), [range(10, 20)]);
    }
}
