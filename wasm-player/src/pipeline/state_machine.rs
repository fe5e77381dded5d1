//! The state machine: passes each input to the state that handles it, and applies remedies.

use super::by_index::ByIndex;
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult, Remedy};
use super::file_identity::FileIdentity;
use super::http::ResponseHead;
use super::loader::Loader;
use super::source_buffer::{self, FinishedAppend};
use super::watchdog::{Standing, Watchdog};
use super::window_source::{LocatedSource, Locator, WindowSource};
use super::{Effect, Input, limits};

/// The player's state machine, without IO: inputs in, effects out.
///
/// `W` is where windows come from: [`ByIndex`], or [`ByHeaders`](super::ByHeaders).
pub struct Pipeline<W: WindowSource = ByIndex> {
    cx: Context,
    state: PlaybackState<W>,
    /// Whether the element is not paused, as last reported.
    playing: bool,
    /// The time of the last [`Effect::WakeAt`].
    wake_at_ms: Option<u64>,
    resolve_retry: Option<ResolveRetry>,
    watchdog: Watchdog,
}

enum PlaybackState<W: WindowSource> {
    /// Nothing is open, or playback ended with a fault.
    Idle,
    /// The window source is being located.
    Locating(Box<W::Locator>),
    /// The film plays.
    Playing(Box<Loader<W>>),
}

/// Set while resolving the episode fails.
#[derive(Clone, Copy)]
struct ResolveRetry {
    /// Failures so far.
    tries: u32,
    /// When the next attempt is due.
    at_ms: u64,
}

impl<W: WindowSource> Default for Pipeline<W> {
    fn default() -> Self {
        let (cx, state) = (Context::default(), PlaybackState::Idle);
        let watchdog = Watchdog::default();
        Self { cx, state, playing: false, wake_at_ms: None, resolve_retry: None, watchdog }
    }
}

impl<W: WindowSource> Pipeline<W> {
    /// A pipeline with nothing open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles one input at `now_ms`, milliseconds on a clock that never goes back. The driver must
    /// drain [`Self::poll`] before the next input.
    pub fn handle(&mut self, now_ms: u64, input: Input) {
        self.cx.now_ms = now_ms;
        if let Err(fault) = self.apply(input) {
            self.apply_remedy(fault);
        }
        self.set_alarm();
    }

    /// The next effect to carry out; `None` once all are.
    pub fn poll(&mut self) -> Option<Effect> {
        self.cx.effects.pop_front()
    }

    fn apply(&mut self, input: Input) -> PlaybackResult {
        match input {
            Input::Open { start_ms, size, resolvable } => self.open(start_ms, size, resolvable),
            Input::Languages(languages) => self.cx.languages = languages,
            Input::Head { fetch_id, head } => return self.on_head(fetch_id, &head),
            Input::IndexBytes { fetch_id, bytes } => return self.on_index_bytes(fetch_id, &bytes),
            Input::StartBoxes { fetch_id, boxes, media_bytes } => {
                return self.on_start_boxes(fetch_id, &boxes, media_bytes);
            }
            Input::BodyEnded { fetch_id } => return self.on_end(fetch_id, true),
            Input::FetchFailed { fetch_id } => return self.on_end(fetch_id, false),
            Input::Resolved { size } => self.on_resolved(size),
            Input::ResolveFailed { status } => return self.on_resolve_failed(status),
            Input::Seek { time_ms } => return self.on_seek(time_ms),
            Input::Position { time_ms, playing } => return self.on_position(time_ms, playing),
            Input::Unsupported { media_type } => {
                return Err(self.fault(FaultCause::Unsupported(media_type)));
            }
            Input::MediaSourceFailed => return Err(self.fault(FaultCause::MediaSource)),
            Input::MediaElementFailed => return Err(self.fault(FaultCause::Decode)),
            Input::Online(online) => self.on_online(online),
            Input::Tick => return self.on_tick(),
            Input::MediaBytes { fetch_id, piece, len } => {
                return self.load(|loader, cx| loader.on_media_bytes(cx, fetch_id, piece, len));
            }
            Input::Appended { media_type, epoch, bytes, buffered } => {
                let append = FinishedAppend { media_type, epoch, bytes, buffered };
                return self.load(|loader, cx| loader.on_appended(cx, append));
            }
            Input::Removed { media_type, buffered } => {
                return self.load(|loader, cx| loader.on_removed(cx, media_type, buffered));
            }
            Input::QuotaExceeded { media_type, epoch } => {
                return self.load(|loader, cx| loader.on_quota_exceeded(cx, media_type, epoch));
            }
        }
        Ok(())
    }

    fn open(&mut self, start_ms: u64, size: Option<u64>, resolvable: bool) {
        self.stop();
        self.cx.open(start_ms, resolvable);
        self.locate(size);
    }

    fn locate(&mut self, size: Option<u64>) {
        self.cx.file = FileIdentity::of_size(size.filter(|size| *size > 0));
        self.state = PlaybackState::Locating(Box::new(W::Locator::start(&mut self.cx)));
    }

    fn on_head(&mut self, fetch_id: u32, head: &ResponseHead) -> PlaybackResult {
        match &mut self.state {
            PlaybackState::Idle => Ok(()),
            PlaybackState::Locating(locator) => {
                let located = locator.on_head(&mut self.cx, fetch_id, head)?;
                self.play(located)
            }
            PlaybackState::Playing(loader) => loader.on_head(&mut self.cx, fetch_id, head),
        }
    }

    fn on_index_bytes(&mut self, fetch_id: u32, bytes: &[u8]) -> PlaybackResult {
        match &mut self.state {
            PlaybackState::Idle => Ok(()),
            PlaybackState::Locating(locator) => {
                let located = locator.on_bytes(&mut self.cx, fetch_id, bytes)?;
                self.play(located)
            }
            PlaybackState::Playing(loader) => loader.on_index_bytes(&mut self.cx, fetch_id, bytes),
        }
    }

    fn on_start_boxes(&mut self, fetch_id: u32, boxes: &[u8], media_bytes: u64) -> PlaybackResult {
        match &mut self.state {
            _ if !W::BY_HEADERS => Ok(()),
            PlaybackState::Idle => Ok(()),
            PlaybackState::Locating(locator) => {
                let located = locator.on_start_boxes(&mut self.cx, fetch_id, boxes, media_bytes)?;
                self.play(located)
            }
            PlaybackState::Playing(loader) => {
                loader.on_start_boxes(&mut self.cx, fetch_id, boxes, media_bytes)
            }
        }
    }

    fn play(&mut self, located: Option<LocatedSource<W>>) -> PlaybackResult {
        if let Some(located) = located {
            let time_ms = self.cx.position_ms;
            let loader = Loader::open(&mut self.cx, located, time_ms)?;
            self.state = PlaybackState::Playing(Box::new(loader));
        }
        Ok(())
    }

    /// Handles the end of a body (`is_body_end`), or a failed request.
    fn on_end(&mut self, fetch_id: u32, is_body_end: bool) -> PlaybackResult {
        match &mut self.state {
            PlaybackState::Idle => Ok(()),
            PlaybackState::Locating(locator) => {
                let located = locator.on_body_end(&mut self.cx, fetch_id)?;
                self.play(located)
            }
            PlaybackState::Playing(loader) if is_body_end && W::BY_HEADERS => {
                loader.on_body_end(&mut self.cx, fetch_id)
            }
            PlaybackState::Playing(loader) => {
                loader.on_failure(&mut self.cx, fetch_id, FaultCause::Network)
            }
        }
    }

    fn load(
        &mut self,
        step: impl FnOnce(&mut Loader<W>, &mut Context) -> PlaybackResult,
    ) -> PlaybackResult {
        let PlaybackState::Playing(loader) = &mut self.state else { return Ok(()) };
        step(loader, &mut self.cx)
    }

    fn on_seek(&mut self, time_ms: u64) -> PlaybackResult {
        self.cx.position_ms = time_ms;
        self.load(|loader, cx| loader.on_seek(cx, time_ms))
    }

    fn on_position(&mut self, time_ms: u64, playing: bool) -> PlaybackResult {
        let is_stalled = playing && self.playing && self.cx.position_ms == time_ms;
        self.playing = playing;
        let PlaybackState::Playing(loader) = &mut self.state else { return Ok(()) };
        let cx = &mut self.cx;
        cx.position_ms = time_ms;
        let gap = loader.end_of_gap(time_ms, limits::GAP_MS_MAX).filter(|_| is_stalled);
        if let Some(time_ms) = gap {
            cx.emit(Effect::Nudge { time_ms });
        }
        loader.on_position(cx)?;
        match self.watchdog.watch(cx.now_ms, time_ms, playing && !loader.is_waiting()) {
            Standing::Short => Ok(()),
            Standing::Nudge if gap.is_some() => Ok(()),
            // A later picture is not the one at this time: first it is looked for further back.
            Standing::Nudge
                if cx.back_ms > 0 || !source_buffer::lack_picture(&loader.buffers, time_ms) =>
            {
                let end_ms = loader.end_of_gap(time_ms, u64::MAX);
                let time_ms = end_ms.unwrap_or(time_ms.saturating_add(limits::NUDGE_MS));
                cx.emit(Effect::Nudge { time_ms });
                Ok(())
            }
            Standing::Nudge | Standing::Long => {
                let cause = FaultCause::Stalled(source_buffer::ranges(&loader.buffers));
                Err(PlaybackFault { cause, location: FaultLocation::Time { time_ms } })
            }
        }
    }

    fn on_online(&mut self, online: bool) {
        self.cx.offline = !online;
        if online {
            self.retry_now();
        }
    }

    fn retry_now(&mut self) {
        match &mut self.state {
            PlaybackState::Idle => {}
            PlaybackState::Locating(locator) => locator.retry_now(&mut self.cx),
            PlaybackState::Playing(loader) => loader.retry_now(&mut self.cx),
        }
    }

    fn on_resolved(&mut self, size: Option<u64>) {
        self.resolve_retry = None;
        if size.is_some() && self.cx.file.size.is_some() && size != self.cx.file.size {
            return self.apply_remedy(self.fault(FaultCause::FileChanged));
        }
        self.retry_now();
    }

    fn on_resolve_failed(&mut self, status: Option<u16>) -> PlaybackResult {
        let cause = FaultCause::Unresolved(status);
        let tries = self.resolve_retry.map_or(0, |retry| retry.tries);
        if cause.remedy(self.cx.retry_budget(tries)) != Remedy::Retry {
            return Err(self.fault(cause));
        }
        let wait_ms = (limits::RETRY_MS << tries.min(8)).min(limits::RETRY_MS_MAX);
        let at_ms = self.cx.now_ms + wait_ms;
        self.resolve_retry = Some(ResolveRetry { tries: tries + 1, at_ms });
        self.cx.emit(Effect::Waiting(self.fault(cause)));
        Ok(())
    }

    fn on_tick(&mut self) -> PlaybackResult {
        self.wake_at_ms = None;
        let now_ms = self.cx.now_ms;
        if let Some(retry) = self.resolve_retry.as_mut().filter(|retry| retry.at_ms <= now_ms) {
            retry.at_ms = retry.at_ms.saturating_add(limits::STALL_MS);
            self.cx.resolve();
        }
        match &mut self.state {
            PlaybackState::Idle => Ok(()),
            PlaybackState::Locating(locator) => {
                let located = locator.on_tick(&mut self.cx)?;
                self.play(located)
            }
            PlaybackState::Playing(loader) => loader.on_tick(&mut self.cx),
        }
    }

    fn set_alarm(&mut self) {
        let deadline_ms = match &self.state {
            PlaybackState::Idle => None,
            PlaybackState::Locating(locator) => locator.deadline_ms(),
            PlaybackState::Playing(loader) => loader.deadline_ms(),
        };
        let resolve_ms = self.resolve_retry.map(|retry| retry.at_ms);
        let Some(at_ms) = deadline_ms.into_iter().chain(resolve_ms).min() else { return };
        if self.wake_at_ms != Some(at_ms) {
            self.wake_at_ms = Some(at_ms);
            self.cx.emit(Effect::WakeAt { at_ms });
        }
    }

    /// A fault of this cause at the play position.
    const fn fault(&self, cause: FaultCause) -> PlaybackFault {
        PlaybackFault { cause, location: FaultLocation::Time { time_ms: self.cx.position_ms } }
    }

    fn apply_remedy(&mut self, mut fault: PlaybackFault) {
        let remedy = fault.cause.remedy(self.cx.retry_budget(limits::TRIES_MAX));
        self.stop();
        match remedy {
            Remedy::StartOver => {
                self.cx.start_overs += 1;
                if matches!(fault.cause, FaultCause::Decode | FaultCause::Stalled(_)) {
                    self.cx.undecoded_ms = Some(self.cx.position_ms);
                }
                if matches!(fault.cause, FaultCause::Stalled(_)) {
                    self.cx.back_ms = limits::BACK_MS;
                    self.cx.emit(Effect::Notice(fault));
                }
                self.cx.emit(Effect::StartOver { time_ms: self.cx.position_ms });
                self.locate(None);
            }
            Remedy::FallBack => self.cx.emit(Effect::FallBack(fault)),
            Remedy::Retry | Remedy::ReResolve | Remedy::Stop => {
                if matches!(fault.cause, FaultCause::Network) {
                    fault.cause = FaultCause::Unreachable;
                }
                self.cx.emit(Effect::Fail(fault));
            }
        }
    }

    fn stop(&mut self) {
        self.resolve_retry = None;
        match std::mem::replace(&mut self.state, PlaybackState::Idle) {
            PlaybackState::Idle => {}
            PlaybackState::Locating(mut locator) => locator.cancel(&mut self.cx),
            PlaybackState::Playing(mut loader) => loader.cancel(&mut self.cx),
        }
    }
}
