//! Effects: every action that the pipeline requires of the driver.

use std::ops::Range;

use super::{BodyKind, MediaType, PlaybackFault, Request, TimeRange};

/// One action. Times are milliseconds of media time, except in [`Effect::WakeAt`].
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make a request.
    Fetch {
        /// Number of the request in inputs and effects; it is never used twice.
        fetch_id: u32,
        /// The request.
        request: Request,
        /// Who reads the body.
        body_kind: BodyKind,
    },
    /// Deliver the next piece of this body, once.
    Read {
        /// The request.
        fetch_id: u32,
    },
    /// Abort this request. The pipeline ignores later inputs for it.
    Cancel {
        /// The request.
        fetch_id: u32,
    },
    /// Ask the edge again for the URL of the episode's film.
    Resolve,
    /// Add all `SourceBuffer`s, before the first append, and set the duration.
    AddSourceBuffers {
        /// MIME type of the video, if the film has any.
        video: Option<String>,
        /// MIME type of the audio, if the film has any.
        audio: Option<String>,
        /// Length of the film.
        duration_ms: u64,
        /// Presentation time of the first frame that will be appended.
        begins_ms: u64,
        /// By how much all times of the film were moved to begin at 0.
        offset_ms: u64,
    },
    /// Append bytes, after all earlier appends to this buffer.
    Append {
        /// The buffer.
        media_type: MediaType,
        /// Number of aborts so far; comes back in [`Input::Appended`](super::Input::Appended).
        epoch: u32,
        /// The bytes.
        data: AppendData,
    },
    /// Append the refused bytes again.
    RetryAppend {
        /// The buffer.
        media_type: MediaType,
    },
    /// Drop the queued appends and reset the buffer's parser (`SourceBuffer.abort`). The driver no
    /// longer reports appends of older epochs.
    AbortAppend {
        /// The buffer.
        media_type: MediaType,
    },
    /// Remove media from a buffer (`SourceBuffer.remove`).
    Remove {
        /// The buffer.
        media_type: MediaType,
        /// The media time to remove.
        range: TimeRange,
    },
    /// Call `MediaSource.endOfStream` once every append is done.
    EndOfStream,
    /// Attach a new `MediaSource`: the file changed, or the element could not decode the media.
    StartOver {
        /// Where playback goes on.
        time_ms: u64,
    },
    /// Move the play position over a gap.
    Nudge {
        /// The new position.
        time_ms: u64,
    },
    /// Send [`Input::Tick`](super::Input::Tick) at this time. Replaces any earlier `WakeAt`.
    WakeAt {
        /// Milliseconds on the clock of [`Pipeline::handle`](super::Pipeline::handle).
        at_ms: u64,
    },
    /// Report a fault that may stall playback; the pipeline retries by itself.
    Waiting(PlaybackFault),
    /// Report that the film plays without its video or without its audio, and why.
    Notice(PlaybackFault),
    /// Give the URL to the browser's own player.
    FallBack(PlaybackFault),
    /// Report a fault that ends playback. No effect follows until the next
    /// [`Input::Open`](super::Input::Open).
    Fail(PlaybackFault),
}

/// Bytes to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendData {
    /// An init segment or the header of a fragment (`moof`, and the header of `mdat`).
    Header(Vec<u8>),
    /// A part of a piece. No other effect uses the piece afterwards, so its buffer may be
    /// transferred.
    Part {
        /// Number of the piece in [`Input::MediaBytes`](super::Input::MediaBytes).
        piece: u32,
        /// Which bytes of the piece.
        part: Range<u32>,
    },
    /// Parts of a piece, joined.
    Gather {
        /// Number of the piece in [`Input::MediaBytes`](super::Input::MediaBytes).
        piece: u32,
        /// Which bytes of the piece, in order.
        parts: Vec<Range<u32>>,
    },
}

impl AppendData {
    /// How many bytes are appended.
    pub fn len(&self) -> u64 {
        match self {
            Self::Header(bytes) => bytes.len() as u64,
            Self::Part { part, .. } => u64::from(part.end - part.start),
            Self::Gather { parts, .. } => parts.iter().map(|p| u64::from(p.end - p.start)).sum(),
        }
    }

    /// Whether nothing is appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
