//! The head of a stored film: its tracks, where in which pack their samples are, its key frames.

use super::block::{self, BlockFront};
use super::pack;
use super::varint::{Reader, put, put_bytes, put_signed};
use crate::error::Result;
use crate::limits::{BLOCK_SAMPLES, OFFSET_MAX, PACKS_MAX, TICKS_MAX, TRACKS_MAX};
use crate::moov::codecs::Support;
use crate::moov::track::Track;
use crate::moov::track_header::TrackKind;
use crate::ticks::rescale;
use crate::timeline::edit_segment::EditSegment;

const MAGIC: &[u8] = b"ffh\x01";

/// A key frame of the film's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// When it is shown.
    pub time_ms: u64,
    /// Where in the file it begins.
    pub offset: u64,
}

/// A stored film, without its packs.
#[derive(Debug)]
pub struct StartIndex<'a> {
    pub(super) duration_ms: u64,
    pub(super) tracks: Vec<StoredTrack<'a>>,
    packs: Vec<BlockStarts>,
    keys: Reader<'a>,
}

/// A track, as far as the head knows it.
#[derive(Debug)]
pub(super) struct StoredTrack<'a> {
    /// Which track of the index it is.
    pub(super) number: usize,
    pub(super) track: Track,
    pub(super) init: &'a [u8],
    /// Whether key frames are listed; else every sample is one.
    pub(super) lists_keys: bool,
    pub(super) roll: u32,
    pub(super) segment: EditSegment,
    /// All its blocks, in all packs.
    pub(super) blocks: u32,
}

/// What packs hold of a track, by track: its first block there, and when that one is decoded.
type BlockStarts = Vec<(u32, u64)>;

/// A block, of the track at this place among [`StartIndex::tracks`]; or the pack that is missing.
pub(super) type PackResult<T> = Result<T, PackFault>;

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum PackFault {
    Missing(u32),
    Broken(crate::Error),
}

impl From<crate::Error> for PackFault {
    fn from(error: crate::Error) -> Self {
        Self::Broken(error)
    }
}

/// The head for these tracks; `packs` and `keys` are as they were made.
pub(super) fn write(
    duration_ms: u64,
    tracks: &[(usize, &Track, [i64; 8], Vec<u8>)],
    packs: &[BlockStarts],
    keys: &[KeyFrame],
) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put(&mut out, duration_ms);
    put(&mut out, tracks.len() as u64);
    for (number, track, segment, init) in tracks {
        let Some(stream) = &track.stream else { continue };
        put(&mut out, *number as u64);
        put(&mut out, u64::from(track.kind == TrackKind::Audio));
        put(&mut out, u64::from(stream.tables.stss.is_some()));
        put(&mut out, u64::from(track.support == Support::Everywhere));
        put(&mut out, u64::from(track.timescale));
        put(&mut out, track.duration_ms);
        for number in [track.width, track.height, track.channels] {
            put(&mut out, u64::from(number));
        }
        put(&mut out, u64::from(track.sample_rate));
        put_bytes(&mut out, track.language.as_deref().unwrap_or_default().as_bytes());
        put_bytes(&mut out, track.codec.as_bytes());
        put_bytes(&mut out, init);
        put(&mut out, u64::from(stream.roll));
        for number in segment {
            put_signed(&mut out, *number);
        }
    }
    put(&mut out, packs.len() as u64);
    let mut before = vec![(0, 0); tracks.len()];
    for held in packs {
        for ((block, dts), (block_before, dts_before)) in held.iter().zip(&mut before) {
            put(&mut out, u64::from(block - *block_before));
            put(&mut out, dts - *dts_before);
            (*block_before, *dts_before) = (*block, *dts);
        }
    }
    put(&mut out, keys.len() as u64);
    let mut before = KeyFrame { time_ms: 0, offset: 0 };
    for key in keys {
        put_signed(&mut out, key.time_ms.cast_signed() - before.time_ms.cast_signed());
        put_signed(&mut out, key.offset.cast_signed() - before.offset.cast_signed());
        before = *key;
    }
    out
}

impl<'a> StartIndex<'a> {
    /// Reads a head.
    pub fn read(head: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::behind(head, MAGIC)?;
        let duration_ms = reader.up_to(TICKS_MAX)?;
        let count: usize = reader.up_to(TRACKS_MAX as u64)?;
        let mut tracks = Vec::with_capacity(count);
        for _ in 0..count {
            tracks.push(StoredTrack::read(&mut reader)?);
        }
        let mut packs = Vec::new();
        let mut before = vec![(0_u32, 0_u64); tracks.len()];
        for _ in 0..reader.up_to(PACKS_MAX)? {
            for (block, dts) in &mut before {
                *block = block.saturating_add(reader.up_to(u64::from(u32::MAX))?);
                *dts = dts.saturating_add(reader.number()?).min(TICKS_MAX);
            }
            packs.push(before.clone());
        }
        Ok(Self { duration_ms, tracks, packs, keys: reader })
    }

    /// How many packs it has; they are numbered from 0.
    pub fn packs(&self) -> u32 {
        u32::try_from(self.packs.len()).unwrap_or(u32::MAX)
    }

    /// The numbers and descriptions of its tracks: all that play.
    pub fn tracks(&self) -> impl Iterator<Item = (usize, &Track)> {
        self.tracks.iter().map(|stored| (stored.number, &stored.track))
    }

    /// The first track of this kind that plays in every browser, else the first.
    pub fn default(&self, kind: TrackKind) -> Option<usize> {
        let of = |everywhere: bool| {
            let known = |track: &Track| !everywhere || track.support == Support::Everywhere;
            self.tracks().find(|(_, track)| track.kind == kind && known(track))
        };
        of(true).or_else(|| of(false)).map(|(number, _)| number)
    }

    /// The key frames of its first video track, or as many as a map may have.
    pub fn key_frames(&self) -> impl Iterator<Item = KeyFrame> + use<'a> {
        let mut reader = self.keys;
        let count = reader.number().unwrap_or(0);
        let mut key = KeyFrame { time_ms: 0, offset: 0 };
        (0..count).map_while(move |_| {
            key.time_ms = key.time_ms.saturating_add_signed(reader.signed().ok()?);
            key.offset = key.offset.saturating_add_signed(reader.signed().ok()?).min(OFFSET_MAX);
            Some(key)
        })
    }

    /// The bytes of block `number` of the `track`th track, out of these packs.
    pub(super) fn block<'p>(
        &self,
        packs: &[(u32, &'p [u8])],
        track: usize,
        number: u32,
    ) -> PackResult<&'p [u8]> {
        let first = |held: &BlockStarts| held.get(track).map_or(u32::MAX, |(block, _)| *block);
        let behind = self.packs.partition_point(|held| first(held) <= number);
        let at = behind.saturating_sub(1);
        let pack_number = u32::try_from(at).unwrap_or(u32::MAX);
        let pack = packs.iter().find(|(number, _)| *number == pack_number);
        let (_, pack) = pack.ok_or(PackFault::Missing(pack_number))?;
        let first = self.packs.get(at).map_or(0, first);
        let place = (track, number.saturating_sub(first));
        Ok(pack::block(pack, pack_number, self.tracks.len(), place)?)
    }

    pub(super) fn front(
        &self,
        packs: &[(u32, &[u8])],
        track: usize,
        number: u32,
    ) -> PackResult<BlockFront> {
        Ok(block::front(&mut Reader::of(self.block(packs, track, number)?))?)
    }

    /// The last block that begins at or before `dts`, else the first.
    pub(super) fn block_at(
        &self,
        packs: &[(u32, &[u8])],
        track: usize,
        dts: i64,
    ) -> PackResult<u32> {
        let dts = u64::try_from(dts).unwrap_or(0);
        let held = |held: &BlockStarts| held.get(track).copied().unwrap_or((u32::MAX, u64::MAX));
        let blocks = self.tracks.get(track).map_or(0, |stored| stored.blocks);
        let behind = self.packs.partition_point(|pack| held(pack).1 <= dts);
        let first = |pack: usize| self.packs.get(pack).map_or(blocks, |pack| held(pack).0);
        let mut low = first(behind.saturating_sub(1)).min(blocks.saturating_sub(1));
        let mut high = first(behind).min(blocks);
        // The block at `low` begins in time, or is the first; the one at `high` does not.
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            if self.front(packs, track, middle)?.dts <= dts {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

impl<'a> StoredTrack<'a> {
    /// The media's time at a presentation time.
    pub(super) fn media_time(&self, ms: u64) -> i64 {
        let ticks = rescale(ms, 1000, self.track.timescale).min(TICKS_MAX);
        ticks.cast_signed() - self.segment.shift
    }

    /// About when a sample that is decoded at `dts` is shown.
    pub(super) fn ms(&self, dts: u64) -> u64 {
        let ticks = dts.saturating_add_signed(self.segment.shift);
        rescale(ticks, self.track.timescale, 1000)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let number = reader.up_to(TRACKS_MAX as u64 - 1)?;
        let kind = [TrackKind::Video, TrackKind::Audio];
        let kind = kind.get(reader.up_to::<usize>(1)?).copied().unwrap_or(TrackKind::Other);
        let lists_keys = reader.up_to::<u8>(1)? == 1;
        let everywhere = reader.up_to::<u8>(1)? == 1;
        let support =
            if everywhere { Support::Everywhere } else { Support::Somewhere("in some browsers") };
        let timescale = reader.up_to(u64::from(u32::MAX))?;
        let duration_ms = reader.up_to(TICKS_MAX)?;
        let (width, height) = (reader.up_to(0xffff)?, reader.up_to(0xffff)?);
        let (channels, sample_rate) = (reader.up_to(0xffff)?, reader.up_to(u64::from(u32::MAX))?);
        let counted = reader.counted()?;
        let language = reader.language(counted)?;
        let counted = reader.counted()?;
        let codec = reader.text(counted)?;
        let init = reader.counted()?;
        let roll = reader.up_to(u64::from(BLOCK_SAMPLES))?;
        let mut segment = [0; 8];
        for number in &mut segment {
            *number = reader.signed()?;
        }
        let segment = EditSegment::of(segment);
        let segment =
            segment.ok_or_else(|| reader.fault("what is shown of a track is as it may be"))?;
        let samples = segment.end - segment.first;
        let track = Track {
            kind,
            codec,
            timescale,
            duration_ms,
            sample_count: samples,
            language: Some(language).filter(|language| !language.is_empty()),
            width,
            height,
            channels,
            sample_rate,
            playable: Ok(()),
            support,
            ..Track::unplayable(crate::Unplayable::NoSamples)
        };
        let blocks = samples.div_ceil(BLOCK_SAMPLES);
        Ok(Self { number, track, init, lists_keys, roll, segment, blocks })
    }
}
