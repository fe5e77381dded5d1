//! Everything that the player can ask for.

use std::ops::Range;

use super::{MediaType, PlaybackFault, Request};

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make a request.
    Fetch {
        /// Name of the request in inputs and effects; never used twice.
        fetch_id: u32,
        /// AppendData for.
        request: Request,
        /// Who reads its body.
        body_kind: BodyKind,
    },
    /// Hand over the next piece of this body, once.
    Read {
        /// Which request.
        fetch_id: u32,
    },
    /// Stop this request; nothing more is wanted of it.
    Cancel {
        /// Which request.
        fetch_id: u32,
    },
    /// Ask again where the episode is.
    Resolve,
    /// Make the buffers, all of them before the first append, and set the duration.
    AddSourceBuffers {
        /// MIME type of the video, if there is one.
        video: Option<String>,
        /// MIME type of the audio, if there is one.
        audio: Option<String>,
        /// Length of the film.
        duration_ms: u64,
        /// When its first picture that will be there is shown.
        begins_ms: u64,
    },
    /// Put bytes into a buffer, behind those already told.
    Append {
        /// Which buffer.
        media_type: MediaType,
        /// Goes up with every abort; comes back in [`Input::Appended`](super::Input::Appended).
        epoch: u32,
        /// Which bytes.
        data: AppendData,
    },
    /// Try the refused bytes again.
    RetryAppend {
        /// Which buffer.
        media_type: MediaType,
    },
    /// Forget what waits to be appended and reset the buffer's parser. Nothing of an older epoch is
    /// reported any more.
    AbortAppend {
        /// Which buffer.
        media_type: MediaType,
    },
    /// Remove a part of a buffer.
    Remove {
        /// Which buffer.
        media_type: MediaType,
        /// Which part.
        range: super::TimeRange,
    },
    /// Once everything told is appended: that was all.
    EndOfStream,
    /// Begin with new buffers: the file is another one, or the element gave up on the old ones.
    StartOver {
        /// Where to go on.
        time_ms: u64,
    },
    /// Step over a small gap.
    Nudge {
        /// Where to.
        time_ms: u64,
    },
    /// Send [`Input::Tick`](super::Input::Tick) at this time; replaces any earlier one.
    WakeAt {
        /// On the clock of the inputs.
        at_ms: u64,
    },
    /// Playback may stop soon, for this reason; the player goes on by itself.
    Waiting(PlaybackFault),
    /// Something is missing, and playback goes on without it.
    Notice(PlaybackFault),
    /// Let the browser's own player have the URL.
    FallBack(PlaybackFault),
    /// That is the end; nothing more will be asked for.
    Fail(PlaybackFault),
}

/// Who reads a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// The player: these bytes are handed over.
    Index,
    /// A buffer: only their count is told.
    Media,
}

/// Bytes to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendData {
    /// Made here: an init segment or the header of a fragment.
    Header(Vec<u8>),
    /// This part of a piece, which nobody else needs from now on.
    Part {
        /// Name of the piece.
        piece: u32,
        /// Which part of it.
        part: Range<u32>,
    },
    /// These parts of a piece, one behind the other.
    Gather {
        /// Name of the piece.
        piece: u32,
        /// Which parts of it.
        parts: Vec<Range<u32>>,
    },
}

impl AppendData {
    /// How many bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Header(bytes) => bytes.len() as u64,
            Self::Part { part, .. } => u64::from(part.end - part.start),
            Self::Gather { parts, .. } => parts.iter().map(|p| u64::from(p.end - p.start)).sum(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
