//! Faults: cause and location, and the remedy for each cause.

use mp4::Unplayable;

use super::http::BodyKind;
use super::media_type::MediaType;
use super::time_range::TimeRange;

/// A fault as it is reported to the page, which has the sentences for viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackFault {
    /// The cause.
    pub cause: FaultCause,
    /// Where in the film or in its file.
    pub location: FaultLocation,
}

/// The result of handling an input; an error is a fault that ends or restarts playback.
pub(super) type PlaybackResult<T = ()> = Result<T, PlaybackFault>;

/// Where something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultLocation {
    /// At a time of the film.
    Time {
        /// Milliseconds from the film's beginning.
        time_ms: u64,
    },
    /// In the index (`moov`, `moof`), or in headers that the edge made of it.
    Index,
    /// In the top-level boxes of the file.
    Structure {
        /// Length of the file in bytes, if known.
        size: Option<u64>,
    },
    /// At a byte of the file that was being downloaded.
    Byte {
        /// Whether the byte was to be index or media.
        body_kind: BodyKind,
        /// Offset in the file.
        at: u64,
    },
    /// In the last bytes of the file, which were being downloaded.
    Tail {
        /// How many bytes.
        bytes: u64,
    },
}

/// Why something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCause {
    /// A request got no response, or its body was cut short.
    Network,
    /// All retries of a request failed with [`Self::Network`].
    Unreachable,
    /// The status code is none that a range request may expect.
    Status(u16),
    /// The server ignored `Range` and sent the whole file, which is too long to skip through.
    NoRanges,
    /// The file has no bytes.
    EmptyFile,
    /// The response has another range than the requested one, or too many bytes.
    UnexpectedResponse,
    /// Two responses belong to different versions of the file.
    FileChanged,
    /// The file breaks a rule of ISO/IEC 14496-12 without which it cannot be played.
    BadFile(mp4::Error),
    /// The index names a byte behind the end of the file.
    Truncated {
        /// Offset of that byte.
        at: u64,
        /// Length of the file in bytes.
        size: u64,
    },
    /// No `moov` was found within the allowed number of requests.
    IndexNotFound {
        /// How many requests were made.
        requests: u32,
    },
    /// `moov` is longer than the player accepts.
    IndexTooLarge {
        /// Length of `moov` in bytes.
        bytes: u64,
        /// Length that the player accepts, in bytes.
        max: u64,
    },
    /// The file is an MP4, but no track of it can be played through Media Source Extensions.
    Unplayable(Unplayable),
    /// The film has tracks of this type, and Media Source Extensions play none of them.
    MissingTrack {
        /// Their type.
        media_type: MediaType,
        /// What is wrong with the first of them.
        why: Unplayable,
    },
    /// This browser does not support the track's MIME type.
    Unsupported(MediaType),
    /// The buffer is too small for the group of pictures at the play position.
    BufferFull,
    /// The media element could not decode the media.
    Decode,
    /// A call to `MediaSource` or to a `SourceBuffer` failed.
    MediaSource,
    /// The play position stands still where it should not, and no data is under way; the ranges of the
    /// buffers.
    Stalled(Vec<(MediaType, TimeRange)>),
    /// The episode could not be resolved; the status code, if there was a response.
    Unresolved(Option<u16>),
}

/// The pipeline's reaction to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Make the request again after a pause.
    Retry,
    /// Resolve the episode again, then make the request at the new URL.
    ReResolve,
    /// Discard everything known of the file and begin again at the same position.
    StartOver,
    /// Give the URL to the browser's own player.
    FallBack,
    /// Report the fault and end playback.
    Stop,
}

/// The remedies that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RetryBudget {
    /// Further attempts at the same request.
    pub(super) tries_left: u32,
    /// Whether resolving the episode may give another URL.
    pub(super) can_resolve: bool,
    /// Whether decoding failed near this position before.
    pub(super) was_undecoded: bool,
    /// Further times that this playback may start over.
    pub(super) start_overs_left: u32,
}

impl FaultCause {
    /// The remedy for this cause, as far as `budget` allows.
    pub(super) fn remedy(&self, budget: RetryBudget) -> Remedy {
        match self {
            Self::Network
            | Self::Status(408 | 425 | 429 | 500 | 502..=504)
            | Self::Unresolved(None | Some(408 | 425 | 429 | 500 | 502..=504)) => {
                if budget.tries_left > 0 { Remedy::Retry } else { Remedy::Stop }
            }
            Self::Status(401 | 403 | 404 | 410) if budget.can_resolve => Remedy::ReResolve,
            Self::FileChanged if budget.start_overs_left > 0 => Remedy::StartOver,
            Self::Decode | Self::Stalled(_)
                if !budget.was_undecoded && budget.start_overs_left > 0 =>
            {
                Remedy::StartOver
            }
            // The browser's own player may have codecs that Media Source Extensions do not have, and
            // other limits. It plays a damaged film, or one that is cut off, up to there, and plays
            // video whose audio codec it does not support. Audio without its video is not what the
            // viewer chose: the element reports video that this player does not know either.
            Self::NoRanges
            | Self::Unplayable(Unplayable::Codec { .. })
            | Self::Unsupported(_)
            | Self::Stalled(_)
            | Self::Truncated { .. }
            | Self::BufferFull
            | Self::Decode
            | Self::MediaSource => Remedy::FallBack,
            Self::BadFile(error) if error.is_limit() => Remedy::FallBack,
            Self::Unplayable(_)
            | Self::MissingTrack { .. }
            | Self::Status(_)
            | Self::Unreachable
            | Self::EmptyFile
            | Self::UnexpectedResponse
            | Self::FileChanged
            | Self::BadFile(_)
            | Self::IndexNotFound { .. }
            | Self::IndexTooLarge { .. }
            | Self::Unresolved(_) => Remedy::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: RetryBudget =
        RetryBudget { tries_left: 3, can_resolve: true, was_undecoded: false, start_overs_left: 1 };
    const SPENT: RetryBudget =
        RetryBudget { tries_left: 0, can_resolve: false, was_undecoded: true, start_overs_left: 0 };

    #[test]
    fn each_cause_has_its_remedy_until_the_budget_is_spent() {
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
            (FaultCause::Unsupported(MediaType::Video), Remedy::FallBack, Remedy::FallBack),
            (FaultCause::Stalled(Vec::new()), Remedy::StartOver, Remedy::FallBack),
            (FaultCause::NoRanges, Remedy::FallBack, Remedy::FallBack),
            (FaultCause::Unresolved(None), Remedy::Retry, Remedy::Stop),
            (FaultCause::Unresolved(Some(404)), Remedy::Stop, Remedy::Stop),
            (FaultCause::Truncated { at: 2, size: 1 }, Remedy::FallBack, Remedy::FallBack),
            (FaultCause::EmptyFile, Remedy::Stop, Remedy::Stop),
        ];
        for (cause, full, spent) in cases {
            assert_eq!(cause.remedy(FULL), full, "{cause:?}, full budget");
            assert_eq!(cause.remedy(SPENT), spent, "{cause:?}, spent budget");
        }
    }
}
