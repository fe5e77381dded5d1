//! A synthetic long film: a short clip repeated, for the demo and for measurements of long films.
//!
//! The clip's media is written several times, and sample tables describe all of it. Each repetition is
//! as long as the clip's video, and its audio is cut to that length.

use super::init;
use crate::boxes::write::{boxed, full, patch, put, put_all};
use crate::error::{Error, Result};
use crate::limits::{MOOV_BYTES_MAX, OFFSET_MAX, WINDOW_SAMPLES_MAX};
use crate::moov::index::Index;
use crate::moov::locate::{LocateStep, Locator};
use crate::moov::track::{Track, TrackMedia};
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::samples::tables::Sample;
use crate::ticks::rescale;

/// Where `moov` lies in the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoovAt {
    /// In front of the media.
    Head,
    /// After it.
    Tail,
}

/// A file to write: [`SynthFile::head`], then [`SynthFile::media`] of the clip
/// [`SynthFile::repeats`] times, then [`SynthFile::tail`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynthFile {
    /// The bytes in front of the media.
    pub head: Vec<u8>,
    /// The bytes of the clip that are repeated.
    pub media: ByteRange,
    /// How many times.
    pub repeats: u32,
    /// The bytes after the media.
    pub tail: Vec<u8>,
}

impl SynthFile {
    /// Bytes in the whole file.
    pub fn size_bytes(&self) -> u64 {
        let media = self.media.len() * u64::from(self.repeats);
        self.head.len() as u64 + media + self.tail.len() as u64
    }
}

/// A track of the clip, as one repetition has it.
struct ClipTrack<'a> {
    number: u32,
    track: &'a Track,
    stream: &'a TrackMedia,
    samples: Vec<Sample>,
    /// Media time of the edit: ticks before the first picture that is shown.
    media_time: u32,
}

/// What all tracks of the film have in common.
#[derive(Clone, Copy)]
struct Shape {
    repeats: u32,
    /// Length of one repetition, in ticks of so many a second.
    length: (u64, u32),
    media: ByteRange,
    wide: bool,
    base: u64,
}

impl Shape {
    /// Duration of the whole film, in ticks of so many a second.
    fn duration(&self, scale: u32) -> u32 {
        let (length, from) = self.length;
        u32::try_from(rescale(length * u64::from(self.repeats), from, scale)).unwrap_or(u32::MAX)
    }
}

/// The film that repeats `clip`, a whole MP4 file, `repeats` times.
///
/// Errors where the clip is cut off or has no playable track, or the film exceeds `limits`.
pub fn repeat_clip(clip: &[u8], repeats: u32, moov_at: MoovAt) -> Result<SynthFile> {
    with_offsets(clip, repeats, moov_at, false)
}

/// As [`repeat_clip`], always with 64-bit chunk offsets: films of different lengths then have the same
/// form.
pub fn repeat_clip_wide(clip: &[u8], repeats: u32, moov_at: MoovAt) -> Result<SynthFile> {
    with_offsets(clip, repeats, moov_at, true)
}

fn with_offsets(clip: &[u8], repeats: u32, moov_at: MoovAt, wide: bool) -> Result<SynthFile> {
    let fault = |violation| Error::file(0, violation);
    let index = Index::parse(moov(clip)?)?;
    let parts = parts(&index)?;
    let first = parts.first().ok_or_else(|| fault("clip has no playable track"))?;
    let length = first.samples.iter().map(|s| u64::from(s.duration)).sum();
    let samples = || parts.iter().flat_map(|part| &part.samples);
    let start = samples().map(|s| s.offset).min().unwrap_or(0);
    let media = ByteRange { start, end: samples().map(Sample::end).max().unwrap_or(0) };
    if media.end > clip.len() as u64 {
        return Err(fault("clip is cut off"));
    }
    let total = media.len().saturating_mul(u64::from(repeats));
    let most = u64::from(repeats) * samples().count() as u64 * 16;
    if total > OFFSET_MAX || most > MOOV_BYTES_MAX {
        return Err(fault("film is over 2^53 bytes, or its moov over 64 MiB"));
    }
    let wide = wide || total + MOOV_BYTES_MAX > u64::from(u32::MAX);
    let shape = Shape { repeats, length: (length, first.track.timescale), media, wide, base: 0 };
    let (head, tail) = around_media(&index, &parts, shape, moov_at);
    Ok(SynthFile { head, media, repeats, tail })
}

/// All bytes in front of the media, and all bytes after it.
fn around_media(
    index: &Index<&[u8]>,
    parts: &[ClipTrack<'_>],
    mut shape: Shape,
    moov_at: MoovAt,
) -> (Vec<u8>, Vec<u8>) {
    let mut head = b"\0\0\0\x18ftypisom\0\0\x02\0isommp42".to_vec();
    let mut moov = write_moov(index.moov(), parts, shape);
    shape.base = head.len() as u64 + 16;
    if moov_at == MoovAt::Head {
        shape.base += moov.len() as u64;
    }
    moov = write_moov(index.moov(), parts, shape);
    if moov_at == MoovAt::Head {
        head.append(&mut moov);
    }
    let total = shape.media.len() * u64::from(shape.repeats);
    // § 4.2.2: size 1 stands for the 64-bit size behind the type.
    head.extend(b"\0\0\0\x01mdat");
    head.extend((total + 16).to_be_bytes());
    (head, moov)
}

fn moov(clip: &[u8]) -> Result<&[u8]> {
    let mut locator = Locator::new(Some(clip.len() as u64));
    locator.feed(0, clip);
    let range = match locator.next()? {
        LocateStep::Moov(range) => {
            usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok())
        }
        LocateStep::Need(_) => None,
    };
    let bytes = range.and_then(|(start, end)| clip.get(start..end));
    bytes.ok_or_else(|| Error::file(0, "clip is cut off"))
}

/// The tracks that play, video first.
fn parts<'a>(index: &'a Index<&[u8]>) -> Result<Vec<ClipTrack<'a>>> {
    let chosen = index.default_video().into_iter().chain(index.default_audio());
    let mut parts: Vec<ClipTrack<'a>> = Vec::new();
    for i in chosen {
        let (track, stream) = init::playable_track(index.tracks(), i)?;
        let Some(timeline) = stream.timeline.segments.first() else { continue };
        let walk = stream.tables.walk(index.moov(), timeline.first, timeline.end);
        let mut samples = walk.take(WINDOW_SAMPLES_MAX).collect::<Result<Vec<_>>>()?;
        let mut media_time = 0;
        if track.kind == TrackKind::Video {
            let before =
                timeline.begins_at - timeline.pts_shift - samples.first().map_or(0, |s| s.dts);
            media_time = u32::try_from(before.max(0)).unwrap_or(0);
        } else {
            samples.retain(|s| s.dts + timeline.pts_shift >= 0);
        }
        if let Some(first) = parts.first() {
            let length = first.samples.iter().map(|s| u64::from(s.duration)).sum();
            cut(&mut samples, rescale(length, first.track.timescale, track.timescale));
        }
        if !samples.is_empty() {
            parts.push(ClipTrack {
                number: init::track_id(parts.len()),
                track,
                stream,
                samples,
                media_time,
            });
        }
    }
    Ok(parts)
}

/// Keeps the samples that end within `length`.
fn cut(samples: &mut Vec<Sample>, length: u64) {
    let mut end = 0;
    let fit = samples.iter().take_while(|s| {
        end += u64::from(s.duration);
        end <= length
    });
    let fit = fit.count();
    samples.truncate(fit);
}

fn write_moov(data: &[u8], parts: &[ClipTrack<'_>], shape: Shape) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, *b"moov", |out| {
        full(out, *b"mvhd", 0, 0, |out| {
            put_all(out, &[0, 0, 1000, shape.duration(1000), 0x1_0000, 0x0100_0000, 0, 0]);
            put_all(out, &[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
            put_all(out, &[0; 6]);
            put(out, init::track_id(parts.len()));
        });
        for part in parts {
            boxed(out, *b"trak", |out| write_trak(out, data, part, shape));
        }
    });
    out
}

fn write_trak(out: &mut Vec<u8>, data: &[u8], part: &ClipTrack<'_>, shape: Shape) {
    let tkhd = out.len();
    init::tkhd(out, data, part.stream.tkhd, part.number);
    // The duration lies at this place in both versions; in version 1 it is the low half.
    let wide = out.get(tkhd + 8) == Some(&1);
    patch(out, tkhd + if wide { 40 } else { 28 }, shape.duration(1000));
    boxed(out, *b"edts", |out| {
        full(out, *b"elst", 0, 0, |out| {
            put_all(out, &[1, shape.duration(1000), part.media_time, 0x1_0000]);
        });
    });
    let duration = shape.duration(part.track.timescale);
    init::media(out, data, part.track, part.stream, (duration, 0), |out| tables(out, part, shape));
}

fn tables(out: &mut Vec<u8>, part: &ClipTrack<'_>, shape: Shape) {
    let samples = &part.samples;
    full(out, *b"stts", 0, 0, |out| runs(out, durations(part, shape)));
    if samples.iter().any(|s| s.pts != s.dts) {
        let version = u8::from(samples.iter().any(|s| s.pts < s.dts));
        let cts = |s: &Sample| i32::try_from(s.pts - s.dts).unwrap_or(0).cast_unsigned();
        let offsets = || samples.iter().map(cts);
        full(out, *b"ctts", version, 0, |out| {
            runs(out, (0..shape.repeats).flat_map(|_| offsets()));
        });
    }
    let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    if samples.iter().any(|s| !s.key) {
        let keys =
            |r: u32| (1..).zip(samples).filter(|(_, s)| s.key).map(move |(i, _)| r * count + i);
        full(out, *b"stss", 0, 0, |out| put_entries(out, (0..shape.repeats).flat_map(keys)));
    }
    chunks(out, samples, shape);
}

/// `stsc`, `stsz`, and `stco` or `co64`.
fn chunks(out: &mut Vec<u8>, samples: &[Sample], shape: Shape) {
    let chunks: Vec<&[Sample]> = samples.chunk_by(|a, b| a.end() == b.offset).collect();
    full(out, *b"stsc", 0, 0, |out| {
        let mut before = 0;
        let lens = (0..shape.repeats).flat_map(|_| chunks.iter().map(|chunk| chunk.len()));
        let changes =
            (1_u32..).zip(lens).filter(|(_, len)| std::mem::replace(&mut before, *len) != *len);
        let changes: Vec<_> = changes.collect();
        put(out, u32::try_from(changes.len()).unwrap_or(u32::MAX));
        for (chunk, len) in changes {
            put_all(out, &[chunk, u32::try_from(len).unwrap_or(u32::MAX), 1]);
        }
    });
    full(out, *b"stsz", 0, 0, |out| {
        put(out, 0);
        put_entries(out, (0..shape.repeats).flat_map(|_| samples.iter().map(|s| s.size)));
    });
    chunk_offsets(out, &chunks, shape);
}

fn chunk_offsets(out: &mut Vec<u8>, chunks: &[&[Sample]], shape: Shape) {
    full(out, if shape.wide { *b"co64" } else { *b"stco" }, 0, 0, |out| {
        put(out, u32::try_from(chunks.len()).unwrap_or(0).saturating_mul(shape.repeats));
        for r in 0..shape.repeats {
            let start = shape.base + u64::from(r) * shape.media.len();
            for first in chunks.iter().filter_map(|chunk| chunk.first()) {
                let offset = start + first.offset - shape.media.start;
                match u32::try_from(offset) {
                    Ok(offset) if !shape.wide => put(out, offset),
                    _ => out.extend(offset.to_be_bytes()),
                }
            }
        }
    });
}

/// Durations of all samples; the last of a repetition lasts until the next one begins.
fn durations<'a>(part: &'a ClipTrack<'_>, shape: Shape) -> impl Iterator<Item = u32> + 'a {
    let (length, from) = shape.length;
    let start = move |r: u32| rescale(length * u64::from(r), from, part.track.timescale);
    let (last, others) = part.samples.split_last().map_or((None, &[][..]), |(l, o)| (Some(l), o));
    let before: u64 = others.iter().map(|s| u64::from(s.duration)).sum();
    (0..shape.repeats).flat_map(move |r| {
        let rest = (start(r + 1) - start(r)).saturating_sub(before);
        let rest = u32::try_from(rest).unwrap_or(0);
        others.iter().map(|s| s.duration).chain(last.map(|_| rest))
    })
}

/// A count, then the numbers.
fn put_entries(out: &mut Vec<u8>, numbers: impl Iterator<Item = u32>) {
    let at = out.len();
    put(out, 0);
    let mut count = 0;
    for number in numbers {
        put(out, number);
        count += 1;
    }
    patch(out, at, count);
}

/// A count, then (how many, which value).
fn runs(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
    let at = out.len();
    put(out, 0);
    let mut entries = 0;
    let mut run: Option<(u32, u32)> = None;
    for value in values {
        match &mut run {
            Some((count, same)) if *same == value => *count += 1,
            _ => {
                if let Some((count, value)) = run.replace((1, value)) {
                    put_all(out, &[count, value]);
                    entries += 1;
                }
            }
        }
    }
    if let Some((count, value)) = run {
        put_all(out, &[count, value]);
        entries += 1;
    }
    patch(out, at, entries);
}
