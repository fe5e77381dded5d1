//! The head of a start index: its tracks, which blocks each pack holds, and a map of key frames.

use super::block::{self, BlockFront};
use super::pack;
use super::varint::{Reader, put, put_bytes, put_signed};
use crate::boxes::{BoxAt, find};
use crate::error::Result;
use crate::limits::{
    BLOCK_SAMPLES, HOLD_MS, OFFSET_MAX, PACKS_MAX, TAIL_MS_MIN, TICKS_MAX, TRACKS_MAX,
};
use crate::moov::codec_name::Support;
use crate::moov::sample_entry::{entries, is_quicktime};
use crate::moov::track::Track;
use crate::moov::track_header::TrackKind;
use crate::ticks::rescale;
use crate::timeline::edit_segment::EditSegment;

const MAGIC: &[u8] = b"ffh\x01";

/// A key frame of the first video track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// When it is shown, in milliseconds of the presentation.
    pub time_ms: u64,
    /// Its first byte in the file.
    pub offset: u64,
}

/// A start index without its packs: what its head says.
#[derive(Debug)]
pub struct StartIndex<'a> {
    pub(super) duration_ms: u64,
    pub(super) tracks: Vec<StoredTrack<'a>>,
    /// For each pack.
    packs: Vec<BlockStarts>,
    /// At the map of key frames.
    keys: Reader<'a>,
}

/// A track as the head describes it.
#[derive(Debug)]
pub(super) struct StoredTrack<'a> {
    /// Its number in the [`Index`](crate::Index) that the start index was built from.
    pub(super) number: usize,
    pub(super) track: Track,
    pub(super) init: &'a [u8],
    /// Whether samples say if they are key frames; else every sample is one.
    pub(super) lists_keys: bool,
    /// Samples that a decoder needs in front of the first one that is heard.
    pub(super) roll: u32,
    pub(super) segment: EditSegment,
    /// How many blocks all packs together have of it.
    pub(super) blocks: u32,
}

/// For each track the number of its first block in a pack, and the decoding time of that block.
pub(super) type BlockStarts = Vec<(u32, u64)>;

/// What is read from packs.
pub(super) type PackResult<T> = Result<T, PackFault>;

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum PackFault {
    /// This pack was not given.
    Missing(u32),
    /// Head or packs break a rule.
    Broken(crate::Error),
}

impl From<crate::Error> for PackFault {
    fn from(error: crate::Error) -> Self {
        Self::Broken(error)
    }
}

/// The bytes of a head for these tracks, each with its number, the numbers of its segment and its
/// initialization segment. Readers of earlier versions pass over an offset at its end.
pub(super) fn write(
    (duration_ms, offset_ms): (u64, u64),
    tracks: &[(usize, &Track, [i64; 8], Vec<u8>)],
    packs: &[BlockStarts],
    keys: &[KeyFrame],
) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put(&mut out, duration_ms);
    put(&mut out, tracks.len() as u64);
    for (number, track, segment, init) in tracks {
        write_track(&mut out, *number, track, *segment, init);
    }
    write_packs(&mut out, tracks.len(), packs);
    put(&mut out, keys.len() as u64);
    let mut before = KeyFrame { time_ms: 0, offset: 0 };
    for key in keys {
        put_signed(&mut out, key.time_ms.cast_signed() - before.time_ms.cast_signed());
        put_signed(&mut out, key.offset.cast_signed() - before.offset.cast_signed());
        before = *key;
    }
    if offset_ms > 0 {
        put(&mut out, offset_ms);
    }
    out
}

fn write_track(out: &mut Vec<u8>, number: usize, track: &Track, segment: [i64; 8], init: &[u8]) {
    let Some(stream) = &track.stream else { return };
    put(out, number as u64);
    put(out, u64::from(track.kind == TrackKind::Audio));
    put(out, u64::from(stream.tables.stss.is_some()));
    put(out, u64::from(track.support == Support::Everywhere));
    put(out, u64::from(track.timescale));
    put(out, track.duration_ms);
    for number in [track.width, track.height, track.channels] {
        put(out, u64::from(number));
    }
    put(out, u64::from(track.sample_rate));
    put_bytes(out, track.language.as_deref().unwrap_or_default().as_bytes());
    put_bytes(out, track.codec.as_bytes());
    put_bytes(out, init);
    put(out, u64::from(stream.roll));
    for number in segment {
        put_signed(out, number);
    }
}

fn write_packs(out: &mut Vec<u8>, tracks: usize, packs: &[BlockStarts]) {
    put(out, packs.len() as u64);
    let mut before = vec![(0, 0); tracks];
    for starts in packs {
        for ((block, dts), (block_before, dts_before)) in starts.iter().zip(&mut before) {
            put(out, u64::from(block - *block_before));
            put(out, dts - *dts_before);
            (*block_before, *dts_before) = (*block, *dts);
        }
    }
}

impl<'a> StartIndex<'a> {
    /// Reads a head. Errors: `violation` says which field is wrong, `offset` where in the head.
    pub fn read(head: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::behind(head, MAGIC)?;
        let duration_ms = reader.up_to(TICKS_MAX)?;
        let count: usize = reader.up_to(TRACKS_MAX as u64)?;
        let mut tracks = Vec::with_capacity(count);
        for _ in 0..count {
            tracks.push(StoredTrack::read(&mut reader, duration_ms)?);
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

    /// How many packs it has; their numbers count from 0.
    pub fn packs(&self) -> u32 {
        u32::try_from(self.packs.len()).unwrap_or(u32::MAX)
    }

    /// Its tracks, which are the playable ones, each with its number in the index.
    pub fn tracks(&self) -> impl Iterator<Item = (usize, &Track)> {
        self.tracks.iter().map(|stored| (stored.number, &stored.track))
    }

    /// The first track of this kind that plays in every browser, else the first.
    pub fn default_track(&self, kind: TrackKind) -> Option<usize> {
        let first = |everywhere: bool| {
            let known = |track: &Track| !everywhere || track.support == Support::Everywhere;
            self.tracks().find(|(_, track)| track.kind == kind && known(track))
        };
        first(true).or_else(|| first(false)).map(|(number, _)| number)
    }

    /// The key frames of its first video track in the order of time; every nth one where there are
    /// more than [`KEYS_MAX`](crate::limits::KEYS_MAX).
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

    /// Milliseconds by which all times were moved to begin at 0.
    pub(super) fn offset_ms(&self) -> u64 {
        let mut reader = self.keys;
        for _ in 0..reader.number().unwrap_or(0) {
            if reader.signed().and_then(|_| reader.signed()).is_err() {
                return 0;
            }
        }
        reader.up_to(TICKS_MAX).unwrap_or(0)
    }

    /// The bytes of block `number` of the `track`th track, from these packs.
    pub(super) fn block<'p>(
        &self,
        packs: &[(u32, &'p [u8])],
        track: usize,
        number: u32,
    ) -> PackResult<&'p [u8]> {
        let first = |starts: &BlockStarts| starts.get(track).map_or(u32::MAX, |(block, _)| *block);
        let behind = self.packs.partition_point(|starts| first(starts) <= number);
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

    /// The last block whose first sample is decoded at or before `dts`, else the first block.
    pub(super) fn block_at(
        &self,
        packs: &[(u32, &[u8])],
        track: usize,
        dts: i64,
    ) -> PackResult<u32> {
        let dts = u64::try_from(dts).unwrap_or(0);
        let start =
            |starts: &BlockStarts| starts.get(track).copied().unwrap_or((u32::MAX, u64::MAX));
        let blocks = self.tracks.get(track).map_or(0, |stored| stored.blocks);
        let behind = self.packs.partition_point(|pack| start(pack).1 <= dts);
        let first = |pack: usize| self.packs.get(pack).map_or(blocks, |pack| start(pack).0);
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
    /// The media time, in ticks, of a presentation time.
    pub(super) fn media_time(&self, ms: u64) -> i64 {
        let ticks = rescale(ms, 1000, self.track.timescale).min(TICKS_MAX);
        ticks.cast_signed() - self.segment.pts_shift
    }

    /// The presentation time of `dts`: about when such a sample is shown.
    pub(super) fn ms(&self, dts: u64) -> u64 {
        let ticks = dts.saturating_add_signed(self.segment.pts_shift);
        rescale(ticks, self.track.timescale, 1000)
    }

    fn read(reader: &mut Reader<'a>, film_ms: u64) -> Result<Self> {
        let number = reader.up_to(TRACKS_MAX as u64 - 1)?;
        let kind = [TrackKind::Video, TrackKind::Audio];
        let kind = kind.get(reader.up_to::<usize>(1)?).copied().unwrap_or(TrackKind::Other);
        let lists_keys = reader.up_to::<u8>(1)? == 1;
        let mut track = read_track(reader, kind)?;
        let init = reader.length_prefixed()?;
        if kind == TrackKind::Audio && has_quicktime_entry(init) {
            return Err(reader.fault("sample entry is in a form of QuickTime; build it again"));
        }
        let roll = reader.up_to(u64::from(BLOCK_SAMPLES))?;
        let mut segment = [0; 8];
        for number in &mut segment {
            *number = reader.signed()?;
        }
        let segment = EditSegment::from_numbers(segment, kind == TrackKind::Video);
        let mut segment =
            segment.ok_or_else(|| reader.fault("edit segment has impossible numbers"))?;
        if !hold_last_picture(&track, &mut segment, film_ms) {
            return Err(reader.fault("pictures end long before the sound; build it again"));
        }
        track.sample_count = segment.end - segment.first;
        let blocks = track.sample_count.div_ceil(BLOCK_SAMPLES);
        Ok(Self { number, track, init, lists_keys, roll, segment, blocks })
    }
}

/// Holds the last picture of a track that ends before the film does; false where that is too long for
/// one segment.
fn hold_last_picture(track: &Track, segment: &mut EditSegment, film_ms: u64) -> bool {
    let tail_ms = film_ms.saturating_sub(track.duration_ms);
    if track.kind != TrackKind::Video || tail_ms <= TAIL_MS_MIN {
        return true;
    }
    let film_end = rescale(film_ms, 1000, track.timescale).min(TICKS_MAX).cast_signed();
    segment.hold_longer(film_end - segment.until);
    tail_ms <= HOLD_MS / 4 * 5 + TAIL_MS_MIN
}

/// Whether a sample entry for audio has a version of `QuickTime`, as the initialization segments of
/// earlier versions could have: Chromium reads none of them.
fn has_quicktime_entry(init: &[u8]) -> bool {
    let path = [*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl", *b"stsd"];
    let whole = BoxAt { kind: path[0], start: 0, body: 0, end: init.len() };
    let stsd = path.iter().try_fold(whole, |b, kind| find(init, b.body, b.end, &[*kind]));
    let has_version = |entry| is_quicktime(init, entry);
    stsd.is_some_and(|stsd| entries(init, stsd).any(has_version))
}

/// The fields that a choice of tracks needs.
fn read_track(reader: &mut Reader<'_>, kind: TrackKind) -> Result<Track> {
    let everywhere = reader.up_to::<u8>(1)? == 1;
    let support =
        if everywhere { Support::Everywhere } else { Support::Somewhere("in some browsers") };
    let timescale = reader.up_to(u64::from(u32::MAX))?;
    let duration_ms = reader.up_to(TICKS_MAX)?;
    let (width, height) = (reader.up_to(0xffff)?, reader.up_to(0xffff)?);
    let (channels, sample_rate) = (reader.up_to(0xffff)?, reader.up_to(u64::from(u32::MAX))?);
    let language = reader.length_prefixed().and_then(|code| reader.language(code))?;
    let codec = reader.length_prefixed().and_then(|text| reader.text(text))?;
    Ok(Track {
        kind,
        codec,
        timescale,
        duration_ms,
        language: Some(language).filter(|language| !language.is_empty()),
        width,
        height,
        channels,
        sample_rate,
        playable: Ok(()),
        support,
        ..Track::unplayable(crate::Unplayable::NoSamples)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::write::{boxed, put_all};

    /// An initialization segment whose only sample entry, for audio, has this version.
    fn init(version: u32) -> Vec<u8> {
        let mut entry = Vec::new();
        boxed(&mut entry, *b"mp4a", |out| put_all(out, &[0, 1, version << 16, 0, 0, 0, 0]));
        let mut inner = Vec::new();
        boxed(&mut inner, *b"stsd", |out| {
            put_all(out, &[0, 1]);
            out.extend(&entry);
        });
        for kind in [*b"stbl", *b"minf", *b"mdia", *b"trak", *b"moov"] {
            let content = std::mem::take(&mut inner);
            boxed(&mut inner, kind, |out| {
                // A name may have any bytes.
                boxed(out, *b"free", |out| out.extend([&b"stsd"[..], &[1; 40]].concat()));
                out.extend(content);
            });
        }
        inner
    }

    #[test]
    fn versions_1_and_2_of_audio_are_those_of_quicktime() {
        for version in [0, 1, 2, 3, 5, 0xffff] {
            assert_eq!(has_quicktime_entry(&init(version)), matches!(version, 1 | 2), "{version}");
        }
    }
}
