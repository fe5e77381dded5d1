//! The `moov` box that names frames as samples (ISO/IEC 14496-12 § 8).

use mp4::box_writer::{boxed, full, put, put_all, table};

use crate::sample_entry;
use crate::scanned_track::{FOLLOWS, Frame, ScannedTrack};
use crate::times::{self, Times};
use crate::track_entry::{Kind, TrackEntry};

/// Ticks of a second of the film.
const MOVIE_SCALE: u32 = 1_000_000;
/// A film that begins later is shown from its beginning.
const BEGIN_MAX: i64 = 1_000_000_000;
/// A picture that is neither turned nor scaled (§ 6.2.2).
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// A track with its times.
struct TimedTrack<'a> {
    track: &'a ScannedTrack,
    times: Times,
    /// Ticks from the film's beginning to the first frame.
    begins: i64,
    /// Ticks of all frames.
    length: u64,
}

/// Writes the `moov` box of these tracks, each of which has frames.
pub(crate) fn write(tracks: &[ScannedTrack]) -> Vec<u8> {
    let mut timed: Vec<TimedTrack<'_>> = tracks.iter().map(timed).collect();
    let begin = timed.iter().map(|timed| nanoseconds(timed.begins, timed.times.timescale)).min();
    let late = begin.filter(|begin| *begin > BEGIN_MAX).unwrap_or(0);
    for timed in &mut timed {
        timed.begins -= ticks(late, timed.times.timescale);
    }
    let duration = timed.iter().map(TimedTrack::until).max().unwrap_or(0);
    let mut out = Vec::new();
    boxed(&mut out, *b"moov", |out| {
        full(out, *b"mvhd", 1, 0, |out| {
            put_all(out, &[0, 0, 0, 0, MOVIE_SCALE]);
            out.extend(duration.to_be_bytes());
            put_all(out, &[0x1_0000, 0x100_0000, 0, 0]);
            put_all(out, &MATRIX);
            put_all(out, &[0, 0, 0, 0, 0, 0, u32::MAX]);
        });
        for (id, timed) in (1..).zip(&timed) {
            let others = tracks.iter().map(|track| &track.entry);
            let is_enabled = is_enabled(&timed.track.entry, others);
            boxed(out, *b"trak", |out| timed.write(out, id, is_enabled));
        }
    });
    out
}

/// Whether a track is one of those that play unless others are chosen.
fn is_enabled<'a>(entry: &TrackEntry, mut others: impl Iterator<Item = &'a TrackEntry>) -> bool {
    let is_chosen = |entry: &TrackEntry| entry.is_enabled && entry.is_default;
    is_chosen(entry) || !others.any(|other| other.kind == entry.kind && is_chosen(other))
}

fn timed(track: &ScannedTrack) -> TimedTrack<'_> {
    let delay = i64::try_from(track.entry.codec_delay).unwrap_or(0);
    let shown = track.frames.iter().map(|frame| match frame.time {
        FOLLOWS => FOLLOWS,
        time => time - delay,
    });
    let shown: Vec<i64> = shown.collect();
    let times = if track.entry.kind == Kind::Video {
        times::of_pictures(&shown, track.entry.default_duration)
    } else {
        let ticks: Vec<Option<u32>> = track.frames.iter().map(|frame| frame.ticks).collect();
        times::of_sound(&shown, &ticks, track.clock)
    };
    let length = times.durations.iter().map(|ticks| u64::from(*ticks)).sum();
    TimedTrack { track, begins: times.first, length, times }
}

fn nanoseconds(ticks: i64, timescale: u32) -> i64 {
    rescaled(ticks, timescale, 1_000_000_000)
}

fn ticks(time: i64, timescale: u32) -> i64 {
    rescaled(time, 1_000_000_000, timescale)
}

fn rescaled(value: i64, from: u32, to: u32) -> i64 {
    let value = i128::from(value) * i128::from(to) / i128::from(from.max(1));
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl TimedTrack<'_> {
    /// When it ends, in ticks of the film.
    fn until(&self) -> u64 {
        let end = self.begins.saturating_add_unsigned(self.length);
        u64::try_from(rescaled(end, self.times.timescale, MOVIE_SCALE)).unwrap_or(0)
    }

    fn write(&self, out: &mut Vec<u8>, id: u32, is_enabled: bool) {
        let entry = &self.track.entry;
        let is_video = entry.kind == Kind::Video;
        full(out, *b"tkhd", 1, if is_enabled { 3 } else { 2 }, |out| {
            put_all(out, &[0, 0, 0, 0, id, 0]);
            out.extend(self.until().to_be_bytes());
            // All tracks of a kind are alternatives.
            let group = if is_video { 1 } else { 2 };
            put_all(out, &[0, 0, group, if is_video { 0 } else { 0x100_0000 }]);
            put_all(out, &MATRIX);
            let pixels = |count: u64| u32::from(u16::try_from(count).unwrap_or(u16::MAX)) << 16;
            put_all(out, &[pixels(entry.picture.width), pixels(entry.picture.height)]);
        });
        boxed(out, *b"edts", |out| self.write_edits(out));
        boxed(out, *b"mdia", |out| {
            self.write_media_headers(out);
            boxed(out, *b"minf", |out| self.write_media(out));
        });
    }

    fn write_media_headers(&self, out: &mut Vec<u8>) {
        full(out, *b"mdhd", 1, 0, |out| {
            put_all(out, &[0, 0, 0, 0, self.times.timescale]);
            out.extend(self.length.to_be_bytes());
            put(out, u32::from(language(&self.track.entry.language)) << 16);
        });
        full(out, *b"hdlr", 0, 0, |out| {
            put(out, 0);
            out.extend(if self.track.entry.kind == Kind::Video { b"vide" } else { b"soun" });
            put_all(out, &[0; 3]);
            out.push(0);
        });
    }

    /// An empty edit in front of a late track; what a decoder yields too early is cut off.
    fn write_edits(&self, out: &mut Vec<u8>) {
        let late = u64::try_from(rescaled(self.begins, self.times.timescale, MOVIE_SCALE));
        let late = late.ok().filter(|late| *late > 0);
        let from = (-self.begins).max(0);
        let shown = self.until().saturating_sub(late.unwrap_or(0));
        full(out, *b"elst", 1, 0, |out| {
            put(out, 1 + u32::from(late.is_some()));
            let nothing = late.map(|late| (late, -1));
            for (length, from) in nothing.into_iter().chain([(shown, from)]) {
                out.extend(length.to_be_bytes());
                out.extend(i64::to_be_bytes(from));
                put(out, 0x1_0000);
            }
        });
    }

    fn write_media(&self, out: &mut Vec<u8>) {
        let entry = &self.track.entry;
        if entry.kind == Kind::Video {
            full(out, *b"vmhd", 0, 1, |out| put_all(out, &[0, 0]));
        } else {
            full(out, *b"smhd", 0, 0, |out| put(out, 0));
        }
        boxed(out, *b"dinf", |out| {
            full(out, *b"dref", 0, 0, |out| {
                put(out, 1);
                full(out, *b"url ", 0, 1, |_| {});
            });
        });
        boxed(out, *b"stbl", |out| {
            full(out, *b"stsd", 0, 0, |out| {
                put(out, 1);
                sample_entry::write(out, entry, &self.track.first);
            });
            self.write_tables(out);
        });
    }

    fn write_tables(&self, out: &mut Vec<u8>) {
        let frames = &self.track.frames;
        table(out, *b"stts", 0, runs(&self.times.durations).map(|(count, ticks)| [count, ticks]));
        if self.times.offsets.iter().any(|offset| *offset != 0) {
            let offsets = runs(&self.times.offsets);
            table(out, *b"ctts", 1, offsets.map(|(count, ticks)| [count, ticks.cast_unsigned()]));
        }
        if !frames.iter().all(|frame| frame.is_key) {
            let keys = (1_u32..).zip(frames).filter(|(_, frame)| frame.is_key);
            table(out, *b"stss", 0, keys.map(|(number, _)| [number]));
        }
        full(out, *b"stsz", 0, 0, |out| {
            put_all(out, &[0, u32::try_from(frames.len()).unwrap_or(u32::MAX)]);
            out.extend(frames.iter().flat_map(|frame| frame.size.to_be_bytes()));
        });
        let chunks = chunks(frames);
        let counts: Vec<u32> = chunks.iter().map(|chunk| chunk.1).collect();
        let mut number = 1;
        let entries = runs(&counts).map(|(times, count)| {
            let entry = [number, count, 1];
            number += times;
            entry
        });
        table(out, *b"stsc", 0, entries);
        let offsets = chunks.iter().map(|chunk| chunk.0);
        table(out, *b"co64", 0, offsets.map(|at| [(at >> 32) as u32, (at & 0xffff_ffff) as u32]));
    }
}

/// Values that follow each other and are equal: how many, and which.
fn runs<T: Copy + PartialEq>(values: &[T]) -> impl Iterator<Item = (u32, T)> {
    values.chunk_by(|a, b| a == b).filter_map(|run| {
        let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
        run.first().map(|value| (count, *value))
    })
}

/// Offset, and count of frames, of each run of neighbours.
fn chunks(frames: &[Frame]) -> Vec<(u64, u32)> {
    let are_neighbours = |a: &Frame, b: &Frame| a.offset + u64::from(a.size) == b.offset;
    let chunks = frames.chunk_by(are_neighbours).filter_map(|run| {
        let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
        run.first().map(|first| (first.offset, count))
    });
    chunks.collect()
}

/// Languages of ISO 639-2 in their older form, and in that of ISO 639-2/T.
const OLDER: [(&str, &str); 20] = [
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// Three letters of five bits (§ 8.4.2.3).
fn language(name: &str) -> u16 {
    let newer = OLDER.iter().find(|(older, _)| *older == name).map_or(name, |(_, newer)| *newer);
    let letters = newer
        .as_bytes()
        .first_chunk::<3>()
        .filter(|three| newer.len() == 3 && three.iter().all(u8::is_ascii_lowercase));
    let letters = letters.unwrap_or(b"und");
    letters.iter().fold(0, |packed, letter| packed << 5 | u16::from(letter - 0x60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_their_newer_form() {
        assert_eq!(language("ger"), language("deu"));
        assert_eq!(language("und"), 0x55c4);
        assert_eq!(language("de"), language("und"));
    }
}
