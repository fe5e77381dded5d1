//! Makes the stored form: packs one after the other, and then the head that knows where all is.

use super::head::{self, KeyFrame};
use super::{block, pack};
use crate::error::{Error, Result};
use crate::limits::{BLOCK_SAMPLES, KEYS_MAX, PACK_BYTES_MAX, PACKS_MAX};
use crate::moov::index::Index;
use crate::moov::track_header::TrackKind;
use crate::remux::init;
use crate::remux::selected_track::SelectedTrack;
use crate::samples::tables::Sample;
use crate::timeline::edit_segment::EditSegment;

/// Goes through a film once; holds one pack at a time.
pub struct Builder<'a, B> {
    index: &'a Index<B>,
    tracks: Vec<TrackWriter<'a>>,
    packs: Vec<Vec<(u32, u64)>>,
    keys: Vec<KeyFrame>,
    /// Milliseconds from one key frame of the map to the next, at least.
    spacing_ms: u64,
}

/// A track on its way.
struct TrackWriter<'a> {
    selected: SelectedTrack<'a>,
    segment: &'a EditSegment,
    numbers: [i64; 8],
    /// The next sample.
    next: u32,
    /// Blocks in all packs before.
    blocks: u32,
}

impl<'a, B: AsRef<[u8]>> Builder<'a, B> {
    /// For all tracks of a film that play. Refused is what is no film of samples side by side: one
    /// with `moof` boxes, one whose edits jump, one whose descriptions change.
    pub fn new(index: &'a Index<B>) -> Result<Self> {
        let fault = |violation| Err(Error::file(0, violation));
        if index.is_fragmented() {
            return fault("a film that is stored has no moof boxes");
        }
        let mut tracks = Vec::new();
        for (i, track) in index.tracks().iter().enumerate() {
            if track.playable.is_err() {
                continue;
            }
            let Some(selected) = SelectedTrack::of(index, Some(i), track.kind)? else { continue };
            let [segment] = selected.stream.timeline.segments.as_slice() else {
                return fault("a film that is stored has no edits that jump");
            };
            if selected.stream.tables.undeclared > 0 {
                return fault("a film that is stored says which pictures are key frames");
            }
            if selected.stream.descriptions.len() > 1 {
                return fault("a film that is stored has one sample description a track");
            }
            let Some(numbers) = segment.numbers() else {
                return fault("a film that is stored has no picture that stands still");
            };
            tracks.push(TrackWriter { selected, segment, numbers, next: segment.first, blocks: 0 });
        }
        if tracks.is_empty() {
            return fault("a film that is stored has a track that plays");
        }
        Ok(Self { index, tracks, packs: Vec::new(), keys: Vec::new(), spacing_ms: 0 })
    }

    /// The next pack, of at most [`PACK_BYTES_MAX`] bytes; `None` behind the last.
    pub fn next_pack(&mut self) -> Result<Option<Vec<u8>>> {
        let mut tracks: Vec<Vec<Vec<u8>>> = self.tracks.iter().map(|_| Vec::new()).collect();
        let held: Vec<_> = self.tracks.iter().map(TrackWriter::held).collect();
        let mut bytes = 16 + 3 * tracks.len();
        while let Some(i) = self.earliest() {
            let (Some(writer), Some(blocks)) = (self.tracks.get(i), tracks.get_mut(i)) else {
                break;
            };
            let samples = writer.samples()?;
            let block = block::write(&samples, writer.back());
            bytes += pack::cost(&block);
            if bytes > PACK_BYTES_MAX && held != self.held() {
                break;
            }
            blocks.push(block);
            self.advance(i, &samples);
        }
        if held == self.held() {
            return Ok(None);
        }
        let number = self.packs.len() as u64;
        if number == PACKS_MAX {
            return Err(Error::file(0, "a film has at most 1,024 packs"));
        }
        self.packs.push(held);
        Ok(Some(pack::write(u32::try_from(number).unwrap_or(u32::MAX), &tracks)))
    }

    /// The head, of at most [`PACK_BYTES_MAX`] bytes, once all packs are made.
    pub fn head(&self) -> Result<Vec<u8>> {
        let mut tracks = Vec::with_capacity(self.tracks.len());
        for TrackWriter { selected, numbers, .. } in &self.tracks {
            let init = init::write(self.index, selected.index)?;
            tracks.push((selected.index, selected.track, *numbers, init));
        }
        let head = head::write(self.index.duration_ms(), &tracks, &self.packs, &self.keys);
        if head.len() > PACK_BYTES_MAX {
            return Err(Error::file(
                0,
                "what is told of a film's tracks has at most 900,000 bytes",
            ));
        }
        Ok(head)
    }

    fn held(&self) -> Vec<(u32, u64)> {
        self.tracks.iter().map(TrackWriter::held).collect()
    }

    /// The track whose next sample is decoded first.
    fn earliest(&self) -> Option<usize> {
        let unfinished =
            self.tracks.iter().enumerate().filter(|(_, writer)| writer.next < writer.segment.end);
        let at = |writer: &TrackWriter<'_>| {
            writer.selected.ms(writer.segment.decoded(writer.selected.source(), writer.next))
        };
        unfinished.min_by_key(|(_, writer)| at(writer)).map(|(i, _)| i)
    }

    fn advance(&mut self, i: usize, samples: &[Sample]) {
        let is_lead =
            Some(i) == self.tracks.iter().position(|l| l.selected.track.kind == TrackKind::Video);
        let Some(writer) = self.tracks.get_mut(i) else { return };
        writer.next += u32::try_from(samples.len()).unwrap_or(0);
        writer.blocks += 1;
        if is_lead {
            let (selected, segment) = (writer.selected, writer.segment);
            for sample in samples.iter().filter(|sample| sample.key) {
                let time_ms = selected.ms((sample.pts + segment.shift).max(segment.delay));
                self.key_frame(KeyFrame { time_ms, offset: sample.offset });
            }
        }
    }

    /// Adds to the map; where they are many, only as many as it may have.
    fn key_frame(&mut self, key: KeyFrame) {
        if self.keys.len() == KEYS_MAX {
            self.spacing_ms = (self.spacing_ms * 2).max(1000);
            for key in std::mem::take(&mut self.keys) {
                self.space(key);
            }
        }
        self.space(key);
    }

    /// Adds one that is far enough behind the last.
    fn space(&mut self, key: KeyFrame) {
        let far = |last: &KeyFrame| key.time_ms.saturating_sub(last.time_ms) >= self.spacing_ms;
        if self.keys.len() < KEYS_MAX && self.keys.last().is_none_or(far) {
            self.keys.push(key);
        }
    }
}

impl TrackWriter<'_> {
    /// The samples of the next block.
    fn samples(&self) -> Result<Vec<Sample>> {
        let SelectedTrack { data, stream, .. } = self.selected;
        let walk = stream.tables.walk(data, self.next, self.segment.end);
        walk.take(BLOCK_SAMPLES as usize).collect()
    }

    /// How far back the last key frame is.
    fn back(&self) -> u32 {
        let tables = &self.selected.stream.tables;
        self.next
            - tables.key_before(self.selected.data, self.next.saturating_add(1)).min(self.next)
    }

    /// The blocks so far, and when the next one is decoded.
    fn held(&self) -> (u32, u64) {
        let selected = &self.selected;
        let (dts, _) = selected.stream.tables.time(selected.data, self.next);
        (self.blocks, u64::try_from(dts).unwrap_or(0))
    }
}
