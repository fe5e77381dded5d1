//! Plans playback: where it begins, and which bytes to fetch and append next.
//!
//! A window is about ten seconds of video by decoding time, and the audio that lies among its bytes:
//! files are usually interleaved, so one request fetches both. Bytes that lie more than 256 KiB apart
//! take separate requests, and so does audio that lags more than 2 s behind its video in the file
//! ([`crate::limits`] has the reasons).

use super::fragment::Fragment;
use super::interleave::sort;
use super::sample_iter;
use super::selected_track::{Piece, SelectedTrack};
use crate::error::{Error, Result};
use crate::limits::{
    AUDIO_LAG_MS_MAX, REORDER_MAX, WINDOW_BYTES_MAX, WINDOW_MS_MAX, WINDOW_SAMPLES_MAX,
};
use crate::moov::index::Index;
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::moof_lookup::Next;
use crate::samples::tables::SampleId;

/// The tracks that are played, by their numbers in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// A video track.
    pub video: Option<usize>,
    /// An audio track.
    pub audio: Option<usize>,
}

/// A position in the film: the next sample of each track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    video: SampleId,
    audio: SampleId,
    sequence: u32,
}

impl Cursor {
    /// As numbers: for video, then audio, the offset of the sample's `moof` (0: it is in `moov`) and
    /// the sample's number; last the number of fragments before.
    pub fn numbers(self) -> [u64; 5] {
        let Self { video, audio, sequence } = self;
        let [v, a, sequence] = [video.index, audio.index, sequence].map(u64::from);
        [video.moof, v, audio.moof, a, sequence]
    }

    /// The cursor of such numbers.
    pub fn from_numbers([video, v, audio, a, sequence]: [u64; 5]) -> Self {
        let [v, a, sequence] = [v, a, sequence].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let id = |moof, index| SampleId { moof, index };
        Self { video: id(video, v), audio: id(audio, a), sequence }
    }
}

/// A span of the film: what to fetch and append next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The range requests, in order; usually one.
    pub fetches: Vec<Fetch>,
    /// Where the next window begins.
    pub next: Cursor,
    /// When its first video frame is shown, or without video its first audio is heard; milliseconds.
    pub start_ms: u64,
    /// When its last one ends, in milliseconds.
    pub end_ms: u64,
    /// When its video key frames are shown, in milliseconds; empty without the feature `keys`.
    pub keys_ms: Vec<u64>,
}

/// One range request, and the fragments its bytes become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The bytes.
    pub range: ByteRange,
    /// The fragments to append, at most one for each track.
    pub fragments: Vec<Fragment>,
}

/// What is to be planned: the argument of [`need`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanTarget {
    /// [`seek`] to this time, in milliseconds.
    Time(u64),
    /// [`next`] from here.
    Window(Cursor),
}

/// The bytes to feed to the index ([`Index::feed`]) before `target` can be planned; call it again
/// until it returns `None`. A file that is not fragmented never needs any.
///
/// Errors where the selection is wrong, or `moof` boxes are broken.
pub fn need<B: AsRef<[u8]>>(
    index: &Index<B>,
    selection: Selection,
    target: PlanTarget,
) -> Result<Option<ByteRange>> {
    let tracks = [
        SelectedTrack::of(index, selection.video, TrackKind::Video)?,
        SelectedTrack::of(index, selection.audio, TrackKind::Audio)?,
    ];
    let Some(moofs) = index.moofs() else { return Ok(None) };
    let mut need = None;
    // Where one track is known far enough ahead, the other one has ended or has a gap.
    let mut far = false;
    match target {
        PlanTarget::Time(time_ms) => {
            let mut from_ms = time_ms;
            need = moofs.length_need();
            for selected in tracks.iter().flatten() {
                let (next, shown_ms) = selected.seek(from_ms)?;
                need = need.or_else(|| Some(moofs.nearer(next.need()?, from_ms)));
                from_ms = shown_ms.min(time_ms);
            }
        }
        PlanTarget::Window(Cursor { video, audio, .. }) => {
            for (selected, id) in tracks.iter().zip([video, audio]) {
                let Some(selected) = selected else { continue };
                need = need
                    .or(selected.next(id).need().map(|need| moofs.several(need)))
                    .or_else(|| sample_iter::need(*selected, id));
                if let Some(at) = selected.decoded_at(id) {
                    far |= moofs.horizon_ms(id).saturating_sub(at) > 2 * AUDIO_LAG_MS_MAX;
                }
            }
        }
    }
    Ok(need.filter(|_| !far))
}

/// Where to begin for `time_ms`: at the key frame at or before it, and the audio around that. Also
/// returns when that key frame is shown, in milliseconds.
///
/// Errors where the selection is wrong, or bytes that [`need`] asked for were not fed.
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
        (cursor.video, start_ms) = known_sample(selected, selected.seek(time_ms)?)?;
    }
    if let Some(selected) = audio {
        // A delayed picture does not delay the sound.
        let found = selected.seek(start_ms.min(time_ms))?;
        let known = matches!(found.0, Next::Sample(_));
        let begin_ms = if known || video.is_none() {
            let begin_ms;
            (cursor.audio, begin_ms) = known_sample(selected, found)?;
            begin_ms
        } else {
            // Its samples may lie behind the video in the file, or have ended.
            cursor.audio = SampleId { index: 0, ..cursor.video };
            start_ms
        };
        if video.is_none() {
            start_ms = begin_ms;
        }
    }
    Ok((cursor, start_ms))
}

fn known_sample(
    selected: SelectedTrack<'_>,
    (next, at_ms): (Next, u64),
) -> Result<(SampleId, u64)> {
    let violation = match next {
        Next::Sample(id) => return Ok((id, at_ms)),
        Next::End => "track has no samples",
        Next::Need(_) => "moof boxes of this time are not fed yet: see plan::need",
    };
    Err(Error { track: Some(selected.index), path: "file", offset: 0, violation })
}

/// The window at `cursor`, of about `span_ms` milliseconds (1..=[`WINDOW_MS_MAX`]); `None` at the end.
///
/// Errors where the selection is wrong, or sample tables or `moof` boxes are broken.
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
    let video =
        video.and_then(|selected| selected.decoded_at(cursor.video).map(|at| (selected, at)));
    let audio =
        audio.and_then(|selected| selected.decoded_at(cursor.audio).map(|at| (selected, at)));
    match (video, audio) {
        (None, None) => Ok(None),
        (Some((_, v)), Some((selected, a))) if a.saturating_add(span) < v => {
            audio_window(selected, cursor, a + span).map(Some)
        }
        (None, Some((selected, a))) => audio_window(selected, cursor, a + span).map(Some),
        (Some((selected, v)), audio) => {
            let pieces = pieces_by_time(selected, cursor.video, v + span)?;
            let audio = audio.map(|(selected, _)| selected);
            video_window(selected, pieces, audio, cursor, v + 2 * span).map(Some)
        }
    }
}

/// Pieces of a track from sample `from` up to `until_ms` or a limit.
fn pieces_by_time(
    selected: SelectedTrack<'_>,
    from: SampleId,
    until_ms: u64,
) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut latest, mut late) = (i64::MIN, 0);
    for sample in selected.samples(from).take(WINDOW_SAMPLES_MAX) {
        let sample = sample?;
        let bytes: u64 = pieces.iter().map(|piece| piece.range.len()).sum();
        let full = bytes >= WINDOW_BYTES_MAX || selected.decoded_ms(&sample) >= until_ms;
        // Firefox lets a picture last until the next one in its fragment, and a seek to one between them
        // would show the wrong one: those that are shown before another one come with it.
        let is_between = sample.pts < latest && late < REORDER_MAX;
        let ends = full && !is_between && !pieces.is_empty();
        late += u32::from(full);
        latest = latest.max(sample.pts);
        if ends || !Piece::add(&mut pieces, sample) {
            break;
        }
    }
    Ok(pieces)
}

/// A window of audio only.
fn audio_window(selected: SelectedTrack<'_>, cursor: Cursor, until_ms: u64) -> Result<Window> {
    let pieces = pieces_by_time(selected, cursor.audio, until_ms)?;
    let mut next = cursor;
    let (start_ms, end_ms) = shown(selected, &pieces);
    next.audio = after(&pieces, cursor.audio);
    let mut fetches = Vec::new();
    fetch_each(&mut fetches, selected, &mut next.sequence, &pieces);
    Ok(Window { fetches, next, start_ms, end_ms, keys_ms: Vec::new() })
}

/// Adds a fetch for each of these pieces.
#[inline(never)]
fn fetch_each(
    fetches: &mut Vec<Fetch>,
    selected: SelectedTrack<'_>,
    sequence: &mut u32,
    pieces: &[Piece],
) {
    // Samples without a byte need no request.
    for piece in pieces.iter().filter(|piece| !piece.range.is_empty()) {
        let fragments = vec![selected.fragment(sequence, piece, piece.range)];
        fetches.push(Fetch { range: piece.range, fragments });
    }
}

fn video_window(
    selected: SelectedTrack<'_>,
    mut pieces: Vec<Piece>,
    audio: Option<SelectedTrack<'_>>,
    cursor: Cursor,
    until_max_ms: u64,
) -> Result<Window> {
    let (start_ms, end_ms) = shown(selected, &pieces);
    let samples = pieces.iter().flat_map(|piece| &piece.samples);
    let keys = samples.filter(|sample| cfg!(feature = "keys") && sample.key);
    let keys_ms = keys.map(|key| selected.ms(key.pts)).collect();
    let mut next = cursor;
    next.video = after(&pieces, cursor.video);
    // A picture may last for long; its sound comes with later windows.
    let until_ms = selected.decoded_at(next.video).unwrap_or(end_ms).min(until_max_ms);
    let is_last = selected.next(next.video) == Next::End;
    let mut fetches = Vec::new();
    let Some(audio) = audio else {
        fetch_each(&mut fetches, selected, &mut next.sequence, &pieces);
        return Ok(Window { fetches, next, start_ms, end_ms, keys_ms });
    };
    // Without their sound, pictures that are shown long after they are decoded do not play.
    let end_ms = if is_last { end_ms } else { end_ms.min(until_ms + AUDIO_LAG_MS_MAX) };
    let enough_ms = if is_last { u64::MAX } else { until_ms.saturating_sub(AUDIO_LAG_MS_MAX) };
    let sorted = sort(audio, cursor.audio, &mut pieces, enough_ms, is_last)?;
    next.audio = sorted.next;
    let sequence = &mut next.sequence;
    fetch_each(&mut fetches, audio, sequence, &sorted.before);
    for (piece, sound) in pieces.iter().zip(&sorted.among) {
        fetch_each(&mut fetches, selected, sequence, std::slice::from_ref(piece));
        let sound = sound.as_ref().filter(|_| !piece.range.is_empty());
        if let Some((fetch, sound)) = fetches.last_mut().zip(sound) {
            fetch.fragments.push(audio.fragment(sequence, sound, piece.range));
        }
    }
    fetch_each(&mut fetches, audio, sequence, &sorted.behind);
    Ok(Window { fetches, next, start_ms, end_ms, keys_ms })
}

fn after(pieces: &[Piece], from: SampleId) -> SampleId {
    let last = pieces.last().and_then(|piece| piece.samples.last());
    last.map_or(from, |sample| sample.id().next())
}

/// When the first of these samples is shown, and when the last one ends.
fn shown(selected: SelectedTrack<'_>, pieces: &[Piece]) -> (u64, u64) {
    let (mut start, mut end) = (None, 0);
    for sample in pieces.iter().flat_map(|piece| &piece.samples) {
        start = Some(start.map_or(sample.pts, |start: i64| start.min(sample.pts)));
        end = end.max(sample.pts + i64::from(sample.duration));
    }
    (selected.ms(start.unwrap_or(0)), selected.ms(end))
}
