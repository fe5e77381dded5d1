//! What can go wrong, what is done about it, and what a person is told of it.

use mp4::Unplayable;

use super::{BodyKind, MediaType};

/// What a person is told of: what, and where. The host has the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackFault {
    /// What went wrong.
    pub cause: FaultCause,
    /// Where in the film or in its file.
    pub location: FaultLocation,
}

/// Where something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultLocation {
    /// At a time of the film.
    Time {
        /// Which one.
        time_ms: u64,
    },
    /// In the index.
    Index,
    /// In the structure of the file, whose length may be known.
    Structure {
        /// Length of the file.
        size: Option<u64>,
    },
    /// At a byte that was being fetched.
    Byte {
        /// AppendData for.
        body_kind: BodyKind,
        /// Which one.
        at: u64,
    },
    /// In the last bytes of the file, which were being fetched.
    Tail {
        /// How many.
        bytes: u64,
    },
}

/// Why something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCause {
    /// No answer, or an answer that broke off.
    Network,
    /// No answer, for long.
    Unreachable,
    /// A status that is no answer to a range request.
    Status(u16),
    /// The whole file came for a part of it.
    NoRanges,
    /// The file has no bytes.
    EmptyFile,
    /// Another range than the one asked for.
    UnexpectedResponse,
    /// Two answers belong to different files.
    FileChanged,
    /// The bytes are no MP4 that can be played.
    BadFile(mp4::Error),
    /// The index tells of a byte that the file does not have.
    Truncated {
        /// The byte.
        at: u64,
        /// Length of the file.
        size: u64,
    },
    /// The index was not found within so many requests.
    IndexNotFound {
        /// How many.
        requests: u32,
    },
    /// The index has more bytes than are taken.
    IndexTooLarge {
        /// How many.
        bytes: u64,
        /// How many are taken.
        max: u64,
    },
    /// The file is an MP4, but nothing in it is for browsers.
    Unplayable(Unplayable),
    /// This browser takes no such media.
    Unsupported(MediaType),
    /// Not one group of pictures fits the browser's buffer.
    BufferFull,
    /// The media element gave up.
    Decode,
    /// `MediaSource` refused a step.
    MediaSource,
    /// The episode could not be resolved; the status, if there was one.
    Unresolved(Option<u16>),
}

/// What is done about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Make the request again, later.
    Retry,
    /// Ask where the episode is now, then make the request again.
    ReResolve,
    /// Forget all that is known of the file and begin anew from the same time.
    StartOver,
    /// Give the URL to the browser's own player.
    FallBack,
    /// Tell the person.
    Stop,
}

/// What was tried already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RetryBudget {
    /// Requests in a row without a byte.
    pub(super) tries_left: u32,
    /// Whether asking where the episode is could tell something new.
    pub(super) can_resolve: bool,
    /// Whether pictures did not decode at this place before.
    pub(super) was_undecoded: bool,
    /// Times that playback may still begin anew.
    pub(super) start_overs_left: u32,
}

impl FaultCause {
    /// What to do next.
    pub(super) fn remedy(&self, tried: RetryBudget) -> Remedy {
        match self {
            Self::Network
            | Self::Status(408 | 425 | 429 | 500 | 502..=504)
            | Self::Unresolved(None | Some(408 | 425 | 429 | 500 | 502..=504)) => {
                if tried.tries_left > 0 { Remedy::Retry } else { Remedy::Stop }
            }
            Self::Status(401 | 403 | 404 | 410) if tried.can_resolve => Remedy::ReResolve,
            Self::FileChanged if tried.start_overs_left > 0 => Remedy::StartOver,
            Self::Decode if !tried.was_undecoded && tried.start_overs_left > 0 => Remedy::StartOver,
            // The browser's own player plays a damaged film up to the damage, and pictures whose
            // sound it has no decoder for; sound without its pictures would not be what was asked.
            Self::NoRanges
            | Self::Unsupported(MediaType::Audio)
            | Self::BufferFull
            | Self::Decode
            | Self::MediaSource => Remedy::FallBack,
            Self::Unplayable(_)
            | Self::Unsupported(MediaType::Video)
            | Self::Status(_)
            | Self::Unreachable
            | Self::EmptyFile
            | Self::UnexpectedResponse
            | Self::FileChanged
            | Self::BadFile(_)
            | Self::Truncated { .. }
            | Self::IndexNotFound { .. }
            | Self::IndexTooLarge { .. }
            | Self::Unresolved(_) => Remedy::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: RetryBudget =
        RetryBudget { tries_left: 3, can_resolve: true, was_undecoded: false, start_overs_left: 1 };
    const TIRED: RetryBudget =
        RetryBudget { tries_left: 0, can_resolve: false, was_undecoded: true, start_overs_left: 0 };

    #[test]
    fn each_cause_has_its_remedy_until_it_is_used_up() {
        let cases = [
            (FaultCause::Network, Remedy::Retry, Remedy::Stop),
            (FaultCause::Status(503), Remedy::Retry, Remedy::Stop),
            (FaultCause::Status(429), Remedy::Retry, Remedy::Stop),
            (FaultCause::Status(404), Remedy::ReResolve, Remedy::Stop),
            (FaultCause::Status(403), Remedy::ReResolve, Remedy::Stop),
            (FaultCause::Status(416), Remedy::Stop, Remedy::Stop),
            (FaultCause::Status(501), Remedy::Stop, Remedy::Stop),
            (FaultCause::FileChanged, Remedy::StartOver, Remedy::Stop),
            (FaultCause::Decode, Remedy::StartOver, Remedy::FallBack),
            (FaultCause::Unsupported(MediaType::Audio), Remedy::FallBack, Remedy::FallBack),
            (FaultCause::Unsupported(MediaType::Video), Remedy::Stop, Remedy::Stop),
            (FaultCause::NoRanges, Remedy::FallBack, Remedy::FallBack),
            (FaultCause::Unresolved(None), Remedy::Retry, Remedy::Stop),
            (FaultCause::Unresolved(Some(404)), Remedy::Stop, Remedy::Stop),
            (FaultCause::Truncated { at: 2, size: 1 }, Remedy::Stop, Remedy::Stop),
            (FaultCause::EmptyFile, Remedy::Stop, Remedy::Stop),
        ];
        for (cause, fresh, tired) in cases {
            assert_eq!(cause.remedy(FRESH), fresh, "{cause:?}, fresh");
            assert_eq!(cause.remedy(TIRED), tired, "{cause:?}, tired");
        }
    }
}
