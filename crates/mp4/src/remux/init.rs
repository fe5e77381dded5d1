//! Writes initialization segments: `ftyp` and a `moov` without samples, for browsers without edits.

use super::colour;
use crate::boxes::write::{boxed, full, patch, put, put_all};
use crate::boxes::{BoxAt, be16, ilst};
use crate::error::{Error, Result};
use crate::moov::index::Index;
use crate::moov::sample_description;
use crate::moov::track::{Track, TrackMedia};
use crate::moov::track_header::TrackKind;
use crate::ticks::rescale;

/// The initialization segment of one track, for a `SourceBuffer`.
///
/// Errors where `track` is no number of the index, or the track is not playable.
pub fn write<B: AsRef<[u8]>>(index: &Index<B>, track: usize) -> Result<Vec<u8>> {
    write_for(index, track, 0)
}

/// The initialization segment `init` of one track, for fragments that name it ([`Fragment::init`]): a
/// track has one for each different sample description. Where [`Track::mime_for`] differs too, call
/// `changeType` of the `SourceBuffer` first. It states the colours that a browser would else take from
/// elsewhere than its own player does. Errors as [`write()`].
///
/// [`Fragment::init`]: super::fragment::Fragment::init
pub fn write_for<B: AsRef<[u8]>>(index: &Index<B>, track: usize, init: u32) -> Result<Vec<u8>> {
    write_stored(index, track, init).map(colour::complete)
}

/// As a start index stores it: with the colours that the film itself states.
#[inline(never)] // The player is smaller so.
pub(crate) fn write_stored<B: AsRef<[u8]>>(
    index: &Index<B>,
    track: usize,
    init: u32,
) -> Result<Vec<u8>> {
    let chosen = [(track_id(track), playable_track(index.tracks(), track)?)];
    Ok(segment(index, &chosen, init, |_, _, _| {}))
}

/// The initialization segment of several tracks, for one file; with the edit lists of
/// [`Index::for_file`]. Errors as [`write()`].
pub fn write_many<B: AsRef<[u8]>>(index: &Index<B>, tracks: &[usize]) -> Result<Vec<u8>> {
    let mut chosen = Vec::with_capacity(tracks.len());
    for &number in tracks {
        chosen.push((track_id(number), playable_track(index.tracks(), number)?));
    }
    Ok(segment(index, &chosen, 0, edits))
}

/// The `track_ID` of track `number` of the index, in fragments and initialization segments.
pub(crate) fn track_id(number: usize) -> u32 {
    u32::try_from(number).map_or(u32::MAX, |number| number + 1)
}

/// A track of the index that is playable, or encrypted.
pub(crate) fn playable_track(tracks: &[Track], number: usize) -> Result<(&Track, &TrackMedia)> {
    let fault = |violation| Error { track: Some(number), path: "trak", offset: 0, violation };
    let track = tracks.get(number).ok_or_else(|| fault("no track of this number"))?;
    let plays = track.is_readable() && track.text.is_none();
    let playable = track.stream.as_ref().filter(|_| plays);
    playable.map(|stream| (track, stream)).ok_or_else(|| fault("track is not playable"))
}

fn segment<B: AsRef<[u8]>>(
    index: &Index<B>,
    tracks: &[(u32, (&Track, &TrackMedia))],
    init: u32,
    edits: impl Fn(&mut Vec<u8>, &Track, &TrackMedia),
) -> Vec<u8> {
    let data = index.moov();
    let mut out = Vec::with_capacity(1024);
    boxed(&mut out, *b"ftyp", |out| {
        // iso6: the brand of default-base-is-moof (§ 8.8.7.1) and signed composition offsets.
        out.extend(b"iso6\0\0\0\x01iso6mp41");
    });
    boxed(&mut out, *b"moov", |out| {
        full(out, *b"mvhd", 0, 0, |out| {
            put_all(out, &[0, 0, 1000, 0, 0x1_0000, 0x0100_0000, 0, 0]);
            put_all(out, &[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
            put_all(out, &[0; 6]);
            put(out, tracks.iter().map(|(number, _)| number + 1).max().unwrap_or(1));
        });
        for (number, (track, stream)) in tracks {
            boxed(out, *b"trak", |out| {
                tkhd(out, data, stream.tkhd, *number);
                edits(out, track, stream);
                media(out, data, track, stream, (0, init), |out| {
                    for kind in [*b"stts", *b"stsc", *b"stco"] {
                        full(out, kind, 0, 0, |out| put(out, 0));
                    }
                    full(out, *b"stsz", 0, 0, |out| put_all(out, &[0, 0]));
                });
            });
        }
        boxed(out, *b"mvex", |out| {
            for (number, _) in tracks {
                full(out, *b"trex", 0, 0, |out| put_all(out, &[*number, 1, 0, 0, 0]));
            }
        });
        for pssh in index.pssh() {
            out.extend(pssh.whole(data));
        }
    });
    out
}

/// An edit list of one edit without an end (§ 8.6.6: duration 0 in a fragmented film).
fn edits(out: &mut Vec<u8>, track: &Track, stream: &TrackMedia) {
    let Some(raised) = u64::try_from(stream.timeline.raised).ok().filter(|n| *n > 0) else {
        return;
    };
    boxed(out, *b"edts", |out| {
        full(out, *b"elst", 1, 0, |out| {
            put_all(out, &[1, 0, 0]);
            out.extend(raised.to_be_bytes());
            put(out, 0x1_0000);
        });
    });
    // ffmpeg reads such a note only from files that were not fragmented.
    if track.kind == TrackKind::Audio && !stream.timeline.segments.is_empty() {
        ilst::write(out, rescale(raised, track.timescale, track.sample_rate));
    }
}

/// `mdia` of a duration, with the sample descriptions of initialization segment `init` and the
/// tables that `tables` writes.
pub(crate) fn media(
    out: &mut Vec<u8>,
    data: &[u8],
    track: &Track,
    stream: &TrackMedia,
    (duration, init): (u32, u32),
    tables: impl FnOnce(&mut Vec<u8>),
) {
    let is_video = track.kind == TrackKind::Video;
    boxed(out, *b"mdia", |out| {
        full(out, *b"mdhd", 0, 0, |out| {
            put_all(out, &[0, 0, track.timescale, duration]);
            put(out, language(data, stream.mdhd));
        });
        full(out, *b"hdlr", 0, 0, |out| {
            put(out, 0);
            out.extend(if is_video { b"vide" } else { b"soun" });
            out.extend([0; 13]);
        });
        boxed(out, *b"minf", |out| {
            if is_video {
                full(out, *b"vmhd", 0, 1, |out| out.extend([0; 8]));
            } else {
                full(out, *b"smhd", 0, 0, |out| out.extend([0; 4]));
            }
            boxed(out, *b"dinf", |out| {
                full(out, *b"dref", 0, 0, |out| {
                    put(out, 1);
                    full(out, *b"url ", 0, 1, |_| {});
                });
            });
            boxed(out, *b"stbl", |out| {
                sample_description::write(out, data, is_video, &stream.descriptions, init);
                tables(out);
            });
        });
    });
}

/// The source's `tkhd`, for its matrix and size; enabled, with this `track_ID`, without a duration.
pub(crate) fn tkhd(out: &mut Vec<u8>, data: &[u8], tkhd: BoxAt, number: u32) {
    let start = out.len();
    boxed(out, *b"tkhd", |out| {
        let content = tkhd.content(data);
        let wide = content.first() == Some(&1);
        out.extend(content.iter().take(if wide { 96 } else { 84 }));
        let body = start + 8;
        patch(out, body, u32::from(wide) << 24 | 3);
        let at = body + if wide { 20 } else { 12 };
        patch(out, at, number);
        patch(out, at + 8, 0);
        if wide {
            patch(out, at + 12, 0);
        }
    });
}

/// The last field of `mdhd`: packed language, and 16 zero bits.
fn language(data: &[u8], mdhd: BoxAt) -> u32 {
    let content = mdhd.content(data);
    let at = if content.first() == Some(&1) { 32 } else { 20 };
    u32::from(be16(content, at).unwrap_or(0x55c4)) << 16
}
