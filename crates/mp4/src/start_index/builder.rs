//! Builds a start index from a whole `moov`: packs one after the other, then the head.

use super::head::{self, BlockStarts, KeyFrame, StartIndex};
use super::root::Root;
use super::{block, pack};
use crate::error::{Error, Result};
use crate::limits::{BLOCK_SAMPLES, KEYS_MAX, PACK_BYTES_MAX, PACKS_MAX, START_INDEX_SAMPLES_MAX};
use crate::moov::index::Index;
use crate::moov::track_header::TrackKind;
use crate::remux::init;
use crate::remux::selected_track::SelectedTrack;
use crate::samples::tables::Sample;
use crate::timeline::edit_segment::EditSegment;

/// Builds a start index in one pass over the samples; holds one pack at a time.
///
/// Call [`Builder::next_pack`] until it returns `None`, then [`Builder::root`].
pub struct Builder<'a, B> {
    index: &'a Index<B>,
    tracks: Vec<TrackWriter<'a>>,
    packs: Vec<BlockStarts>,
    keys: Vec<KeyFrame>,
    /// Milliseconds from one key frame of the map to the next, at least.
    spacing_ms: u64,
}

/// A track and how far it is written.
struct TrackWriter<'a> {
    selected: SelectedTrack<'a>,
    segment: &'a EditSegment,
    /// Of the segment, for the head.
    numbers: [i64; 8],
    /// The next sample.
    next: u32,
    /// Blocks written so far.
    blocks: u32,
}

impl<'a, B: AsRef<[u8]>> Builder<'a, B> {
    /// For all playable tracks of `index`.
    ///
    /// Errors where windows cannot be planned from samples side by side: a film with `moof` boxes,
    /// with an edit list that jumps or holds a picture, with several sample descriptions in a track,
    /// without key frame marks, without a playable track, of which something is missing, or with over
    /// [`START_INDEX_SAMPLES_MAX`] samples.
    pub fn new(index: &'a Index<B>) -> Result<Self> {
        let fault = |violation| Err(Error::file(0, violation));
        if index.is_fragmented() {
            return fault("no start index for a film whose moof boxes are not read");
        }
        let mut tracks = Vec::new();
        // The head has the default tracks first, for readers that know no other order.
        let defaults = [index.default_video(), index.default_audio()];
        let mut playable: Vec<_> = index.tracks().iter().enumerate().collect();
        playable.retain(|(_, track)| track.playable.is_ok());
        playable.sort_by_key(|(i, _)| !defaults.contains(&Some(*i)));
        for (i, track) in playable {
            if let Some(selected) = SelectedTrack::of(index, Some(i), track.kind)? {
                tracks.push(TrackWriter::new(selected)?);
            }
        }
        if tracks.is_empty() {
            return fault("no start index for a film without a playable track");
        }
        if !index.missing().is_empty() {
            return fault("no start index for a film of which something is missing");
        }
        if tracks.iter().map(TrackWriter::left).sum::<u64>() > START_INDEX_SAMPLES_MAX {
            return fault("no start index for a film of over 16,777,216 samples");
        }
        Ok(Self { index, tracks, packs: Vec::new(), keys: Vec::new(), spacing_ms: 0 })
    }

    /// The next pack, of at most [`PACK_BYTES_MAX`] bytes; `None` after the last one.
    pub fn next_pack(&mut self) -> Result<Option<Vec<u8>>> {
        let starts = self.starts();
        let tracks = self.next_blocks(&starts)?;
        if starts == self.starts() {
            return Ok(None);
        }
        let number = self.packs.len() as u64;
        if number == PACKS_MAX {
            return Err(Error::file(0, "start index is over 1,024 packs"));
        }
        self.packs.push(starts);
        Ok(Some(pack::write(u32::try_from(number).unwrap_or(u32::MAX), &tracks)))
    }

    /// For each track the blocks that fit into one pack, which begins at `starts`.
    fn next_blocks(&mut self, starts: &BlockStarts) -> Result<Vec<Vec<Vec<u8>>>> {
        let mut tracks: Vec<Vec<Vec<u8>>> = self.tracks.iter().map(|_| Vec::new()).collect();
        let mut bytes = 16 + 3 * tracks.len();
        while let Some(i) = self.earliest() {
            let (Some(writer), Some(blocks)) = (self.tracks.get(i), tracks.get_mut(i)) else {
                break;
            };
            let samples = writer.samples()?;
            let block = block::write(&samples, writer.back());
            bytes += pack::cost(&block);
            if bytes > PACK_BYTES_MAX && *starts != self.starts() {
                break;
            }
            blocks.push(block);
            self.advance(i, &samples);
        }
        Ok(tracks)
    }

    /// The stored form of the root; call it after the last pack. `names` has the name of each pack,
    /// in order, and `size_bytes` is the size of the film's file.
    pub fn root(&self, size_bytes: u64, names: &[String]) -> Result<Vec<u8>> {
        let head = self.head()?;
        let names = names.iter().map(String::as_str).collect();
        Ok(Root::Stored { size_bytes, names, head: &head }.write())
    }

    /// The head, of at most [`PACK_BYTES_MAX`] bytes; call it after the last pack.
    pub fn head(&self) -> Result<Vec<u8>> {
        let mut tracks = Vec::with_capacity(self.tracks.len());
        for TrackWriter { selected, numbers, .. } in &self.tracks {
            let init = init::write_stored(self.index, selected.index, 0)?;
            tracks.push((selected.index, selected.track, *numbers, init));
        }
        let times = (self.index.duration_ms(), self.index.offset_ms());
        let head = head::write(times, &tracks, &self.packs, &self.keys);
        if head.len() > PACK_BYTES_MAX {
            return Err(Error::file(0, "head is over 900,000 bytes"));
        }
        // One that no edge reads would be built again at every request.
        StartIndex::read(&head)?;
        Ok(head)
    }

    /// Where the next pack begins.
    fn starts(&self) -> BlockStarts {
        self.tracks.iter().map(TrackWriter::start).collect()
    }

    /// The track whose next sample is decoded first.
    fn earliest(&self) -> Option<usize> {
        let unfinished = self.tracks.iter().enumerate().filter(|(_, writer)| writer.left() > 0);
        let at = |writer: &TrackWriter<'_>| {
            writer.selected.ms(writer.segment.decoded(writer.selected.source(), writer.next))
        };
        unfinished.min_by_key(|(_, writer)| at(writer)).map(|(i, _)| i)
    }

    /// Moves a track past a block of these samples, whose key frames go into the map.
    fn advance(&mut self, track: usize, samples: &[Sample]) {
        let is_lead = Some(track)
            == self.tracks.iter().position(|l| l.selected.track.kind == TrackKind::Video);
        let Some(writer) = self.tracks.get_mut(track) else { return };
        writer.next += u32::try_from(samples.len()).unwrap_or(0);
        writer.blocks += 1;
        if is_lead {
            let (selected, segment) = (writer.selected, writer.segment);
            for sample in samples.iter().filter(|sample| sample.key) {
                let time_ms = selected.ms((sample.pts + segment.pts_shift).max(segment.begins_at));
                self.key_frame(KeyFrame { time_ms, offset: sample.offset });
            }
        }
    }

    /// Adds to the map, which is thinned out when it is full.
    fn key_frame(&mut self, key: KeyFrame) {
        if self.keys.len() == KEYS_MAX {
            self.spacing_ms = (self.spacing_ms * 2).max(1000);
            for key in std::mem::take(&mut self.keys) {
                self.space(key);
            }
        }
        self.space(key);
    }

    /// Adds a key frame that is far enough behind the last one.
    fn space(&mut self, key: KeyFrame) {
        let far = |last: &KeyFrame| key.time_ms.saturating_sub(last.time_ms) >= self.spacing_ms;
        if self.keys.len() < KEYS_MAX && self.keys.last().is_none_or(far) {
            self.keys.push(key);
        }
    }
}

impl<'a> TrackWriter<'a> {
    fn new(selected: SelectedTrack<'a>) -> Result<Self> {
        let fault = |violation| Err(Error::file(0, violation));
        let stream = selected.stream;
        if stream.timeline.ends_early() {
            return fault("no start index for a film whose pictures end long before its sound");
        }
        let [segment] = stream.timeline.segments.as_slice() else {
            return fault("no start index for a film whose edit list jumps");
        };
        if stream.tables.undeclared > 0 {
            return fault("no start index for a film that does not mark its key frames");
        }
        if stream.descriptions.len() > 1 {
            return fault("no start index for a track with several sample descriptions");
        }
        let numbers = segment.numbers(selected.source());
        Ok(Self { selected, segment, numbers, next: segment.first, blocks: 0 })
    }

    /// Samples that are not written yet.
    fn left(&self) -> u64 {
        u64::from(self.segment.end.saturating_sub(self.next))
    }

    /// The samples of the next block.
    fn samples(&self) -> Result<Vec<Sample>> {
        let SelectedTrack { data, stream, .. } = self.selected;
        let walk = stream.tables.walk(data, self.next, self.segment.end);
        walk.take(BLOCK_SAMPLES as usize).collect()
    }

    /// Samples from the last key frame to the next sample.
    fn back(&self) -> u32 {
        let tables = &self.selected.stream.tables;
        self.next
            - tables.key_before(self.selected.data, self.next.saturating_add(1)).min(self.next)
    }

    /// The number of the next block, and the decoding time of its first sample.
    fn start(&self) -> (u32, u64) {
        let selected = &self.selected;
        let (dts, _) = selected.stream.tables.time(selected.data, self.next);
        (self.blocks, u64::try_from(dts).unwrap_or(0))
    }
}
