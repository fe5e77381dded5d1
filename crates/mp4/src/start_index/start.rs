//! What a start needs: who plays what, init segments, and windows with their headers.

use crate::error::{Error, Result};
use crate::limits::{WINDOW_MS_MAX, WINDOWS_MAX};
use crate::moov::index::Index;
use crate::moov::track::Track;
use crate::moov::track_header::TrackKind;
use crate::remux::init;
use crate::remux::plan::{self, Cursor, Selection, Window};

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// At the key frame at or before this time.
    Time(u64),
    /// Where a window ended.
    Cursor(Cursor),
}

/// What is asked for: so many windows, at most [`WINDOWS_MAX`], of about `span_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRequest {
    /// What plays.
    pub selection: Selection,
    /// Where to begin.
    pub from: StartPosition,
    /// How long a window is.
    pub span_ms: u64,
    /// How many windows.
    pub count: u32,
}

/// All that a page needs besides the film's own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// How long the film is.
    pub duration_ms: u64,
    /// When the first picture of the first window is shown.
    pub start_ms: u64,
    /// All tracks that play, to choose from.
    pub tracks: Vec<TrackSummary>,
    /// Of the chosen tracks, video first.
    pub inits: Vec<TrackInit>,
    /// They follow each other without a gap.
    pub windows: Vec<Window>,
}

/// A track to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSummary {
    /// Its number in the index.
    pub track: usize,
    /// What it holds.
    pub kind: TrackKind,
    /// ISO 639-2/T, or nothing.
    pub language: String,
    /// Pixels; 0 for audio.
    pub size: (u16, u16),
    /// Channels and samples a second; 0 for video.
    pub sound: (u16, u32),
    /// For a `SourceBuffer`.
    pub mime: String,
}

/// An initialization segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackInit {
    /// Whose.
    pub track: usize,
    /// The bytes to append first.
    pub segment: Vec<u8>,
}

impl StartRequest {
    pub(super) fn limited(self) -> Self {
        let (span_ms, count) = (self.span_ms.clamp(1, WINDOW_MS_MAX), self.count.min(WINDOWS_MAX));
        Self { span_ms, count, ..self }
    }
}

impl TrackSummary {
    pub(super) fn of(number: usize, track: &Track) -> Self {
        Self {
            track: number,
            kind: track.kind,
            language: track.language.clone().unwrap_or_default(),
            size: (track.width, track.height),
            sound: (track.channels, track.sample_rate),
            mime: track.mime(),
        }
    }
}

/// The answer of one who holds the whole `moov`.
pub fn plan_from_moov<B: AsRef<[u8]>>(index: &Index<B>, request: StartRequest) -> Result<Start> {
    let StartRequest { selection, from, span_ms, count } = request.limited();
    let (mut cursor, mut start_ms) = match from {
        StartPosition::Time(ms) => {
            let (cursor, start_ms) = plan::seek(index, selection, ms)?;
            (cursor, Some(start_ms))
        }
        StartPosition::Cursor(cursor) => (cursor, None),
    };
    let mut windows = Vec::new();
    for _ in 0..count {
        let Some(window) = plan::next(index, selection, cursor, span_ms)? else { break };
        cursor = window.next;
        start_ms = start_ms.or(Some(window.start_ms));
        let mut fragments = window.fetches.iter().flat_map(|fetch| &fetch.fragments);
        if fragments.any(|fragment| fragment.init != 0 || fragment.hole.is_some()) {
            let violation = "a start is of one sample description a track, and not encrypted";
            return Err(Error::file(0, violation));
        }
        windows.push(window);
    }
    let mut inits = Vec::new();
    for track in selection.video.into_iter().chain(selection.audio) {
        inits.push(TrackInit { track, segment: init::write(index, track)? });
    }
    let playable = index.tracks().iter().enumerate().filter(|(_, track)| track.playable.is_ok());
    Ok(Start {
        duration_ms: index.duration_ms(),
        start_ms: start_ms.unwrap_or(index.duration_ms()),
        tracks: playable.map(|(number, track)| TrackSummary::of(number, track)).collect(),
        inits,
        windows,
    })
}
