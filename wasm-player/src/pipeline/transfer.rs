//! One range of the file, fetched through cuts and refusals until its last byte is there.

use mp4::ByteRange;

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, Remedy};
use super::http::{Request, ResponseHead};
use super::{BodyKind, Effect, limits};

/// A range on its way.
#[derive(Debug)]
pub(super) struct Transfer {
    fetch_id: u32,
    body_kind: BodyKind,
    request: Request,
    /// What is still missing; none while a suffix has no place in the file.
    wanted: Option<ByteRange>,
    /// FaultLocation in the file of the body's next byte.
    body_at: u64,
    /// Where the answer ends: it may be shorter than what was asked for (RFC 9110 §15.3.7).
    body_end: u64,
    state: State,
    /// Whether the server answered with the whole file.
    is_whole: bool,
    tries: u32,
    retry_after_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No answer yet.
    Sent { since_ms: u64 },
    /// The answer is there, and nobody asked for its next piece.
    Open,
    /// The next piece was asked for.
    Reading { since_ms: u64 },
    /// No request is out; the next one goes out at this time, or when something changes.
    Waiting { until_ms: Option<u64> },
}

/// Which part of a piece is wanted, and where it lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AcceptedBytes {
    /// Bytes of the piece in front of it.
    pub(super) skip: u32,
    /// Its length.
    pub(super) len: u32,
    /// Its place in the file.
    pub(super) at: u64,
}

impl Transfer {
    /// Makes the request.
    pub(super) fn start(cx: &mut Context, request: Request, body_kind: BodyKind) -> Self {
        let wanted = match request {
            Request::Range(range) => Some(range),
            Request::Suffix(_) | Request::Start(_) | Request::Headers(_) => None,
        };
        let mut transfer = Self {
            fetch_id: 0,
            body_kind,
            request,
            wanted,
            body_at: 0,
            body_end: u64::MAX,
            state: State::Waiting { until_ms: None },
            is_whole: false,
            tries: 0,
            retry_after_ms: 0,
        };
        transfer.send(cx);
        transfer
    }

    fn send(&mut self, cx: &mut Context) {
        self.fetch_id = cx.next_fetch();
        self.retry_after_ms = 0;
        self.state = State::Sent { since_ms: cx.now_ms };
        let request = self.wanted.map_or(self.request, Request::Range);
        cx.emit(Effect::Fetch { fetch_id: self.fetch_id, request, body_kind: self.body_kind });
    }

    /// Whether an input that names `fetch` is about this transfer as it stands.
    pub(super) fn is(&self, fetch_id: u32) -> bool {
        self.fetch_id == fetch_id && !matches!(self.state, State::Waiting { .. })
    }

    /// Whether the last byte is there.
    pub(super) fn is_complete(&self) -> bool {
        self.wanted.is_some_and(|range| range.is_empty())
    }

    /// How many bytes are still to come, once that is known.
    pub(super) fn left(&self) -> u64 {
        self.wanted.map_or(u64::MAX, |range| range.len())
    }

    /// What is still to come, as far as it has a place in the file.
    pub(super) fn wanted(&self, size: Option<u64>) -> Option<ByteRange> {
        self.wanted.or(match (self.request, size) {
            (Request::Suffix(n), Some(size)) => {
                Some(ByteRange { start: size.saturating_sub(n), end: size })
            }
            (Request::Suffix(_), None)
            | (Request::Range(_) | Request::Start(_) | Request::Headers(_), _) => None,
        })
    }

    /// Asks for the next piece of the body, unless that was done.
    pub(super) fn read(&mut self, cx: &mut Context) {
        if self.state == State::Open {
            self.state = State::Reading { since_ms: cx.now_ms };
            cx.emit(Effect::Read { fetch_id: self.fetch_id });
        }
    }

    /// Takes the head of the answer; an answer that is of no use is cancelled.
    pub(super) fn head(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        let placed = self.place(cx, head);
        if placed.is_err() {
            self.cancel(cx);
        }
        placed
    }

    fn place(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        self.is_whole = head.status == 200;
        self.retry_after_ms = head.retry_after_ms.unwrap_or(0).min(limits::RETRY_AFTER_MS_MAX);
        let is_made = self.wanted.is_none()
            && matches!(self.request, Request::Start(_) | Request::Headers(_));
        match head.status {
            200 if is_made => self.is_whole = false,
            // What is said of a film is found as long as it is the same film.
            404 if is_made && cx.was_answered => return Err(FaultCause::FileChanged),
            206 => {
                cx.file.agree(head)?;
                self.place_part(cx, head)?;
            }
            200 => self.place_whole(cx, head)?,
            416 => {
                cx.file.agree(head)?;
                let empty = head.content_range.is_some_and(|range| range.total == Some(0));
                return Err(match cx.file.size {
                    _ if empty => FaultCause::EmptyFile,
                    // It was longer a moment ago.
                    Some(_) if cx.was_answered && self.wanted.is_some() => FaultCause::FileChanged,
                    Some(_) | None => FaultCause::Status(416),
                });
            }
            status => return Err(FaultCause::Status(status)),
        }
        self.state = State::Open;
        if is_made && matches!(self.request, Request::Start(_)) {
            // Its boxes come as one, and nobody has to ask for them.
            self.state = State::Reading { since_ms: cx.now_ms };
        }
        cx.was_answered = true;
        Ok(())
    }

    fn place_part(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        let got = head.content_range.and_then(|range| range.range);
        let size = &mut cx.file.size;
        let (start, end) = match (self.wanted, got) {
            (Some(wanted), Some(got)) if got.start != wanted.start => {
                return Err(FaultCause::UnexpectedResponse);
            }
            (None, None) => return Err(FaultCause::UnexpectedResponse),
            (None, Some(got)) => {
                self.body_end = got.end;
                (got.start, size.unwrap_or(got.end))
            }
            (Some(wanted), Some(got)) => {
                self.body_end = got.end;
                (wanted.start, wanted.end)
            }
            // A foreign origin that hides Content-Range: an answer shorter than asked for ends
            // where the file does, unless that is known to be elsewhere.
            (Some(wanted), None) => {
                let told = head.length.map_or(wanted.end, |n| wanted.start.saturating_add(n));
                self.body_end = told;
                if told < wanted.end {
                    *size = size.or(Some(told));
                }
                (wanted.start, wanted.end)
            }
        };
        self.wanted = Some(ByteRange { start, end: size.map_or(end, |size| size.min(end)) });
        self.body_at = start;
        Ok(())
    }

    /// The whole file for a part of it: taken when it is so small that it does not matter.
    fn place_whole(&mut self, cx: &mut Context, head: &ResponseHead) -> Result<(), FaultCause> {
        let total =
            head.length.filter(|n| *n <= limits::SKIP_BYTES_MAX).ok_or(FaultCause::NoRanges)?;
        if total == 0 {
            return Err(FaultCause::EmptyFile);
        }
        if cx.file.size.is_some_and(|size| size != total) {
            return Err(FaultCause::FileChanged);
        }
        cx.file.agree(head)?;
        cx.file.size = Some(total);
        let wanted = self.wanted(Some(total)).ok_or(FaultCause::UnexpectedResponse)?;
        self.wanted = Some(ByteRange { start: wanted.start, end: wanted.end.min(total) });
        (self.body_at, self.body_end) = (0, total);
        Ok(())
    }

    /// The body of a start goes on with `len` bytes of `range`: what is missing of it is asked for.
    pub(super) fn begin(&mut self, cx: &mut Context, range: ByteRange, len: u64) {
        self.state = State::Open;
        self.wanted = Some(range);
        self.body_at = range.start;
        self.body_end = range.start.saturating_add(len);
        if len == 0 {
            self.read(cx);
            self.send(cx);
        }
    }

    /// Takes a piece of `len` bytes of the body. Behind a shorter answer than was asked for the rest
    /// is asked for at once.
    pub(super) fn bytes(&mut self, cx: &mut Context, len: u32) -> AcceptedBytes {
        self.state = State::Open;
        self.tries = 0;
        let piece = ByteRange { start: self.body_at, end: self.body_at + u64::from(len) };
        self.body_at = piece.end;
        let Some(wanted) = self.wanted.as_mut() else {
            // Headers are no bytes of the film: they have no place in it.
            let taken = if matches!(self.request, Request::Headers(_)) { len } else { 0 };
            return AcceptedBytes { skip: len - taken, len: taken, at: piece.end };
        };
        let start = piece.start.max(wanted.start).min(piece.end);
        let end = piece.end.min(wanted.end).max(start);
        if end > start {
            wanted.start = end;
            cx.confirm_address();
        }
        if piece.end >= self.body_end && piece.end < wanted.end {
            // Read to its end, the connection serves again.
            self.read(cx);
            self.send(cx);
        }
        let narrow = |n: u64| u32::try_from(n).unwrap_or(len);
        AcceptedBytes { skip: narrow(start - piece.start), len: narrow(end - start), at: start }
    }

    /// Lets go of a complete transfer: reads the body's end, so that its connection serves again,
    /// or cancels where more would come than was asked for.
    pub(super) fn finish(mut self, cx: &mut Context) {
        if self.is_whole || self.wanted.is_some_and(|wanted| self.body_at > wanted.end) {
            self.cancel(cx);
        } else {
            self.read(cx);
        }
    }

    /// Stops the request, if one is out.
    pub(super) fn cancel(&self, cx: &mut Context) {
        if !matches!(self.state, State::Waiting { .. }) {
            cx.emit(Effect::Cancel { fetch_id: self.fetch_id });
        }
    }

    /// Plans the next try after `cause`, or tells the remedy that this transfer cannot give itself.
    pub(super) fn broke(&mut self, cx: &mut Context, cause: &FaultCause) -> Result<(), Remedy> {
        self.state = State::Waiting { until_ms: None };
        match cause.remedy(cx.tried(self.tries)) {
            Remedy::Retry => {
                let backoff = limits::RETRY_MS << self.tries.min(8);
                let wait_ms = backoff.min(limits::RETRY_MS_MAX).max(self.retry_after_ms);
                let until_ms = (!cx.offline).then_some(cx.now_ms + wait_ms);
                self.tries += 1;
                self.state = State::Waiting { until_ms };
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

    /// What is told of `cause`, and where in the file this stands.
    pub(super) fn fault(&self, cause: FaultCause) -> PlaybackFault {
        let location = match (self.wanted, self.request) {
            (None, Request::Suffix(bytes)) => FaultLocation::Tail { bytes },
            (None, Request::Start(_) | Request::Headers(_)) => FaultLocation::Index,
            (Some(range), _) | (None, Request::Range(range)) => {
                FaultLocation::Byte { body_kind: self.body_kind, at: range.start }
            }
        };
        PlaybackFault { cause, location }
    }

    /// Makes the request again at once, if it waits for anything.
    pub(super) fn go_on(&mut self, cx: &mut Context) {
        if matches!(self.state, State::Waiting { .. }) {
            self.send(cx);
        }
    }

    /// Looks at the time: makes the next try when it is due, gives up on an answer that is dead.
    pub(super) fn tick(&mut self, cx: &mut Context) -> Result<(), Remedy> {
        match self.state {
            State::Waiting { until_ms: Some(until_ms) } if until_ms <= cx.now_ms => self.send(cx),
            State::Sent { since_ms } | State::Reading { since_ms }
                if since_ms + limits::STALL_MS <= cx.now_ms =>
            {
                self.cancel(cx);
                return self.broke(cx, &FaultCause::Network);
            }
            State::Waiting { .. } | State::Sent { .. } | State::Reading { .. } | State::Open => {}
        }
        Ok(())
    }

    /// When to look at the time again. Deadlines of answers are rounded up to five seconds, so that
    /// they do not move with each piece.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Waiting { until_ms } => until_ms,
            State::Sent { since_ms } | State::Reading { since_ms } => {
                Some((since_ms + limits::STALL_MS).next_multiple_of(5_000))
            }
            State::Open => None,
        }
    }
}
