//! The spine: one input in, its effects out.

use super::buffer;
use super::by_index::ByIndex;
use super::context::{Context, File};
use super::fault::{Cause, Fault, Place, Remedy};
use super::guide::{Found, Guide, Search};
use super::http::ResponseHead;
use super::loader::{Appended, Loader};
use super::{Effect, Input, limits};

/// One playback, from the first request to the end of the stream.
pub struct Pipeline<G: Guide = ByIndex> {
    cx: Context,
    stage: Stage<G>,
    playing: bool,
    woken_ms: Option<u64>,
    /// Asking where the episode is failed so many times; the next try is due at the time.
    resolve_again: Option<(u32, u64)>,
}

enum Stage<G: Guide> {
    /// Nothing is open, or it came to an end by a fault.
    Idle,
    Finding(Box<G::Search>),
    Playing(Box<Loader<G>>),
}

type Outcome = Result<(), Fault>;

impl<G: Guide> Default for Pipeline<G> {
    fn default() -> Self {
        let (cx, stage) = (Context::default(), Stage::Idle);
        Self { cx, stage, playing: false, woken_ms: None, resolve_again: None }
    }
}

impl<G: Guide> Pipeline<G> {
    /// A player with nothing open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles one input at `now_ms`, on a clock that never goes back. Drain [`Self::poll`] before
    /// the next one.
    pub fn handle(&mut self, now_ms: u64, input: Input) {
        self.cx.now_ms = now_ms;
        if let Err(fault) = self.apply(input) {
            self.treat(fault);
        }
        self.set_alarm();
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Effect> {
        self.cx.effects.pop_front()
    }

    fn apply(&mut self, input: Input) -> Outcome {
        match input {
            Input::Open { start_ms, size, resolvable } => self.open(start_ms, size, resolvable),
            Input::Head { fetch, head } => return self.head(fetch, &head),
            Input::IndexBytes { fetch, bytes } => return self.index_bytes(fetch, &bytes),
            Input::Started { fetch, boxes, bytes } => return self.started(fetch, &boxes, bytes),
            Input::FetchEnded { fetch } => return self.ended(fetch, true),
            Input::FetchFailed { fetch } => return self.ended(fetch, false),
            Input::Resolved { size } => self.resolved(size),
            Input::ResolveFailed { status } => return self.resolve_failed(status),
            Input::Seek { time_ms } => return self.seek(time_ms),
            Input::Position { time_ms, playing } => return self.position(time_ms, playing),
            Input::Unsupported { lane } => return Err(self.here(Cause::Unsupported(lane))),
            Input::SinkFailed => return Err(self.here(Cause::Sink)),
            Input::MediaFailed => return Err(self.here(Cause::Decode)),
            Input::Online(online) => self.online(online),
            Input::Tick => return self.tick(),
            Input::MediaBytes { fetch, piece, len } => {
                return self.load(|loader, cx| loader.bytes(cx, fetch, piece, len));
            }
            Input::Appended { lane, epoch, bytes, buffered } => {
                let done = Appended { lane, epoch, bytes, buffered };
                return self.load(|loader, cx| loader.appended(cx, done));
            }
            Input::Evicted { lane, buffered } => {
                return self.load(|loader, cx| loader.evicted(cx, lane, buffered));
            }
            Input::QuotaExceeded { lane, epoch } => {
                return self.load(|loader, cx| loader.quota_exceeded(cx, lane, epoch));
            }
        }
        Ok(())
    }

    fn open(&mut self, start_ms: u64, size: Option<u64>, resolvable: bool) {
        self.stop();
        self.cx.open(start_ms, resolvable);
        self.find(size);
    }

    fn find(&mut self, size: Option<u64>) {
        self.cx.file = File::of_size(size.filter(|size| *size > 0));
        self.stage = Stage::Finding(Box::new(G::Search::start(&mut self.cx)));
    }

    fn head(&mut self, fetch: u32, head: &ResponseHead) -> Outcome {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.head(&mut self.cx, fetch, head)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.head(&mut self.cx, fetch, head),
        }
    }

    fn index_bytes(&mut self, fetch: u32, bytes: &[u8]) -> Outcome {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.bytes(&mut self.cx, fetch, bytes)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.index_bytes(&mut self.cx, fetch, bytes),
        }
    }

    fn started(&mut self, fetch: u32, boxes: &[u8], bytes: u64) -> Outcome {
        match &mut self.stage {
            _ if !G::BY_HEADERS => Ok(()),
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.started(&mut self.cx, fetch, boxes, bytes)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.started(&mut self.cx, fetch, boxes, bytes),
        }
    }

    fn play(&mut self, found: Option<Found<G>>) -> Outcome {
        if let Some(found) = found {
            let time_ms = self.cx.position_ms;
            self.stage = Stage::Playing(Box::new(Loader::open(&mut self.cx, found, time_ms)?));
        }
        Ok(())
    }

    /// A body is over, as it should be or by a cut.
    fn ended(&mut self, fetch: u32, well: bool) -> Outcome {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.ended(&mut self.cx, fetch)?;
                self.play(found)
            }
            Stage::Playing(loader) if well && G::BY_HEADERS => loader.ended(&mut self.cx, fetch),
            Stage::Playing(loader) => loader.broke(&mut self.cx, fetch, Cause::Network),
        }
    }

    fn load(&mut self, step: impl FnOnce(&mut Loader<G>, &mut Context) -> Outcome) -> Outcome {
        let Stage::Playing(loader) = &mut self.stage else { return Ok(()) };
        step(loader, &mut self.cx)
    }

    fn seek(&mut self, time_ms: u64) -> Outcome {
        self.cx.position_ms = time_ms;
        match &mut self.stage {
            Stage::Playing(loader) => loader.seek(&mut self.cx, time_ms),
            Stage::Idle | Stage::Finding(_) => Ok(()),
        }
    }

    fn position(&mut self, time_ms: u64, playing: bool) -> Outcome {
        let stands = playing && self.playing && self.cx.position_ms == time_ms;
        self.playing = playing;
        let Stage::Playing(loader) = &mut self.stage else { return Ok(()) };
        self.cx.position_ms = time_ms;
        let gap = limits::GAP_MS_MAX;
        let next = buffer::next_common_start(&loader.buffers, time_ms, gap);
        if let Some(time_ms) = next.filter(|_| stands) {
            self.cx.emit(Effect::Nudge { time_ms });
        }
        loader.moved(&mut self.cx)
    }

    fn online(&mut self, online: bool) {
        self.cx.offline = !online;
        if online {
            self.go_on();
        }
    }

    fn go_on(&mut self) {
        match &mut self.stage {
            Stage::Idle => {}
            Stage::Finding(finder) => finder.go_on(&mut self.cx),
            Stage::Playing(loader) => loader.go_on(&mut self.cx),
        }
    }

    fn resolved(&mut self, size: Option<u64>) {
        self.resolve_again = None;
        if size.is_some() && self.cx.file.size.is_some() && size != self.cx.file.size {
            return self.treat(self.here(Cause::Changed));
        }
        self.go_on();
    }

    fn resolve_failed(&mut self, status: Option<u16>) -> Outcome {
        let cause = Cause::Unresolved(status);
        let tries = self.resolve_again.map_or(0, |(tries, _)| tries);
        if cause.remedy(self.cx.tried(tries)) != Remedy::Retry {
            return Err(self.here(cause));
        }
        let wait_ms = (limits::RETRY_MS << tries.min(8)).min(limits::RETRY_MS_MAX);
        self.resolve_again = Some((tries + 1, self.cx.now_ms + wait_ms));
        self.cx.emit(Effect::Waiting(self.here(cause)));
        Ok(())
    }

    fn tick(&mut self) -> Outcome {
        self.woken_ms = None;
        if let Some((tries, at_ms)) = self.resolve_again.filter(|again| again.1 <= self.cx.now_ms) {
            self.resolve_again = Some((tries, at_ms.saturating_add(limits::STALL_MS)));
            self.cx.resolve();
        }
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.tick(&mut self.cx)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.tick(&mut self.cx),
        }
    }

    fn set_alarm(&mut self) {
        let stage = match &self.stage {
            Stage::Idle => None,
            Stage::Finding(finder) => finder.deadline_ms(),
            Stage::Playing(loader) => loader.deadline_ms(),
        };
        let resolve = self.resolve_again.map(|(_, at_ms)| at_ms);
        let Some(at_ms) = stage.into_iter().chain(resolve).min() else { return };
        if self.woken_ms != Some(at_ms) {
            self.woken_ms = Some(at_ms);
            self.cx.emit(Effect::WakeAt { at_ms });
        }
    }

    /// A cause with the place of the play head.
    const fn here(&self, cause: Cause) -> Fault {
        Fault { cause, place: Place::Time { time_ms: self.cx.position_ms } }
    }

    fn treat(&mut self, mut fault: Fault) {
        match fault.cause.remedy(self.cx.tried(limits::TRIES_MAX)) {
            Remedy::StartOver => {
                self.stop();
                self.cx.start_overs += 1;
                if matches!(fault.cause, Cause::Decode) {
                    self.cx.undecoded_ms = Some(self.cx.position_ms);
                }
                self.cx.emit(Effect::StartOver { time_ms: self.cx.position_ms });
                self.find(None);
            }
            Remedy::FallBack => {
                self.stop();
                self.cx.emit(Effect::FallBack(fault));
            }
            Remedy::Retry | Remedy::ReResolve | Remedy::Stop => {
                self.stop();
                if matches!(fault.cause, Cause::Network) {
                    fault.cause = Cause::Unreachable;
                }
                self.cx.emit(Effect::Fail(fault));
            }
        }
    }

    fn stop(&mut self) {
        self.resolve_again = None;
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => {}
            Stage::Finding(mut finder) => finder.cancel(&mut self.cx),
            Stage::Playing(mut loader) => loader.cancel(&mut self.cx),
        }
    }
}
