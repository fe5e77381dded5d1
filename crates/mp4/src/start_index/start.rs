//! A start: the tracks, their initialization segments, and the first windows with their headers.

use crate::error::{Error, Result};
use crate::limits::{WINDOW_MS_MAX, WINDOWS_MAX};
use crate::moov::index::Index;
use crate::moov::track::Track;
use crate::moov::track_header::TrackKind;
use crate::remux::init;
use crate::remux::plan::{self, Cursor, Selection, Window};

/// Where the first window of a start begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// At the key frame at or before this presentation time, in milliseconds.
    Time(u64),
    /// Where another window ended: its [`Window::next`].
    Cursor(Cursor),
}

/// Which windows a start has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRequest {
    /// The tracks that play, by their numbers in the index.
    pub selection: Selection,
    /// Where the first window begins.
    pub from: StartPosition,
    /// Milliseconds of a window, about; clamped to 1..=[`WINDOW_MS_MAX`].
    pub span_ms: u64,
    /// How many windows; at most [`WINDOWS_MAX`], fewer at the end of the film.
    pub count: u32,
}

/// All that a player needs besides the film's own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Milliseconds of the whole film.
    pub duration_ms: u64,
    /// When the first frame of the first window is shown, in milliseconds.
    pub start_ms: u64,
    /// Milliseconds by which all times were moved to begin at 0.
    pub offset_ms: u64,
    /// All playable tracks of the film.
    pub tracks: Vec<TrackSummary>,
    /// For the selected tracks, video first.
    pub inits: Vec<TrackInit>,
    /// Consecutive windows without a gap.
    pub windows: Vec<Window>,
}

/// A playable track, for a choice of tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSummary {
    /// Its number in the index.
    pub track: usize,
    /// Video or audio.
    pub kind: TrackKind,
    /// ISO 639-2/T code; empty where it is unknown.
    pub language: String,
    /// Width and height in pixels; 0 for audio.
    pub size: (u16, u16),
    /// Channels, and samples a second; 0 for video.
    pub sound: (u16, u32),
    /// MIME type with codecs, for `addSourceBuffer` (RFC 6381).
    pub mime: String,
}

/// The initialization segment of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackInit {
    /// The track's number in the index.
    pub track: usize,
    /// `ftyp` and `moov`: the bytes to append first.
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

/// Plans a start from the whole `moov`.
///
/// Errors where `plan` does, and where a window would need a second sample description of a track, or
/// data of encrypted samples: the wire form carries neither.
pub fn plan_from_moov<B: AsRef<[u8]>>(index: &Index<B>, request: StartRequest) -> Result<Start> {
    let StartRequest { selection, from, span_ms, count } = request.limited();
    let (cursor, start_ms) = match from {
        StartPosition::Time(ms) => {
            let (cursor, start_ms) = plan::seek(index, selection, ms)?;
            (cursor, Some(start_ms))
        }
        StartPosition::Cursor(cursor) => (cursor, None),
    };
    let mut windows = Vec::new();
    plan_windows(index, selection, cursor, (span_ms, count), &mut windows)?;
    let start_ms = start_ms.or_else(|| windows.first().map(|window| window.start_ms));
    let mut inits = Vec::new();
    for track in selection.video.into_iter().chain(selection.audio) {
        inits.push(TrackInit { track, segment: init::write(index, track)? });
    }
    let playable = index.tracks().iter().enumerate().filter(|(_, track)| track.playable.is_ok());
    Ok(Start {
        duration_ms: index.duration_ms(),
        start_ms: start_ms.unwrap_or(index.duration_ms()),
        offset_ms: index.offset_ms(),
        tracks: playable.map(|(number, track)| TrackSummary::of(number, track)).collect(),
        inits,
        windows,
    })
}

fn plan_windows<B: AsRef<[u8]>>(
    index: &Index<B>,
    selection: Selection,
    mut cursor: Cursor,
    (span_ms, count): (u64, u32),
    windows: &mut Vec<Window>,
) -> Result<()> {
    for _ in 0..count {
        let Some(window) = plan::next(index, selection, cursor, span_ms)? else { break };
        cursor = window.next;
        let mut fragments = window.fetches.iter().flat_map(|fetch| &fetch.fragments);
        if fragments.any(|fragment| fragment.init != 0 || fragment.hole.is_some()) {
            let violation = "start covers a second sample description, or an encrypted track";
            return Err(Error::file(0, violation));
        }
        windows.push(window);
    }
    Ok(())
}
