//! The samples of a fragmented film as those of a plain one: reads its `moof` boxes one after the other,
//! and no media, so that a [`Builder`](super::Builder) takes it.

use crate::boxes::header::Header;
use crate::boxes::{BoxAt, boxes};
use crate::error::{Error, Result, Unplayable};
use crate::limits::{
    HEAD_BYTES, MOOF_BYTES_MAX, MOOF_GUESS_BYTES, MOOV_BYTES_MAX, OFFSET_MS_MIN, SEGMENTS_MAX,
    START_INDEX_SAMPLES_MAX, TICKS_MAX, WALKED_BOXES_MAX,
};
use crate::moov::index::Index;
use crate::moov::track::{Track, TrackMedia, note};
use crate::moov::track_boxes::TrackBoxes;
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::gathered::Gathered;
use crate::samples::moof::{Moof, MoofTrack};
use crate::ticks::{self, rescale};
use crate::timeline::edit_list::MediaSpan;
use crate::timeline::sample_source::SampleSource;
use crate::timeline::track_timeline::Timeline;

const MANY_SAMPLES: &str = "tables of all samples are over 64 MiB, or over one sample a byte";

/// A walk over a fragmented film: feed what [`FragmentWalk::need`] asks for until that is `None`, then
/// call [`FragmentWalk::finish`].
#[derive(Debug)]
pub struct FragmentWalk {
    moov: Vec<u8>,
    tracks: Vec<Track>,
    /// The playable tracks, with their numbers.
    gathered: Vec<(usize, Gathered)>,
    /// For each of them.
    moof_tracks: Vec<MoofTrack>,
    file_size: u64,
    /// Offset of the next box, and how much of it is needed.
    at: u64,
    wanted: u64,
    boxes: u32,
    /// Whether the file ends within a fragment.
    is_cut: bool,
}

impl FragmentWalk {
    /// Of a film whose `moov` lies at `place`, in a file of this size.
    ///
    /// Errors where the film has samples in `moov` that an edit list shows in several segments, or more
    /// of them than a start index or the file has room for.
    pub fn new<B: AsRef<[u8]>>(index: Index<B>, place: ByteRange, file_size: u64) -> Result<Self> {
        let at = if place.start < HEAD_BYTES { place.end } else { 0 };
        let (mut gathered, mut moof_tracks, mut claimed) = (Vec::new(), Vec::new(), 0);
        if let Some(moofs) = index.moofs() {
            for (fragmented, moof_track) in moofs.tracks.iter().zip(&moofs.moof_tracks) {
                let number = fragmented.track;
                let track = index.tracks().get(number).filter(|track| track.playable.is_ok());
                let Some(stream) = track.and_then(|track| track.stream.as_ref()) else { continue };
                // A few bytes may claim billions.
                claimed += u64::from(stream.tables.count);
                if claimed > START_INDEX_SAMPLES_MAX.min(file_size) {
                    return Err(Error::file(place.start, MANY_SAMPLES));
                }
                gathered.push((number, samples_in_moov(index.moov(), stream)?));
                moof_tracks.push(*moof_track);
            }
        }
        let (moov, tracks) = index.into_parts();
        let moov = moov.as_ref().to_vec();
        let (wanted, boxes) = (MOOF_GUESS_BYTES, 0);
        let is_cut = false;
        Ok(Self { moov, tracks, gathered, moof_tracks, file_size, at, wanted, boxes, is_cut })
    }

    /// The bytes to feed next; `None` at the end of the file.
    pub fn need(&self) -> Option<ByteRange> {
        let end = self.at.saturating_add(self.wanted).min(self.file_size);
        (self.at < end).then_some(ByteRange { start: self.at, end })
    }

    /// Takes bytes of the file from `offset` on.
    ///
    /// Errors where a `moof` is broken, or a limit is exceeded. Samples behind the end of the file are
    /// left out.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        while let Some(rest) = self.at.checked_sub(offset)
            && let Some(rest) = bytes.get(usize::try_from(rest).unwrap_or(usize::MAX)..)
            && !rest.is_empty()
        {
            let left = self.file_size.saturating_sub(self.at);
            let Some(header) = Header::parse(rest) else {
                // Fewer bytes than a header at the end of the file are padding.
                self.at += if left <= rest.len() as u64 { left } else { 0 };
                return Ok(());
            };
            let size = header.size.unwrap_or(left);
            self.check(size)?;
            self.is_cut |= &header.kind == b"moof" && size > left;
            if &header.kind == b"moof" && size <= left {
                let whole = rest.get(..usize::try_from(size).unwrap_or(usize::MAX));
                let Some(moof) = whole else {
                    self.wanted = size;
                    return Ok(());
                };
                self.take(moof)?;
            }
            (self.at, self.wanted) = (self.at.saturating_add(size), MOOF_GUESS_BYTES);
        }
        Ok(())
    }

    fn check(&mut self, size: u64) -> Result<()> {
        let fault = |violation| Err(Error::file(self.at, violation));
        self.boxes += 1;
        match size {
            0..8 => fault("box is smaller than its header; § 4.2"),
            _ if self.boxes > WALKED_BOXES_MAX => fault("film is over 4,194,304 boxes"),
            _ => Ok(()),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 > MOOF_BYTES_MAX {
            return Err(Error::file(self.at, "moof is over 8 MiB"));
        }
        let start = |id| {
            let mut both = self.moof_tracks.iter().zip(&self.gathered);
            let found = both.find(|(moof_track, _)| moof_track.id == id);
            found.and_then(|(_, (_, gathered))| gathered.end()).unwrap_or(0)
        };
        let moof = Moof::new(self.at, bytes, &self.moof_tracks, start)?;
        for (moof_track, (number, gathered)) in self.moof_tracks.iter().zip(&mut self.gathered) {
            let is_intra = self.tracks.get(*number).is_some_and(is_intra);
            let mut follows_key = false;
            for sample in moof.samples(*moof_track, &self.moof_tracks) {
                let sample = sample?;
                if sample.end() > self.file_size {
                    self.is_cut = true;
                    break;
                }
                // Where marked key frames follow each other, all but the first may be none.
                gathered.add(sample, sample.key && (is_intra || !follows_key))?;
                follows_key = sample.key;
            }
        }
        self.check_size()
    }

    fn check_size(&self) -> Result<()> {
        let samples: u64 = self.gathered.iter().map(|(_, g)| u64::from(g.samples())).sum();
        let bytes: u64 = self.gathered.iter().map(|(_, g)| g.bytes()).sum();
        if samples > self.file_size || self.moov.len() as u64 + bytes > MOOV_BYTES_MAX {
            return Err(Error::file(self.at, MANY_SAMPLES));
        }
        Ok(())
    }

    /// The index of all samples; call it when nothing is needed any more.
    ///
    /// Errors where a video track has no key frame, or an edit list cannot be applied to all samples.
    pub fn finish(self) -> Result<Index<Vec<u8>>> {
        let Self { mut moov, mut tracks, gathered, is_cut, .. } = self;
        let offset_ms = beginning_ms(&tracks, &gathered);
        let mut placed = Vec::new();
        for (number, gathered) in &gathered {
            let is_video = tracks.get(*number).is_some_and(|track| track.kind == TrackKind::Video);
            if is_video && gathered.samples() > 0 && !gathered.has_keys() {
                return Err(
                    Error::file(0, "no sample of a video track is a key frame").in_track(*number)
                );
            }
            placed.push(moov.len());
            gathered.write(&mut moov, is_video && gathered.marks_keys());
        }
        for ((number, gathered), start) in gathered.iter().zip(placed) {
            if let Some(track) = tracks.get_mut(*number) {
                let set = set_tables(&moov, start, track, gathered, offset_ms);
                set.map_err(|e| e.in_track(*number))?;
                if is_cut {
                    note(&mut track.notes, "the film is cut off within its last fragment");
                }
            }
        }
        Ok(Index::of_gathered(moov, tracks, offset_ms))
    }
}

/// By how many milliseconds a film is moved, so that it begins at 0.
fn beginning_ms(tracks: &[Track], gathered: &[(usize, Gathered)]) -> u64 {
    let starts = gathered.iter().filter(|(_, gathered)| gathered.samples() > 0);
    let starts = starts.filter_map(|(number, gathered)| {
        let base = u64::try_from(gathered.base()).unwrap_or(0);
        Some(ticks::ms(base, tracks.get(*number)?.timescale))
    });
    starts.min().filter(|offset_ms| *offset_ms >= OFFSET_MS_MIN).unwrap_or(0)
}

/// Whether every picture, or every audio frame, can be decoded alone.
fn is_intra(track: &Track) -> bool {
    let intra = |stream: &TrackMedia| stream.descriptions.iter().all(|d| d.is_intra);
    track.kind != TrackKind::Video || track.stream.as_ref().is_some_and(intra)
}

/// The samples that `moov` describes, in front of all `moof` boxes.
fn samples_in_moov(moov: &[u8], stream: &TrackMedia) -> Result<Gathered> {
    let TrackMedia { tables, timeline, .. } = stream;
    let mut gathered = Gathered::default();
    let is_plain = match timeline.segments.as_slice() {
        [] => true,
        [segment] => segment.end == tables.count && segment.pts_shift == timeline.pts_shift,
        _ => false,
    };
    if !is_plain {
        return Err(Error::file(0, "samples in moov and in moof boxes have different edits"));
    }
    for sample in tables.walk(moov, 0, tables.count) {
        let sample = sample?;
        gathered.add(sample, sample.key)?;
    }
    Ok(gathered)
}

/// Gives a track its samples, in place of those that `moof` boxes describe.
fn set_tables(
    moov: &[u8],
    start: usize,
    track: &mut Track,
    gathered: &Gathered,
    offset_ms: u64,
) -> Result<()> {
    let is_video = track.kind == TrackKind::Video;
    let Some(stream) = &mut track.stream else { return Ok(()) };
    if gathered.samples() == 0 {
        (track.playable, track.stream) = (Err(Unplayable::NoSamples), None);
        return Ok(());
    }
    let whole = boxes(moov, start, moov.len(), "trak").next().transpose()?;
    let whole = whole.unwrap_or(BoxAt { kind: *b"trak", start, body: start, end: start });
    stream.tables = TrackBoxes::find(moov, whole)?.tables(moov, false, &mut Vec::new())?;
    let source = SampleSource { data: moov, tables: &stream.tables, is_video };
    let offset = rescale(offset_ms, 1000, track.timescale).min(TICKS_MAX).cast_signed();
    stream.timeline = plain_timeline(source, &stream.timeline, gathered.base() - offset)?;
    let until = u64::try_from(stream.timeline.until).unwrap_or(0);
    track.duration_ms = rescale(until, track.timescale, 1000);
    track.sample_count = stream.tables.count;
    Ok(())
}

/// The timeline of samples in tables, which begin at 0: the edit says what the first `tfdt`, `base`, does.
fn plain_timeline(source: SampleSource<'_>, before: &Timeline, base: i64) -> Result<Timeline> {
    let Timeline { begins_at, pts_shift, .. } = *before;
    let from = begins_at - pts_shift - base;
    let media_span =
        MediaSpan { begins_at: begins_at + (-from).max(0), from: from.max(0), ..MediaSpan::WHOLE };
    let timeline = Timeline::new(source, &[media_span], false, &mut { SEGMENTS_MAX });
    timeline.map_err(|why| Error::file(0, why))
}
