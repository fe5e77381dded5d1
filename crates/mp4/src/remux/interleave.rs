//! Sorts a window's audio: what lies among its video bytes, and what needs separate requests.

use super::selected_track::{Piece, SelectedTrack};
use crate::error::Result;
use crate::limits::{GAP_BYTES_MAX, WINDOW_BYTES_MAX, WINDOW_SAMPLES_MAX};
use crate::samples::tables::{Sample, SampleId};

/// The audio of a window, sorted by where it lies in the file.
pub(crate) struct Sorted {
    pub(crate) before: Vec<Piece>,
    /// For each piece of video, the audio among its bytes.
    pub(crate) among: Vec<Option<Piece>>,
    pub(crate) behind: Vec<Piece>,
    pub(crate) next: SampleId,
}

/// Sorts the audio from sample `from` on: samples among the video's bytes are taken whenever they are
/// heard; others take separate requests, up to those heard at `enough_ms`.
pub(crate) fn sort(
    audio: SelectedTrack<'_>,
    from: SampleId,
    pieces: &mut [Piece],
    enough_ms: u64,
    is_last: bool,
) -> Result<Sorted> {
    let among = pieces.iter().map(|_| None).collect();
    let mut sorted = Sorted { before: Vec::new(), among, behind: Vec::new(), next: from };
    let mut at = 0;
    for sample in audio.samples(from).take(WINDOW_SAMPLES_MAX) {
        let sample = sample?;
        let place = place(&sample, pieces, at, &sorted, is_last);
        let taken = match place {
            Some(i) => {
                at = i;
                among_video(&sample, i, pieces, &mut sorted.among)
            }
            None if audio.decoded_ms(&sample) >= enough_ms => false,
            None if sorted.among.iter().all(Option::is_none) => {
                Piece::add(&mut sorted.before, sample)
            }
            None => Piece::add(&mut sorted.behind, sample),
        };
        if !taken {
            break;
        }
        sorted.next = sample.id().next();
    }
    Ok(sorted)
}

/// The piece, from number `from` on, among whose bytes a sample lies.
fn place(
    sample: &Sample,
    pieces: &[Piece],
    from: usize,
    sorted: &Sorted,
    is_last: bool,
) -> Option<usize> {
    if !sorted.behind.is_empty() {
        return None;
    }
    let fits = |(i, piece): (usize, &Piece)| {
        // The request for the last video also fetches the audio right behind it.
        let last = is_last && i + 1 == pieces.len();
        let slack = if last && piece.range.len() < WINDOW_BYTES_MAX { GAP_BYTES_MAX } else { 0 };
        let found = sorted.among.get(i).and_then(Option::as_ref);
        let follows = found.and_then(|found| found.samples.last()).is_none_or(|before| {
            before.end() <= sample.offset
                && before.description == sample.description
                && before.segment == sample.segment
                && before.dts <= sample.dts
        });
        let start = piece.range.start.saturating_sub(GAP_BYTES_MAX);
        let inside = sample.offset >= start && sample.end() <= piece.range.end + slack;
        inside && follows
    };
    pieces.iter().enumerate().skip(from).find(|found| fits(*found)).map(|(i, _)| i)
}

/// Adds a sample to the audio of a piece, whose range grows with it.
fn among_video(
    sample: &Sample,
    number: usize,
    pieces: &mut [Piece],
    among: &mut [Option<Piece>],
) -> bool {
    let (Some(piece), Some(sound)) = (pieces.get_mut(number), among.get_mut(number)) else {
        return false;
    };
    let joined = match sound {
        Some(sound) => sound.join(*sample).is_ok(),
        None => sound.insert(Piece::of(*sample)).samples.len() == 1,
    };
    if !joined {
        return false;
    }
    piece.range.start = piece.range.start.min(sample.offset);
    piece.range.end = piece.range.end.max(sample.end());
    true
}
