//! Everything that can happen to the player.

use super::{MediaType, ResponseHead, TimeRange};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A film is to be played. The driver knows its URL.
    Open {
        /// Where playback begins.
        start_ms: u64,
        /// Length of the file, where the catalogue told it.
        size: Option<u64>,
        /// Whether the URL came from an episode, so that it can be asked for again.
        resolvable: bool,
    },
    /// A request got its answer's head.
    Head {
        /// Which request.
        fetch_id: u32,
        /// What it said.
        head: ResponseHead,
    },
    /// What a start has in front of the film's bytes came.
    StartBoxes {
        /// Which request.
        fetch_id: u32,
        /// Boxes of the wire form.
        boxes: Vec<u8>,
        /// How many bytes of the film come behind them.
        media_bytes: u64,
    },
    /// Bytes of an index request.
    IndexBytes {
        /// Which request.
        fetch_id: u32,
        /// The next bytes of its body.
        bytes: Vec<u8>,
    },
    /// Bytes of a media request came: how many, not which.
    MediaBytes {
        /// Which request.
        fetch_id: u32,
        /// Name by which effects speak of these bytes.
        piece: u32,
        /// How many.
        len: u32,
    },
    /// The body of a request is over.
    BodyEnded {
        /// Which request.
        fetch_id: u32,
    },
    /// A request broke: no connection, or cut in its body.
    FetchFailed {
        /// Which request.
        fetch_id: u32,
    },
    /// The episode was resolved again; the driver has the new URL.
    Resolved {
        /// Length of the file, where told.
        size: Option<u64>,
    },
    /// The episode could not be resolved; the status, or none without an answer.
    ResolveFailed {
        /// HTTP status.
        status: Option<u16>,
    },
    /// The person went to another place.
    Seek {
        /// The place.
        time_ms: u64,
    },
    /// Where the play head is.
    Position {
        /// The place.
        time_ms: u64,
        /// Whether it should be moving.
        playing: bool,
    },
    /// A buffer took bytes.
    Appended {
        /// Which buffer.
        media_type: MediaType,
        /// The epoch of the append.
        epoch: u32,
        /// How many bytes.
        bytes: u32,
        /// What the buffer holds now.
        buffered: Vec<TimeRange>,
    },
    /// A buffer removed what it was told to.
    Removed {
        /// Which buffer.
        media_type: MediaType,
        /// What the buffer holds now.
        buffered: Vec<TimeRange>,
    },
    /// A buffer is full; the refused bytes stay at the front of its queue.
    QuotaExceeded {
        /// Which buffer.
        media_type: MediaType,
        /// The epoch of the append.
        epoch: u32,
    },
    /// The browser takes no such media.
    Unsupported {
        /// Pictures or sound.
        media_type: MediaType,
    },
    /// `MediaSource` refused a step.
    MediaSourceFailed,
    /// The media element gave up on what it was given.
    MediaElementFailed,
    /// The network went or came, as far as the browser can tell.
    Online(bool),
    /// A time asked for by [`Effect::WakeAt`](super::Effect::WakeAt) is there.
    Tick,
}
