//! What every part of the player shares: the time, the queue of effects, what is known of the file.

use std::collections::VecDeque;

use super::fault::{FaultCause, RetryBudget};
use super::http::ResponseHead;
use super::{Effect, limits};

/// Shared by the parts, owned by the pipeline.
#[derive(Debug, Default)]
pub struct Context {
    /// Time of the input being handled.
    pub(super) now_ms: u64,
    /// Effects that nobody has fetched yet.
    pub(super) effects: VecDeque<Effect>,
    /// Where the play head is.
    pub(super) position_ms: u64,
    /// Whether the browser says that there is no network.
    pub(super) offline: bool,
    /// Whether a new URL can be asked for.
    pub(super) address: Address,
    /// Whether the server ever gave a good answer. A wrong address and a forbidden origin look like a cut.
    pub(super) was_answered: bool,
    /// Times that playback began anew.
    pub(super) start_overs: u32,
    /// Where pictures did not decode.
    pub(super) undecoded_ms: Option<u64>,
    /// What is known of the file.
    pub(super) file: File,
    last_fetch: u32,
}

/// What is known of the film's URL.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// It was given, and no other is to be had.
    #[default]
    Given,
    /// It came from an episode, of which it can be asked again.
    Resolved,
    /// It was asked for again, and no byte came since.
    InDoubt,
}

/// What tells one file from another.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its length.
    pub(super) size: Option<u64>,
    validator: Option<u32>,
}

impl Context {
    /// Begins a new playback.
    pub(super) fn open(&mut self, start_ms: u64, resolvable: bool) {
        self.position_ms = start_ms;
        self.address = if resolvable { Address::Resolved } else { Address::Given };
        self.was_answered = false;
        self.start_overs = 0;
        self.undecoded_ms = None;
    }

    /// Queues an effect.
    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// A name for one more request.
    pub(super) const fn next_fetch(&mut self) -> u32 {
        self.last_fetch = self.last_fetch.wrapping_add(1);
        self.last_fetch
    }

    /// Takes note that bytes come from where they were asked of.
    pub(super) fn confirm_address(&mut self) {
        if self.address == Address::InDoubt {
            self.address = Address::Resolved;
        }
    }

    /// Asks where the episode is now.
    pub(super) fn resolve(&mut self) {
        self.address = Address::InDoubt;
        self.emit(Effect::Resolve);
    }

    /// What was tried, for a request that failed `tries` times in a row.
    pub(super) fn tried(&self, tries: u32) -> RetryBudget {
        let tries_max =
            if self.was_answered { limits::TRIES_MAX } else { limits::TRIES_MAX_UNANSWERED };
        let undecoded = self.undecoded_ms.map(|at| at.abs_diff(self.position_ms));
        RetryBudget {
            was_undecoded: undecoded.is_some_and(|ms| ms < limits::SAME_FAULT_MS),
            tries_left: tries_max.saturating_sub(tries),
            can_resolve: matches!(self.address, Address::Resolved),
            start_overs_left: limits::START_OVERS_MAX.saturating_sub(self.start_overs),
        }
    }
}

impl File {
    /// A file of which the catalogue told the length, or nothing.
    pub(super) const fn of_size(size: Option<u64>) -> Self {
        Self { size, validator: None }
    }

    /// Learns from an answer; an answer that cannot belong to the same file is refused.
    pub(super) fn agree(&mut self, head: &ResponseHead) -> Result<(), FaultCause> {
        let total = head.content_range.and_then(|range| range.total);
        let differs = |known: &Option<u64>| known.zip(total).is_some_and(|(a, b)| a != b);
        let other = self.validator.is_some()
            && head.validator.is_some()
            && self.validator != head.validator;
        if differs(&self.size) || other {
            return Err(FaultCause::FileChanged);
        }
        self.size = self.size.or(total);
        if self.validator.is_none() {
            self.validator = head.validator;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::ContentRange;
    use super::*;

    fn head(total: Option<u64>, validator: Option<u32>) -> ResponseHead {
        ResponseHead {
            status: 206,
            content_range: Some(ContentRange { range: None, total }),
            validator,
            ..ResponseHead::default()
        }
    }

    #[test]
    fn a_file_is_the_same_while_length_and_validator_are() {
        let mut file = File::default();
        assert_eq!(file.agree(&head(Some(10), Some(1))), Ok(()));
        assert_eq!(file.agree(&head(None, None)), Ok(()));
        assert_eq!(file.agree(&head(Some(10), Some(1))), Ok(()));
        assert_eq!(file.agree(&head(Some(11), Some(1))), Err(FaultCause::FileChanged));
        assert_eq!(file.agree(&head(Some(10), Some(2))), Err(FaultCause::FileChanged));
        assert_eq!(file.size, Some(10));
    }
}
