//! Inputs: everything that can happen to the player.

use super::{MediaType, ResponseHead, TimeRange};

/// One event. Times are milliseconds of media time, lengths are bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Playback of a film begins. The driver knows the film's URL.
    Open {
        /// Where playback begins.
        start_ms: u64,
        /// Length of the file, if the catalog has it.
        size: Option<u64>,
        /// Whether the URL came from an episode, so that the driver can resolve it again.
        resolvable: bool,
    },
    /// The viewer's languages (ISO 639-2/T), the best one first. It comes before [`Self::Open`].
    Languages(Vec<String>),
    /// The head of a response arrived.
    Head {
        /// The request, by its number in [`Effect::Fetch`](super::Effect::Fetch).
        fetch_id: u32,
        /// The head.
        head: ResponseHead,
    },
    /// The boxes in front of the media bytes of a [`Start`](super::Request::Start) response
    /// arrived.
    StartBoxes {
        /// The request.
        fetch_id: u32,
        /// The boxes, in the format of `mp4::start_index::encode`.
        boxes: Vec<u8>,
        /// How many media bytes follow in the same body.
        media_bytes: u64,
    },
    /// The next bytes of an [`Index`](super::BodyKind::Index) body arrived.
    IndexBytes {
        /// The request.
        fetch_id: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The next bytes of a [`Media`](super::BodyKind::Media) body arrived; the driver has them.
    MediaBytes {
        /// The request.
        fetch_id: u32,
        /// Number by which effects refer to these bytes.
        piece: u32,
        /// How many bytes.
        len: u32,
    },
    /// The body of a response ended.
    BodyEnded {
        /// The request.
        fetch_id: u32,
    },
    /// A request failed: there was no connection, or the body was cut short.
    FetchFailed {
        /// The request.
        fetch_id: u32,
    },
    /// The episode was resolved again; the driver has the new URL.
    Resolved {
        /// Length of the file, if the catalog has it.
        size: Option<u64>,
    },
    /// The episode could not be resolved.
    ResolveFailed {
        /// HTTP status code; `None` without a response.
        status: Option<u16>,
    },
    /// The viewer seeks.
    Seek {
        /// The new position.
        time_ms: u64,
    },
    /// The play position, reported at intervals and when playback pauses or goes on.
    Position {
        /// The position.
        time_ms: u64,
        /// Whether the element is not paused, so that the position should advance.
        playing: bool,
    },
    /// A `SourceBuffer` finished an append.
    Appended {
        /// The buffer.
        media_type: MediaType,
        /// The epoch of the append.
        epoch: u32,
        /// How many bytes were appended.
        bytes: u32,
        /// The buffer's ranges now.
        buffered: Vec<TimeRange>,
    },
    /// A `SourceBuffer` finished an [`Effect::Remove`](super::Effect::Remove).
    Removed {
        /// The buffer.
        media_type: MediaType,
        /// The buffer's ranges now.
        buffered: Vec<TimeRange>,
    },
    /// A `SourceBuffer` refused an append with `QuotaExceededError`. The refused bytes stay first
    /// in the driver's queue.
    QuotaExceeded {
        /// The buffer.
        media_type: MediaType,
        /// The epoch of the append.
        epoch: u32,
    },
    /// `MediaSource.addSourceBuffer` refused the MIME type.
    Unsupported {
        /// The buffer.
        media_type: MediaType,
    },
    /// A call to `MediaSource` or to a `SourceBuffer` failed.
    MediaSourceFailed,
    /// The media element reported an error, which means that it could not decode the media.
    MediaElementFailed,
    /// The browser went online (`true`) or offline (`false`).
    Online(bool),
    /// The time that the last [`Effect::WakeAt`](super::Effect::WakeAt) named has come.
    Tick,
}
