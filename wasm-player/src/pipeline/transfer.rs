//! One request through retries, short responses and a new URL, until its last byte has come.

use mp4::ByteRange;

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, Remedy};
use super::http::{BodyKind, Request, ResponseHead};
use super::{Effect, limits};

/// A request and its response. After a failure it makes a new request for the missing bytes.
#[derive(Debug)]
pub(super) struct Transfer {
    fetch_id: u32,
    body_kind: BodyKind,
    request: Request,
    /// Which bytes of the file are still to come; `None` while their offsets are unknown.
    remaining: Option<ByteRange>,
    /// Offset in the file of the body's next byte.
    body_at: u64,
    /// Offset in the file where the body ends. A response may have less than the requested range
    /// (RFC 9110 §15.3.7).
    body_end: u64,
    state: TransferState,
    /// Whether the response has the whole file.
    is_whole_file: bool,
    /// Failures in a row without a byte between them.
    tries: u32,
    retry_after_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TransferState {
    /// The request was sent; its response head has not come.
    AwaitingHead { since_ms: u64 },
    /// The head has come; the next piece of the body is not yet requested from the driver.
    Paused,
    /// The next piece of the body is requested from the driver.
    Reading { since_ms: u64 },
    /// No request is out. The next one is sent at `until_ms`, or when the network or the URL
    /// changes.
    Waiting { until_ms: Option<u64> },
}

/// The part of a piece that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AcceptedBytes {
    /// Bytes of the piece in front of the part.
    pub(super) skip: u32,
    /// Length of the part in bytes.
    pub(super) len: u32,
    /// Offset of the part in the file.
    pub(super) at: u64,
}

impl AcceptedBytes {
    /// The part itself, of the `piece` that it belongs to.
    pub(super) fn of<'a>(&self, piece: &'a [u8]) -> &'a [u8] {
        let (skip, len) = (self.skip as usize, self.len as usize);
        piece.get(skip..skip.saturating_add(len)).unwrap_or_default()
    }
}

impl Transfer {
    /// Sends the request.
    pub(super) fn start(cx: &mut Context, request: Request, body_kind: BodyKind) -> Self {
        let remaining = match request {
            Request::Range(range) => Some(range),
            Request::Suffix(_) | Request::Start(_) | Request::Headers(_) => None,
        };
        let mut transfer = Self {
            fetch_id: 0,
            body_kind,
            request,
            remaining,
            body_at: 0,
            body_end: u64::MAX,
            state: TransferState::Waiting { until_ms: None },
            is_whole_file: false,
            tries: 0,
            retry_after_ms: 0,
        };
        transfer.send(cx);
        transfer
    }

    fn send(&mut self, cx: &mut Context) {
        self.fetch_id = cx.next_fetch_id();
        self.retry_after_ms = 0;
        self.state = TransferState::AwaitingHead { since_ms: cx.now_ms };
        let request = self.remaining.map_or(self.request, Request::Range);
        cx.emit(Effect::Fetch { fetch_id: self.fetch_id, request, body_kind: self.body_kind });
    }

    /// Whether an input for `fetch_id` concerns this transfer. An earlier request of it does not.
    pub(super) fn has_id(&self, fetch_id: u32) -> bool {
        self.fetch_id == fetch_id && !matches!(self.state, TransferState::Waiting { .. })
    }

    /// Whether the last byte has come.
    pub(super) fn is_complete(&self) -> bool {
        self.remaining.is_some_and(|range| range.is_empty())
    }

    /// How many bytes are still to come; `u64::MAX` while that is unknown.
    pub(super) fn remaining_bytes(&self) -> u64 {
        self.remaining.map_or(u64::MAX, |range| range.len())
    }

    /// Which bytes are still to come, if their offsets are known or follow from the file's length.
    pub(super) fn remaining_range(&self, file_size: Option<u64>) -> Option<ByteRange> {
        self.remaining.or(match (self.request, file_size) {
            (Request::Suffix(n), Some(size)) => {
                Some(ByteRange { start: size.saturating_sub(n), end: size })
            }
            (Request::Suffix(_), None)
            | (Request::Range(_) | Request::Start(_) | Request::Headers(_), _) => None,
        })
    }

    /// Requests the next piece of the body from the driver, unless that is done.
    pub(super) fn read(&mut self, cx: &mut Context) {
        if self.state == TransferState::Paused {
            self.state = TransferState::Reading { since_ms: cx.now_ms };
            cx.emit(Effect::Read { fetch_id: self.fetch_id });
        }
    }

    /// Handles the response head; cancels the request if the response is unusable.
    pub(super) fn on_head(
        &mut self,
        cx: &mut Context,
        head: &ResponseHead,
    ) -> Result<(), FaultCause> {
        let accepted = self.accept(cx, head);
        if accepted.is_err() {
            self.cancel(cx);
        }
        accepted
    }

    fn accept(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        self.is_whole_file = head.status == 200;
        self.retry_after_ms = head.retry_after_ms.unwrap_or(0).min(limits::RETRY_AFTER_MS_MAX);
        let is_generated = self.remaining.is_none()
            && matches!(self.request, Request::Start(_) | Request::Headers(_));
        match head.status {
            200 if is_generated => self.is_whole_file = false,
            // A source id names one version of a film: a 404 after a 200 means that it was replaced.
            404 if is_generated && cx.was_answered => return Err(FaultCause::FileChanged),
            206 => {
                cx.file.update(head)?;
                self.accept_partial(cx, head)?;
            }
            200 => self.accept_whole(cx, head)?,
            416 => {
                cx.file.update(head)?;
                return Err(self.unsatisfiable(cx, head));
            }
            status => return Err(FaultCause::Status(status)),
        }
        self.state = TransferState::Paused;
        if is_generated && matches!(self.request, Request::Start(_)) {
            // The driver delivers the boxes in front of the media bytes without a read.
            self.state = TransferState::Reading { since_ms: cx.now_ms };
        }
        cx.was_answered = true;
        Ok(())
    }

    /// The cause behind a status 416.
    fn unsatisfiable(&self, cx: &Context, head: &ResponseHead) -> FaultCause {
        let is_empty = head.content_range.is_some_and(|range| range.total == Some(0));
        match cx.file.size {
            _ if is_empty => FaultCause::EmptyFile,
            // The range lies in the file as it was.
            Some(_) if cx.was_answered && self.remaining.is_some() => FaultCause::FileChanged,
            Some(_) | None => FaultCause::Status(416),
        }
    }

    fn accept_partial(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        let got = head.content_range.and_then(|range| range.range);
        let size = &mut cx.file.size;
        let (start, end) = match (self.remaining, got) {
            (Some(remaining), Some(got)) if got.start != remaining.start => {
                return Err(FaultCause::UnexpectedResponse);
            }
            (None, None) => return Err(FaultCause::UnexpectedResponse),
            (None, Some(got)) => {
                self.body_end = got.end;
                (got.start, size.unwrap_or(got.end))
            }
            (Some(remaining), Some(got)) => {
                self.body_end = got.end;
                (remaining.start, remaining.end)
            }
            // Another origin may hide `Content-Range`. Unless the file's length is known, a body
            // shorter than the requested range then means that the file ends there.
            (Some(remaining), None) => {
                let end = |n| remaining.start.saturating_add(n);
                self.body_end = head.length.map_or(remaining.end, end);
                if self.body_end < remaining.end {
                    *size = size.or(Some(self.body_end));
                }
                (remaining.start, remaining.end)
            }
        };
        self.remaining = Some(ByteRange { start, end: size.map_or(end, |size| size.min(end)) });
        self.body_at = start;
        Ok(())
    }

    /// Handles a response with the whole file in place of a range: a short file is read through.
    fn accept_whole(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        let short = head.length.filter(|n| *n <= limits::SKIP_BYTES_MAX);
        let total = short.ok_or(FaultCause::NoRanges)?;
        if total == 0 {
            return Err(FaultCause::EmptyFile);
        }
        if cx.file.size.is_some_and(|size| size != total) {
            return Err(FaultCause::FileChanged);
        }
        cx.file.update(head)?;
        cx.file.size = Some(total);
        let remaining = self.remaining_range(Some(total)).ok_or(FaultCause::UnexpectedResponse)?;
        self.remaining = Some(ByteRange { start: remaining.start, end: remaining.end.min(total) });
        (self.body_at, self.body_end) = (0, total);
        Ok(())
    }

    /// Turns the transfer of a `start` response into one of `range`, whose first `available` bytes
    /// follow in the same body. What the body lacks is requested.
    pub(super) fn continue_with(&mut self, cx: &mut Context, range: ByteRange, available: u64) {
        self.state = TransferState::Paused;
        self.remaining = Some(range);
        self.body_at = range.start;
        self.body_end = range.start.saturating_add(available);
        if available == 0 {
            self.read(cx);
            self.send(cx);
        }
    }

    /// Handles a piece of `len` bytes. If the body ends before the requested range, requests the
    /// rest at once.
    pub(super) fn on_bytes(&mut self, cx: &mut Context, len: u32) -> AcceptedBytes {
        self.state = TransferState::Paused;
        self.tries = 0;
        let piece = ByteRange { start: self.body_at, end: self.body_at + u64::from(len) };
        self.body_at = piece.end;
        let Some(remaining) = self.remaining.as_mut() else {
            // Headers that the edge made have no offset in the file.
            let accepted = if matches!(self.request, Request::Headers(_)) { len } else { 0 };
            return AcceptedBytes { skip: len - accepted, len: accepted, at: piece.end };
        };
        let start = piece.start.max(remaining.start).min(piece.end);
        let end = piece.end.min(remaining.end).max(start);
        if end > start {
            remaining.start = end;
            cx.confirm_url();
        }
        if piece.end >= self.body_end && piece.end < remaining.end {
            // A body that is read to its end leaves its connection to the next request.
            self.read(cx);
            self.send(cx);
        }
        let narrow = |n: u64| u32::try_from(n).unwrap_or(len);
        AcceptedBytes { skip: narrow(start - piece.start), len: narrow(end - start), at: start }
    }

    /// Ends a complete transfer. Reads the body's end, so that the connection can be used again;
    /// cancels the request if its body has more than was requested.
    pub(super) fn finish(mut self, cx: &mut Context) {
        let has_more = self.remaining.is_some_and(|remaining| self.body_at > remaining.end);
        if self.is_whole_file || has_more {
            self.cancel(cx);
        } else {
            self.read(cx);
        }
    }

    /// Cancels the request, if one is out.
    pub(super) fn cancel(&self, cx: &mut Context) {
        if !matches!(self.state, TransferState::Waiting { .. }) {
            cx.emit(Effect::Cancel { fetch_id: self.fetch_id });
        }
    }

    /// Schedules the next attempt after `cause`, or returns the remedy that only the pipeline can
    /// apply.
    pub(super) fn on_failure(
        &mut self,
        cx: &mut Context,
        cause: &FaultCause,
    ) -> Result<(), Remedy> {
        self.state = TransferState::Waiting { until_ms: None };
        match cause.remedy(cx.retry_budget(self.tries)) {
            Remedy::Retry => {
                let backoff = limits::RETRY_MS << self.tries.min(8);
                let wait_ms = backoff.min(limits::RETRY_MS_MAX).max(self.retry_after_ms);
                let until_ms = (!cx.offline).then_some(cx.now_ms + wait_ms);
                self.tries += 1;
                self.state = TransferState::Waiting { until_ms };
                cx.emit(Effect::Waiting(self.fault(cause.clone())));
                Ok(())
            }
            Remedy::ReResolve => {
                cx.resolve();
                Ok(())
            }
            other @ (Remedy::StartOver | Remedy::FallBack | Remedy::Stop) => Err(other),
        }
    }

    /// A fault of this cause at the first missing byte.
    pub(super) fn fault(&self, cause: FaultCause) -> PlaybackFault {
        let location = match (self.remaining, self.request) {
            (None, Request::Suffix(bytes)) => FaultLocation::Tail { bytes },
            (None, Request::Start(_) | Request::Headers(_)) => FaultLocation::Index,
            (Some(range), _) | (None, Request::Range(range)) => {
                FaultLocation::Byte { body_kind: self.body_kind, at: range.start }
            }
        };
        PlaybackFault { cause, location }
    }

    /// Sends the request again now, if it waits for its next attempt.
    pub(super) fn retry_now(&mut self, cx: &mut Context) {
        if matches!(self.state, TransferState::Waiting { .. }) {
            self.send(cx);
        }
    }

    /// Makes the next attempt if it is due, and gives up a response that has stalled.
    pub(super) fn on_tick(&mut self, cx: &mut Context) -> Result<(), Remedy> {
        use TransferState::{AwaitingHead, Paused, Reading, Waiting};
        match self.state {
            Waiting { until_ms: Some(until_ms) } if until_ms <= cx.now_ms => self.send(cx),
            AwaitingHead { since_ms } | Reading { since_ms }
                if since_ms + limits::STALL_MS <= cx.now_ms =>
            {
                self.cancel(cx);
                return self.on_failure(cx, &FaultCause::Network);
            }
            Waiting { .. } | AwaitingHead { .. } | Reading { .. } | Paused => {}
        }
        Ok(())
    }

    /// When [`Self::on_tick`] has something to do. Deadlines of responses are rounded up to five
    /// seconds, so that not every piece moves them.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        match self.state {
            TransferState::Waiting { until_ms } => until_ms,
            TransferState::AwaitingHead { since_ms } | TransferState::Reading { since_ms } => {
                Some((since_ms + limits::STALL_MS).next_multiple_of(5_000))
            }
            TransferState::Paused => None,
        }
    }
}
