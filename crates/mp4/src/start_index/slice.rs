//! A slice of the samples of a start index as an [`Index`] of its own, on which `crate::plan` runs.
//!
//! The samples are written as sample tables again, counted from the first one of the slice.

use super::block;
use super::head::{PackResult, StartIndex, StoredTrack};
use crate::boxes::write::{boxed, full, put, put_all, table};
use crate::boxes::{BoxAt, boxes};
use crate::error::Result;
use crate::limits::BLOCK_SAMPLES;
use crate::moov::index::Index;
use crate::moov::track::{Track, TrackMedia};
use crate::moov::track_boxes::TrackBoxes;
use crate::samples::tables::Sample;
use crate::timeline::track_timeline::Timeline;

/// Blocks of a track, from `from` up to, not including, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockSpan {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl BlockSpan {
    /// The number of its first sample in the whole track.
    pub(super) fn first(self, stored: &StoredTrack<'_>) -> u32 {
        stored.segment.first.saturating_add(self.from.saturating_mul(BLOCK_SAMPLES))
    }

    /// Its samples.
    pub(super) fn count(self, stored: &StoredTrack<'_>) -> u32 {
        let end = self.to.saturating_mul(BLOCK_SAMPLES);
        let end = stored.segment.first.saturating_add(end).min(stored.segment.end);
        end.saturating_sub(self.first(stored))
    }

    /// Whether it ends with the track.
    pub(super) fn is_last(self, stored: &StoredTrack<'_>) -> bool {
        self.to >= stored.blocks
    }
}

/// An index in which each of the `spans`' tracks has just these blocks. Tracks are named by their
/// place in [`StartIndex::tracks`].
pub(super) fn index(
    index: &StartIndex<'_>,
    packs: &[(u32, &[u8])],
    spans: &[(usize, BlockSpan)],
) -> PackResult<Index<Vec<u8>>> {
    let mut moov = Vec::new();
    let mut written = Vec::new();
    for &(track, span) in spans {
        let Some(stored) = index.tracks.get(track) else { continue };
        let samples = samples(index, packs, track, span)?;
        let start = moov.len();
        trak(&mut moov, &samples, stored.lists_keys);
        written.push((stored, span, samples.first().map_or(0, |s| s.dts), start));
    }
    let last =
        spans.iter().filter_map(|(track, _)| index.tracks.get(*track)).map(|s| s.number).max();
    let mut tracks: Vec<Track> = Vec::new();
    tracks.resize_with(last.map_or(0, |last| last + 1), || {
        Track::unplayable(crate::Unplayable::NoSamples)
    });
    for (stored, span, dts, start) in written {
        let segment = stored.segment.rebased(span.first(stored), span.count(stored), dts);
        let stream = stream(&moov, start, Timeline::of_segment(segment), stored.roll)?;
        if let Some(slot) = tracks.get_mut(stored.number) {
            *slot = track(stored, stream);
        }
    }
    Ok(Index::of(moov, tracks))
}

/// A track as far as planning looks at it.
fn track(stored: &StoredTrack<'_>, stream: TrackMedia) -> Track {
    Track {
        kind: stored.track.kind,
        timescale: stored.track.timescale,
        sample_rate: stored.track.sample_rate,
        playable: Ok(()),
        stream: Some(stream),
        ..Track::unplayable(crate::Unplayable::NoSamples)
    }
}

fn samples(
    index: &StartIndex<'_>,
    packs: &[(u32, &[u8])],
    track: usize,
    span: BlockSpan,
) -> PackResult<Vec<Sample>> {
    let mut samples = Vec::new();
    let Some(stored) = index.tracks.get(track) else { return Ok(samples) };
    for number in span.from..span.to.min(stored.blocks) {
        let block_span = BlockSpan { from: number, to: number + 1 };
        let block = index.block(packs, track, number)?;
        block::read(block, block_span.count(stored), &mut samples)?;
    }
    Ok(samples)
}

fn stream(moov: &[u8], start: usize, timeline: Timeline, roll: u32) -> Result<TrackMedia> {
    let none = BoxAt { kind: *b"none", start: 0, body: 0, end: 0 };
    let b = boxes(moov, start, moov.len(), "trak").next().transpose()?.unwrap_or(none);
    let tables = TrackBoxes::find(moov, b)?.tables(moov, false, &mut Vec::new())?;
    let (descriptions, aux) = (Vec::new(), None);
    Ok(TrackMedia { tables, timeline, roll, tkhd: none, mdhd: none, descriptions, aux })
}

/// Writes a `trak` box with nothing but sample tables.
fn trak(out: &mut Vec<u8>, samples: &[Sample], lists_keys: bool) {
    let stbl = |out: &mut Vec<u8>| {
        times(out, samples);
        if lists_keys {
            let number = (1_u32..).zip(samples).filter(|(_, s)| s.key);
            table(out, *b"stss", 0, number.map(|(number, _)| [number]));
        }
        full(out, *b"stsz", 0, 0, |out| {
            put_all(out, &[0, u32::try_from(samples.len()).unwrap_or(u32::MAX)]);
            for sample in samples {
                put(out, sample.size);
            }
        });
        chunks(out, samples);
    };
    boxed(out, *b"trak", |out| {
        boxed(out, *b"mdia", |out| boxed(out, *b"minf", |out| boxed(out, *b"stbl", stbl)));
    });
}

/// `stts`, and `ctts` where decoding and composition times differ.
fn times(out: &mut Vec<u8>, samples: &[Sample]) {
    table(out, *b"stts", 0, samples.iter().map(|s| [1, s.duration]));
    if samples.iter().any(|s| s.pts != s.dts) {
        table(out, *b"ctts", 1, samples.iter().map(|s| [1, offset(s)]));
    }
}

/// `stsc` and `co64`: a chunk for each run of samples that lie side by side.
fn chunks(out: &mut Vec<u8>, samples: &[Sample]) {
    let alike = |a: &Sample, b: &Sample| a.end() == b.offset && a.description == b.description;
    let chunks = || samples.chunk_by(alike);
    let entries = (1_u32..).zip(chunks()).map(|(number, chunk)| {
        let count = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        [number, count, chunk.first().map_or(1, |s| s.description)]
    });
    table(out, *b"stsc", 0, entries);
    let offsets = chunks().filter_map(|chunk| {
        let offset = chunk.first()?.offset;
        Some([(offset >> 32) as u32, (offset & 0xffff_ffff) as u32])
    });
    table(out, *b"co64", 0, offsets);
}

/// Composition time minus decoding time.
fn offset(sample: &Sample) -> u32 {
    i32::try_from(sample.pts - sample.dts).unwrap_or(0).cast_unsigned()
}
