//! The spine: one input in, its effects out.

use super::buffer;
use super::by_index::ByIndex;
use super::context::{Context, File};
use super::fault::{FaultCause, FaultLocation, PlaybackFault, Remedy};
use super::http::ResponseHead;
use super::loader::{Appended, Loader};
use super::window_source::{LocatedSource, Locator, WindowSource};
use super::{Effect, Input, limits};

/// One playback, from the first request to the end of the stream.
pub struct Pipeline<G: WindowSource = ByIndex> {
    cx: Context,
    stage: Stage<G>,
    playing: bool,
    woken_ms: Option<u64>,
    /// Asking where the episode is failed so many times; the next try is due at the time.
    resolve_again: Option<(u32, u64)>,
}

enum Stage<G: WindowSource> {
    /// Nothing is open, or it came to an end by a fault.
    Idle,
    Finding(Box<G::Locator>),
    Playing(Box<Loader<G>>),
}

type PlaybackResult = Result<(), PlaybackFault>;

impl<G: WindowSource> Default for Pipeline<G> {
    fn default() -> Self {
        let (cx, stage) = (Context::default(), Stage::Idle);
        Self { cx, stage, playing: false, woken_ms: None, resolve_again: None }
    }
}

impl<G: WindowSource> Pipeline<G> {
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

    fn apply(&mut self, input: Input) -> PlaybackResult {
        match input {
            Input::Open { start_ms, size, resolvable } => self.open(start_ms, size, resolvable),
            Input::Head { fetch_id, head } => return self.head(fetch_id, &head),
            Input::IndexBytes { fetch_id, bytes } => return self.index_bytes(fetch_id, &bytes),
            Input::StartBoxes { fetch_id, boxes, media_bytes } => {
                return self.started(fetch_id, &boxes, media_bytes);
            }
            Input::BodyEnded { fetch_id } => return self.ended(fetch_id, true),
            Input::FetchFailed { fetch_id } => return self.ended(fetch_id, false),
            Input::Resolved { size } => self.resolved(size),
            Input::ResolveFailed { status } => return self.resolve_failed(status),
            Input::Seek { time_ms } => return self.seek(time_ms),
            Input::Position { time_ms, playing } => return self.position(time_ms, playing),
            Input::Unsupported { media_type } => {
                return Err(self.here(FaultCause::Unsupported(media_type)));
            }
            Input::MediaSourceFailed => return Err(self.here(FaultCause::MediaSource)),
            Input::MediaElementFailed => return Err(self.here(FaultCause::Decode)),
            Input::Online(online) => self.online(online),
            Input::Tick => return self.tick(),
            Input::MediaBytes { fetch_id, piece, len } => {
                return self.load(|loader, cx| loader.bytes(cx, fetch_id, piece, len));
            }
            Input::Appended { media_type, epoch, bytes, buffered } => {
                let done = Appended { media_type, epoch, bytes, buffered };
                return self.load(|loader, cx| loader.appended(cx, done));
            }
            Input::Removed { media_type, buffered } => {
                return self.load(|loader, cx| loader.evicted(cx, media_type, buffered));
            }
            Input::QuotaExceeded { media_type, epoch } => {
                return self.load(|loader, cx| loader.quota_exceeded(cx, media_type, epoch));
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
        self.stage = Stage::Finding(Box::new(G::Locator::start(&mut self.cx)));
    }

    fn head(&mut self, fetch_id: u32, head: &ResponseHead) -> PlaybackResult {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.head(&mut self.cx, fetch_id, head)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.head(&mut self.cx, fetch_id, head),
        }
    }

    fn index_bytes(&mut self, fetch_id: u32, bytes: &[u8]) -> PlaybackResult {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.bytes(&mut self.cx, fetch_id, bytes)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.index_bytes(&mut self.cx, fetch_id, bytes),
        }
    }

    fn started(&mut self, fetch_id: u32, boxes: &[u8], bytes: u64) -> PlaybackResult {
        match &mut self.stage {
            _ if !G::BY_HEADERS => Ok(()),
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.started(&mut self.cx, fetch_id, boxes, bytes)?;
                self.play(found)
            }
            Stage::Playing(loader) => loader.started(&mut self.cx, fetch_id, boxes, bytes),
        }
    }

    fn play(&mut self, found: Option<LocatedSource<G>>) -> PlaybackResult {
        if let Some(found) = found {
            let time_ms = self.cx.position_ms;
            self.stage = Stage::Playing(Box::new(Loader::open(&mut self.cx, found, time_ms)?));
        }
        Ok(())
    }

    /// A body is over, as it should be or by a cut.
    fn ended(&mut self, fetch_id: u32, well: bool) -> PlaybackResult {
        match &mut self.stage {
            Stage::Idle => Ok(()),
            Stage::Finding(finder) => {
                let found = finder.ended(&mut self.cx, fetch_id)?;
                self.play(found)
            }
            Stage::Playing(loader) if well && G::BY_HEADERS => loader.ended(&mut self.cx, fetch_id),
            Stage::Playing(loader) => loader.broke(&mut self.cx, fetch_id, FaultCause::Network),
        }
    }

    fn load(
        &mut self,
        step: impl FnOnce(&mut Loader<G>, &mut Context) -> PlaybackResult,
    ) -> PlaybackResult {
        let Stage::Playing(loader) = &mut self.stage else { return Ok(()) };
        step(loader, &mut self.cx)
    }

    fn seek(&mut self, time_ms: u64) -> PlaybackResult {
        self.cx.position_ms = time_ms;
        match &mut self.stage {
            Stage::Playing(loader) => loader.seek(&mut self.cx, time_ms),
            Stage::Idle | Stage::Finding(_) => Ok(()),
        }
    }

    fn position(&mut self, time_ms: u64, playing: bool) -> PlaybackResult {
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
            return self.treat(self.here(FaultCause::FileChanged));
        }
        self.go_on();
    }

    fn resolve_failed(&mut self, status: Option<u16>) -> PlaybackResult {
        let cause = FaultCause::Unresolved(status);
        let tries = self.resolve_again.map_or(0, |(tries, _)| tries);
        if cause.remedy(self.cx.tried(tries)) != Remedy::Retry {
            return Err(self.here(cause));
        }
        let wait_ms = (limits::RETRY_MS << tries.min(8)).min(limits::RETRY_MS_MAX);
        self.resolve_again = Some((tries + 1, self.cx.now_ms + wait_ms));
        self.cx.emit(Effect::Waiting(self.here(cause)));
        Ok(())
    }

    fn tick(&mut self) -> PlaybackResult {
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
    const fn here(&self, cause: FaultCause) -> PlaybackFault {
        PlaybackFault { cause, location: FaultLocation::Time { time_ms: self.cx.position_ms } }
    }

    fn treat(&mut self, mut fault: PlaybackFault) {
        match fault.cause.remedy(self.cx.tried(limits::TRIES_MAX)) {
            Remedy::StartOver => {
                self.stop();
                self.cx.start_overs += 1;
                if matches!(fault.cause, FaultCause::Decode) {
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
                if matches!(fault.cause, FaultCause::Network) {
                    fault.cause = FaultCause::Unreachable;
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
