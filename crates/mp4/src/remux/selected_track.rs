//! A track that is played, and pieces of its samples that one request fetches.

use super::fragment::{self, Fragment, Target};
use super::init;
use crate::error::{Error, Result};
use crate::limits::{GAP_BYTES_MAX, PIECES_MAX, TICKS_MAX, WINDOW_BYTES_MAX};
use crate::moov::index::Index;
use crate::moov::sample_description;
use crate::moov::track::{Track, TrackMedia};
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::cenc::AuxInfo;
use crate::samples::moof_lookup::Next;
use crate::samples::moof_store::MoofStore;
use crate::samples::tables::{Sample, SampleId};
use crate::ticks::{self, rescale};
use crate::timeline::sample_source::SampleSource;

/// A track that is played, with what its samples are read from.
#[derive(Clone, Copy)]
pub(crate) struct SelectedTrack<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) index: usize,
    pub(crate) track: &'a Track,
    pub(crate) stream: &'a TrackMedia,
    /// The `moof` boxes with its further samples, and its place among the tracks there.
    pub(crate) moofs: Option<(&'a MoofStore, usize)>,
}

/// Samples of a track in their order, near enough in the file for one request.
pub(crate) struct Piece {
    pub(crate) range: ByteRange,
    pub(crate) samples: Vec<Sample>,
}

impl<'a> SelectedTrack<'a> {
    pub(crate) fn of<B: AsRef<[u8]>>(
        index: &'a Index<B>,
        chosen: Option<usize>,
        kind: TrackKind,
    ) -> Result<Option<Self>> {
        let Some(number) = chosen else { return Ok(None) };
        let (track, stream) = init::playable_track(index.tracks(), number)?;
        if track.kind != kind {
            let violation = "track is not of this kind";
            return Err(Error { track: Some(number), path: "trak", offset: 0, violation });
        }
        Ok(Some(Self::new(index, number, track, stream)))
    }

    /// For a track of cues.
    pub(crate) fn of_text<B: AsRef<[u8]>>(index: &'a Index<B>, number: usize) -> Option<Self> {
        let track = index.tracks().get(number).filter(|track| track.text.is_some())?;
        Some(Self::new(index, number, track, track.stream.as_ref()?))
    }

    fn new<B: AsRef<[u8]>>(
        index: &'a Index<B>,
        number: usize,
        track: &'a Track,
        stream: &'a TrackMedia,
    ) -> Self {
        let moofs = index.moofs().and_then(|moofs| Some((moofs, moofs.slot(number)?)));
        Self { data: index.moov(), index: number, track, stream, moofs }
    }

    pub(crate) fn source(&self) -> SampleSource<'a> {
        let is_video = self.track.kind == TrackKind::Video;
        SampleSource { data: self.data, tables: &self.stream.tables, is_video }
    }

    /// Milliseconds of a presentation time.
    #[inline(never)]
    pub(crate) fn ms(&self, ticks: i64) -> u64 {
        let ticks = u64::try_from(ticks).unwrap_or(0).min(TICKS_MAX);
        ticks::ms(ticks, self.track.timescale)
    }

    /// A presentation time in ticks.
    pub(crate) fn ticks(&self, ms: u64) -> i64 {
        rescale(ms, 1000, self.track.timescale).min(TICKS_MAX).cast_signed()
    }

    /// The sample `id`, or what comes instead of it.
    pub(crate) fn next(&self, place: SampleId) -> Next {
        if place.moof == 0 && self.stream.timeline.segment(place).is_some() {
            return Next::Sample(place);
        }
        self.moofs.map_or(Next::End, |(moofs, slot)| moofs.at(slot, place))
    }

    pub(crate) fn decoded_ms(&self, sample: &Sample) -> u64 {
        self.ms(sample.decoded)
    }

    pub(crate) fn fragment(
        &self,
        sequence: &mut u32,
        piece: &Piece,
        fetched: ByteRange,
    ) -> Fragment {
        *sequence = sequence.wrapping_add(1);
        let is_video = self.track.kind == TrackKind::Video;
        let first = piece.samples.first();
        let described = first.map_or(1, |sample| sample.description);
        let (init, description) = sample_description::init_of(&self.stream.descriptions, described);
        let target = Target {
            track: self.index,
            number: init::track_id(self.index),
            sequence: *sequence,
            is_video,
            init,
            description,
            aux: self.aux(piece, described),
        };
        fragment::write(&target, &piece.samples, fetched, is_video)
    }

    /// The auxiliary information of encrypted samples.
    fn aux(&self, piece: &Piece, described: u32) -> Option<AuxInfo> {
        if !cfg!(feature = "cenc") {
            return None;
        }
        let TrackMedia { aux, descriptions, tables, timeline, .. } = self.stream;
        let cipher = sample_description::cipher_of(descriptions, described)?;
        let mut joined: Option<AuxInfo> = None;
        for samples in piece.samples.chunk_by(|a, b| a.moof == b.moof) {
            let first = samples.first()?;
            let count = u32::try_from(samples.len()).ok()?;
            let next = if let Some((_, segment)) = timeline.segment(first.id()) {
                let range = (segment.sample(first.index), count);
                aux.as_ref()?.of_samples(self.data, Some(&tables.stsc), 0, range)?
            } else {
                let (moofs, slot) = self.moofs?;
                let moof =
                    moofs.known_from(first.moof).first().filter(|moof| moof.at == first.moof)?;
                moof.aux(moofs.moof_tracks.get(slot)?, (first.index, count), cipher.iv_len)?
            };
            joined = match joined {
                Some(before) => Some(before.join(next)?),
                None => Some(next),
            };
        }
        joined
    }
}

impl Piece {
    pub(crate) fn of(sample: Sample) -> Self {
        Self { range: ByteRange { start: sample.offset, end: sample.end() }, samples: vec![sample] }
    }

    /// Adds a sample that lies next in the file, within the gap limit, with the same description.
    pub(crate) fn take(&mut self, sample: Sample) -> Result<(), Sample> {
        let near = self.range.len() < WINDOW_BYTES_MAX
            && sample.offset >= self.range.end
            && sample.offset - self.range.end <= GAP_BYTES_MAX;
        if !near {
            return Err(sample);
        }
        self.join(sample)?;
        self.range.end = self.range.end.max(sample.end());
        Ok(())
    }

    /// Adds a sample that may follow the others in one fragment.
    pub(crate) fn join(&mut self, sample: Sample) -> Result<(), Sample> {
        let Some(last) = self.samples.last_mut() else {
            self.samples.push(sample);
            return Ok(());
        };
        let after = sample.dts - last.dts;
        let follows = after == i64::from(last.duration) || after > 0;
        if !follows || last.segment != sample.segment || last.description != sample.description {
            return Err(sample);
        }
        // A fragment of the source may begin a little later than the previous one ends.
        match u32::try_from(after) {
            Ok(duration) => last.duration = duration,
            Err(_) => return Err(sample),
        }
        self.samples.push(sample);
        Ok(())
    }

    /// Adds a sample to the last piece, or begins a new one; false where that is one too many.
    pub(crate) fn add(pieces: &mut Vec<Self>, sample: Sample) -> bool {
        let left = match pieces.last_mut() {
            Some(last) => last.take(sample),
            None => Err(sample),
        };
        match left {
            Ok(()) => true,
            Err(sample) if pieces.len() < PIECES_MAX => {
                pieces.push(Self::of(sample));
                true
            }
            Err(_) => false,
        }
    }
}
