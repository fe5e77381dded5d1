//! Where playing begins, and which bytes come next.
//!
//! A window is about ten seconds of video by decoding time, and whatever audio lies among its
//! bytes. One request fetches both, as files are usually interleaved. The rule for all else: what
//! lies more than 256 KiB apart is fetched apart, and audio that lags more than 2 s behind its
//! video in the file is fetched by time from where it lies (`limits` says why so much).

use super::fragment::Fragment;
use super::interleave::sort;
use super::sample_iter;
use super::selected_track::{Piece, SelectedTrack};
use crate::error::{Error, Result};
use crate::limits::{AUDIO_LAG_MS_MAX, WINDOW_BYTES_MAX, WINDOW_MS_MAX, WINDOW_SAMPLES_MAX};
use crate::moov::index::Index;
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::moof_lookup::Next;
use crate::samples::tables::SampleId;

/// The tracks that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// A video track of the index.
    pub video: Option<usize>,
    /// An audio track of the index.
    pub audio: Option<usize>,
}

/// The next sample of each track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    video: SampleId,
    audio: SampleId,
    sequence: u32,
}

impl Cursor {
    /// The next sample of the video and of the audio by number, and in front of each where the
    /// `moof` lies that tells of it, or 0; then how many fragments came before.
    pub fn numbers(self) -> [u64; 5] {
        let Self { video, audio, sequence } = self;
        let [v, a, sequence] = [video.index, audio.index, sequence].map(u64::from);
        [video.moof, v, audio.moof, a, sequence]
    }

    /// Of such numbers.
    pub fn from_numbers([video, v, audio, a, sequence]: [u64; 5]) -> Self {
        let [v, a, sequence] = [v, a, sequence].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let place = |moof, index| SampleId { moof, index };
        Self { video: place(video, v), audio: place(audio, a), sequence }
    }
}

/// What is fetched and appended next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The requests, in order; usually one.
    pub fetches: Vec<Fetch>,
    /// Where the next window begins.
    pub next: Cursor,
    /// When its first picture (or sound, where there is no picture) is shown.
    pub start_ms: u64,
    /// When its last one is over.
    pub end_ms: u64,
    /// When its key frames are shown; none of sound, and none without the feature `keys`.
    pub keys_ms: Vec<u64>,
}

/// One closed range, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The bytes.
    pub range: ByteRange,
    /// What they are appended as: at most one a track.
    pub fragments: Vec<Fragment>,
}

/// What is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanTarget {
    /// [`seek`] to this time.
    Time(u64),
    /// [`next`] from here.
    Window(Cursor),
}

/// Which bytes of the file must be fed to the index before `wanted` can be planned: whole, by
/// [`Index::feed`], until this says none. A file that is not fragmented never needs any.
pub fn need<B: AsRef<[u8]>>(
    index: &Index<B>,
    selection: Selection,
    wanted: PlanTarget,
) -> Result<Option<ByteRange>> {
    let tracks = [
        SelectedTrack::of(index, selection.video, TrackKind::Video)?,
        SelectedTrack::of(index, selection.audio, TrackKind::Audio)?,
    ];
    let Some(moofs) = index.moofs() else { return Ok(None) };
    let mut need = None;
    // Where one track goes on, and far enough is known, the other one has its end or a hole.
    let mut far = false;
    match wanted {
        PlanTarget::Time(time_ms) => {
            let mut from_ms = time_ms;
            for selected in tracks.iter().flatten() {
                let (next, shown_ms) = selected.seek(from_ms)?;
                need = need.or(next.need());
                from_ms = shown_ms.min(time_ms);
            }
        }
        PlanTarget::Window(Cursor { video, audio, .. }) => {
            for (selected, place) in tracks.iter().zip([video, audio]) {
                let Some(selected) = selected else { continue };
                need = need
                    .or(selected.next(place).need())
                    .or_else(|| sample_iter::need(*selected, place));
                if let Some(at) = selected.at(place) {
                    far |= moofs.horizon_ms(place).saturating_sub(at) > 2 * AUDIO_LAG_MS_MAX;
                }
            }
        }
    }
    Ok(need.filter(|_| !far))
}

/// Where to begin for `time_ms`: the key frame at or before it, and the audio around that. Also
/// tells when that key frame is shown.
pub fn seek<B: AsRef<[u8]>>(
    index: &Index<B>,
    selection: Selection,
    time_ms: u64,
) -> Result<(Cursor, u64)> {
    let video = SelectedTrack::of(index, selection.video, TrackKind::Video)?;
    let audio = SelectedTrack::of(index, selection.audio, TrackKind::Audio)?;
    let mut cursor = Cursor { video: SampleId::default(), audio: SampleId::default(), sequence: 0 };
    let mut start_ms = time_ms;
    if let Some(selected) = video {
        (cursor.video, start_ms) = place(selected, selected.seek(time_ms)?)?;
    }
    if let Some(selected) = audio {
        // A delayed picture does not delay the sound.
        let found = selected.seek(start_ms.min(time_ms))?;
        let known = matches!(found.0, Next::Sample(_));
        let begin_ms = if known || video.is_none() {
            let begin_ms;
            (cursor.audio, begin_ms) = place(selected, found)?;
            begin_ms
        } else {
            // It may come behind the pictures in the file, or be over.
            cursor.audio = SampleId { index: 0, ..cursor.video };
            start_ms
        };
        if video.is_none() {
            start_ms = begin_ms;
        }
    }
    Ok((cursor, start_ms))
}

fn place(selected: SelectedTrack<'_>, (next, at_ms): (Next, u64)) -> Result<(SampleId, u64)> {
    let violation = match next {
        Next::Sample(place) => return Ok((place, at_ms)),
        Next::End => "track has no samples",
        Next::Need(_) => "moof boxes of this time are not fed yet: see plan::need",
    };
    Err(Error { track: Some(selected.index), path: "file", offset: 0, violation })
}

/// The window at `cursor`, of about `span_ms`; `None` at the end.
pub fn next<B: AsRef<[u8]>>(
    index: &Index<B>,
    selection: Selection,
    cursor: Cursor,
    span_ms: u64,
) -> Result<Option<Window>> {
    let video = SelectedTrack::of(index, selection.video, TrackKind::Video)?;
    let audio = SelectedTrack::of(index, selection.audio, TrackKind::Audio)?;
    window(video, audio, cursor, span_ms.clamp(1, WINDOW_MS_MAX))
}

fn window(
    video: Option<SelectedTrack<'_>>,
    audio: Option<SelectedTrack<'_>>,
    cursor: Cursor,
    span: u64,
) -> Result<Option<Window>> {
    let video = video.and_then(|selected| selected.at(cursor.video).map(|at| (selected, at)));
    let audio = audio.and_then(|selected| selected.at(cursor.audio).map(|at| (selected, at)));
    match (video, audio) {
        (None, None) => Ok(None),
        (Some((_, v)), Some((selected, a))) if a.saturating_add(span) < v => {
            alone(selected, cursor, a + span).map(Some)
        }
        (None, Some((selected, a))) => alone(selected, cursor, a + span).map(Some),
        (Some((selected, v)), audio) => {
            let pieces = by_time(selected, cursor.video, v + span)?;
            both(selected, pieces, audio.map(|(selected, _)| selected), cursor).map(Some)
        }
    }
}

/// Pieces of a track from sample `from` until `until_ms` or a limit.
fn by_time(selected: SelectedTrack<'_>, from: SampleId, until_ms: u64) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    for sample in selected.samples(from).take(WINDOW_SAMPLES_MAX) {
        let sample = sample?;
        let bytes: u64 = pieces.iter().map(|piece| piece.range.len()).sum();
        let full = bytes >= WINDOW_BYTES_MAX || selected.decoded_ms(&sample) >= until_ms;
        if !pieces.is_empty() && full || !Piece::add(&mut pieces, sample) {
            break;
        }
    }
    Ok(pieces)
}

/// A window of audio only.
fn alone(selected: SelectedTrack<'_>, cursor: Cursor, until_ms: u64) -> Result<Window> {
    let pieces = by_time(selected, cursor.audio, until_ms)?;
    let mut next = cursor;
    let (start_ms, end_ms) = shown(selected, &pieces);
    next.audio = after(&pieces, cursor.audio);
    let mut fetches = Vec::new();
    apart(&mut fetches, selected, &mut next.sequence, &pieces);
    Ok(Window { fetches, next, start_ms, end_ms, keys_ms: Vec::new() })
}

/// Fetches each of these pieces by itself.
#[inline(never)]
fn apart(
    fetches: &mut Vec<Fetch>,
    selected: SelectedTrack<'_>,
    sequence: &mut u32,
    pieces: &[Piece],
) {
    // Samples without a byte are nothing to ask for.
    for piece in pieces.iter().filter(|piece| !piece.range.is_empty()) {
        let fragments = vec![selected.fragment(sequence, piece, piece.range)];
        fetches.push(Fetch { range: piece.range, fragments });
    }
}

fn both(
    selected: SelectedTrack<'_>,
    mut pieces: Vec<Piece>,
    audio: Option<SelectedTrack<'_>>,
    cursor: Cursor,
) -> Result<Window> {
    let (start_ms, end_ms) = shown(selected, &pieces);
    let samples = pieces.iter().flat_map(|piece| &piece.samples);
    let keys = samples.filter(|sample| cfg!(feature = "keys") && sample.key);
    let keys_ms = keys.map(|key| selected.ms(key.pts)).collect();
    let mut next = cursor;
    next.video = after(&pieces, cursor.video);
    let until_ms = selected.at(next.video).unwrap_or(end_ms);
    let is_last = selected.next(next.video) == Next::End;
    let mut fetches = Vec::new();
    let Some(audio) = audio else {
        apart(&mut fetches, selected, &mut next.sequence, &pieces);
        return Ok(Window { fetches, next, start_ms, end_ms, keys_ms });
    };
    let enough_ms = if is_last { u64::MAX } else { until_ms.saturating_sub(AUDIO_LAG_MS_MAX) };
    let sorted = sort(audio, cursor.audio, &mut pieces, enough_ms, is_last)?;
    next.audio = sorted.next;
    let sequence = &mut next.sequence;
    apart(&mut fetches, audio, sequence, &sorted.before);
    for (piece, sound) in pieces.iter().zip(&sorted.among) {
        apart(&mut fetches, selected, sequence, std::slice::from_ref(piece));
        let sound = sound.as_ref().filter(|_| !piece.range.is_empty());
        if let Some((fetch, sound)) = fetches.last_mut().zip(sound) {
            fetch.fragments.push(audio.fragment(sequence, sound, piece.range));
        }
    }
    apart(&mut fetches, audio, sequence, &sorted.behind);
    Ok(Window { fetches, next, start_ms, end_ms, keys_ms })
}

fn after(pieces: &[Piece], from: SampleId) -> SampleId {
    let last = pieces.last().and_then(|piece| piece.samples.last());
    last.map_or(from, |sample| sample.id().next())
}

/// When the first of these samples is shown, and the last one over.
fn shown(selected: SelectedTrack<'_>, pieces: &[Piece]) -> (u64, u64) {
    let (mut start, mut end) = (None, 0);
    for sample in pieces.iter().flat_map(|piece| &piece.samples) {
        start = Some(start.map_or(sample.pts, |start: i64| start.min(sample.pts)));
        end = end.max(sample.pts + i64::from(sample.duration));
    }
    (selected.ms(start.unwrap_or(0)), selected.ms(end))
}
