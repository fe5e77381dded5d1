//! State that every part of the pipeline shares: the time, the effect queue, the file's identity.

use std::collections::VecDeque;

use super::fault::RetryBudget;
use super::file_identity::FileIdentity;
use super::{Effect, limits};

/// Owned by the pipeline, lent to its parts with every input.
#[derive(Debug, Default)]
pub struct Context {
    /// Time of the input that is being handled.
    pub(super) now_ms: u64,
    /// Effects that the driver has not yet polled.
    pub(super) effects: VecDeque<Effect>,
    /// The play position.
    pub(super) position_ms: u64,
    /// Whether the browser reports that it is offline.
    pub(super) offline: bool,
    /// Whether the film's URL can be resolved again.
    pub(super) url_state: UrlState,
    /// Whether any request got a usable response. Before that, a network error may also mean a
    /// wrong address or an origin that CORS forbids.
    pub(super) was_answered: bool,
    /// How often this playback started over.
    pub(super) start_overs: u32,
    /// How much further back than to the key frame playback begins: set once a position was found
    /// without a picture, because the index may call pictures key frames that are none.
    pub(super) back_ms: u64,
    /// The position at which decoding failed last, or playback stood.
    pub(super) undecoded_ms: Option<u64>,
    /// The viewer's languages (ISO 639-2/T), the best one first.
    pub(super) languages: Vec<String>,
    /// The file that is being played.
    pub(super) file: FileIdentity,
    last_fetch_id: u32,
}

/// Where the film's URL came from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlState {
    /// The page gave the URL; there is no other.
    #[default]
    Fixed,
    /// The edge resolved an episode to the URL, and can do so again.
    Resolved,
    /// The episode was resolved again, and no byte has come since.
    InDoubt,
}

impl Context {
    /// Resets the state of one playback.
    pub(super) fn open(&mut self, start_ms: u64, resolvable: bool) {
        self.position_ms = start_ms;
        self.url_state = if resolvable { UrlState::Resolved } else { UrlState::Fixed };
        self.was_answered = false;
        self.start_overs = 0;
        self.back_ms = 0;
        self.undecoded_ms = None;
    }

    /// The time from whose key frame on `time_ms` is decoded.
    pub(super) const fn decode_from(&self, time_ms: u64) -> u64 {
        time_ms.saturating_sub(self.back_ms)
    }

    /// Queues an effect.
    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// A number for a new request.
    pub(super) const fn next_fetch_id(&mut self) -> u32 {
        self.last_fetch_id = self.last_fetch_id.wrapping_add(1);
        self.last_fetch_id
    }

    /// Notes that the current URL delivers bytes, so that it may be resolved again later.
    pub(super) fn confirm_url(&mut self) {
        if self.url_state == UrlState::InDoubt {
            self.url_state = UrlState::Resolved;
        }
    }

    /// Resolves the episode again.
    pub(super) fn resolve(&mut self) {
        self.url_state = UrlState::InDoubt;
        self.emit(Effect::Resolve);
    }

    /// The remedies left for a request that failed `tries` times in a row.
    pub(super) fn retry_budget(&self, tries: u32) -> RetryBudget {
        let tries_max =
            if self.was_answered { limits::TRIES_MAX } else { limits::TRIES_MAX_UNANSWERED };
        let undecoded = self.undecoded_ms.map(|at| at.abs_diff(self.position_ms));
        RetryBudget {
            was_undecoded: undecoded.is_some_and(|ms| ms < limits::SAME_FAULT_MS),
            tries_left: tries_max.saturating_sub(tries),
            can_resolve: matches!(self.url_state, UrlState::Resolved),
            start_overs_left: limits::START_OVERS_MAX.saturating_sub(self.start_overs),
        }
    }
}
