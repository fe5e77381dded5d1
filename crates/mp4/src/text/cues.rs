//! Which bytes of a file hold the cues of a span of time; the chapters of a film.

use crate::boxes::{BoxAt, be64};
use crate::error::{Error, Result};
use crate::limits::{CHAPTERS_MAX, CUE_SAMPLES_MAX, WINDOW_SAMPLES_MAX};
use crate::moov::index::Index;
use crate::range::ByteRange;
use crate::remux::selected_track::{Piece, SelectedTrack};
use crate::samples::moof_lookup::Next;

use super::cue::{self, Cue};
use crate::moov::text_format::TextFormat;

/// The ranges that hold the cues of a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cues {
    /// The range requests, in order.
    pub fetches: Vec<Fetch>,
    /// The end of the span they cover, in milliseconds: earlier than requested where cues are many,
    /// scattered, or not known yet.
    pub until_ms: u64,
    /// Bytes to feed to the index of a fragmented file before it can plan further.
    pub need: Option<ByteRange>,
}

/// One range request, and the cue samples in its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The bytes.
    pub range: ByteRange,
    format: TextFormat,
    samples: Vec<Timed>,
}

/// A cue sample, by its offset in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Timed {
    at: u64,
    size: u32,
    start_ms: u64,
    end_ms: u64,
}

/// The chapters of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapters {
    /// The text track whose cues are the chapters, by its number in the index.
    pub track: Option<usize>,
    /// Chapters listed in `moov` (`chpl`).
    pub listed: Vec<Cue>,
}

/// Plans the requests for the cues of text track `track` that are shown between two times, in
/// milliseconds.
///
/// Errors where the track has no cues, where too many of its samples have one time, or where its sample
/// tables or `moof` boxes are broken.
pub fn plan<B: AsRef<[u8]>>(
    index: &Index<B>,
    track: usize,
    from_ms: u64,
    to_ms: u64,
) -> Result<Cues> {
    let fault = |violation| Error { track: Some(track), path: "trak", offset: 0, violation };
    let selected =
        SelectedTrack::of_text(index, track).ok_or_else(|| fault("selected track has no cues"))?;
    let format = selected.track.text.ok_or_else(|| fault("selected track has no cues"))?;
    let (mut pieces, mut times, mut until_ms) = (Vec::new(), Vec::new(), to_ms);
    let mut next = selected.seek(from_ms)?.0;
    if let Next::Need(_) = next {
        until_ms = from_ms;
    }
    let samples = if let Next::Sample(place) = next { Some(selected.samples(place)) } else { None };
    for (searched, sample) in samples.into_iter().flatten().enumerate() {
        let sample = sample?;
        next = selected.next(sample.id().next());
        let (start_ms, end_ms) =
            (selected.ms(sample.pts), selected.ms(sample.pts + i64::from(sample.duration)));
        if start_ms >= to_ms {
            next = Next::End;
            break;
        }
        if let Next::Need(_) = next {
            until_ms = end_ms.min(to_ms);
        }
        if searched == CUE_SAMPLES_MAX {
            (next, until_ms) = (Next::End, start_ms);
            break;
        }
        if sample.size <= format.empty() || end_ms <= start_ms.max(from_ms) {
            continue;
        }
        if times.len() == WINDOW_SAMPLES_MAX || !Piece::add(&mut pieces, sample) {
            (next, until_ms) = (Next::End, start_ms);
            break;
        }
        times.push((start_ms, end_ms));
    }
    let need = if let Next::Need(range) = next { Some(range) } else { None };
    if need.is_none() && until_ms <= from_ms && from_ms < to_ms {
        return Err(fault("text track has too many samples at one time"));
    }
    Ok(Cues { fetches: fetches(format, pieces, times), until_ms, need })
}

/// A fetch for each piece; `times`: when the samples of all of them begin and end.
fn fetches(format: TextFormat, pieces: Vec<Piece>, times: Vec<(u64, u64)>) -> Vec<Fetch> {
    let mut times = times.into_iter();
    let fetches = pieces.into_iter().map(|Piece { range, samples }| {
        let placed = samples.iter().zip(&mut times).map(|(sample, (start_ms, end_ms))| {
            let at = sample.offset - range.start;
            Timed { at, size: sample.size, start_ms, end_ms }
        });
        Fetch { range, format, samples: placed.collect() }
    });
    fetches.collect()
}

impl Fetch {
    /// Appends the cues in the range's `bytes`. A `WebVTT` cue that begins where an equal one ends is
    /// joined to it: files repeat a cue whenever another one begins or ends.
    ///
    /// Errors where `bytes` are shorter than the range.
    pub fn read(&self, bytes: &[u8], cues: &mut Vec<Cue>) -> Result<()> {
        for sample in &self.samples {
            let place = usize::try_from(sample.at).ok();
            let place = place.and_then(|at| Some(at..at.checked_add(sample.size as usize)?));
            let data = place.and_then(|place| bytes.get(place)).ok_or(Error {
                track: None,
                path: "file",
                offset: self.range.start + sample.at,
                violation: "bytes of a cue are missing",
            })?;
            cue::read(self.format, data, (sample.start_ms, sample.end_ms), cues);
        }
        Ok(())
    }
}

/// The chapters of a film: the text track that a `tref` of type `chap` names, and those of `chpl`.
pub fn chapters<B: AsRef<[u8]>>(index: &Index<B>) -> Chapters {
    let tracks = index.tracks();
    let is_text = |id: &u32| tracks.iter().position(|t| t.id == *id && t.text.is_some());
    let track = tracks.iter().filter_map(|t| t.chapters.as_ref()).find_map(is_text);
    let listed =
        index.chpl().map_or_else(Vec::new, |b| listed(index.moov(), b, index.duration_ms()));
    Chapters { track, listed }
}

/// `chpl`, as Nero wrote it: a count, then times in 100 ns and titles of at most 255 bytes.
fn listed(data: &[u8], chpl: BoxAt, end_ms: u64) -> Vec<Cue> {
    let content = chpl.content(data);
    // Version 1 has four more bytes of unknown meaning.
    let mut at = if content.first() == Some(&0) { 5 } else { 9 };
    let mut cues: Vec<Cue> = Vec::new();
    while let (Some(start), Some(length)) = (be64(content, at), content.get(at + 8)) {
        let title = content.get(at + 9..).unwrap_or_default();
        let title = title.get(..usize::from(*length)).unwrap_or(title);
        let start_ms = start / 10_000;
        if let Some(before) = cues.last_mut() {
            before.end_ms = start_ms.max(before.start_ms);
        }
        if cues.len() == CHAPTERS_MAX {
            break;
        }
        let text = String::from_utf8_lossy(title).into_owned();
        let end_ms = end_ms.max(start_ms);
        cues.push(Cue { start_ms, end_ms, text, id: None, settings: None });
        at += 9 + usize::from(*length);
    }
    cues
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::write::boxed;

    fn read(format: TextFormat, samples: &[(&[u8], u64)]) -> Vec<Cue> {
        let (mut cues, mut start_ms) = (Vec::new(), 0);
        for (bytes, ms) in samples {
            let size = u32::try_from(bytes.len()).unwrap();
            let timed = Timed { at: 0, size, start_ms, end_ms: start_ms + ms };
            let range = ByteRange { start: 500, end: 500 + u64::from(size) };
            let fetch = Fetch { range, format, samples: vec![timed] };
            fetch.read(bytes, &mut cues).unwrap();
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(fetch.read(cut, &mut cues).unwrap_err().offset, 500);
            start_ms += ms;
        }
        cues
    }

    fn shown(cues: &[Cue]) -> Vec<(u64, u64, &str)> {
        cues.iter().map(|cue| (cue.start_ms, cue.end_ms, cue.text.as_str())).collect()
    }

    #[test]
    fn tx3g_text_ends_before_its_styles() {
        let cues = read(
            TextFormat::Tx3g,
            &[
                (b"\0\x03abc\0\0\0\x08styl", 10),
                (b"\0\x08\xfe\xff\0a\0\r\0b", 10),
                (b"\0\x06\xff\xfea\0b\0", 10),
                (b"\0\x05\xef\xbb\xbfhi", 10),
                (b"\0\0", 10),
                (b"\0\xffshort", 10),
            ],
        );
        let expected =
            [(0, 10, "abc"), (10, 20, "a\nb"), (20, 30, "ab"), (30, 40, "hi"), (50, 60, "short")];
        assert_eq!(shown(&cues), expected);
    }

    #[test]
    fn webvtt_cues_that_continue_are_joined() {
        let vttc = |out: &mut Vec<u8>, id: &[u8], text: &[u8]| {
            boxed(out, *b"vttc", |out| {
                boxed(out, *b"iden", |out| out.extend(id));
                boxed(out, *b"sttg", |out| out.extend(b"line:0"));
                boxed(out, *b"payl", |out| out.extend(text));
            });
        };
        let (mut one, mut both, mut none) = (Vec::new(), Vec::new(), Vec::new());
        vttc(&mut one, b"1", b"<b>Hi</b>");
        vttc(&mut both, b"1", b"<b>Hi</b>");
        vttc(&mut both, b"2", b"there");
        boxed(&mut none, *b"vtte", |_| {});
        let cues = read(TextFormat::WebVtt, &[(&one, 5), (&both, 5), (&none, 5), (&one, 5)]);
        let expected = [(0, 10, "<b>Hi</b>"), (5, 10, "there"), (15, 20, "<b>Hi</b>")];
        assert_eq!(shown(&cues), expected);
        assert_eq!(cues[1].id.as_deref(), Some("2"));
        assert_eq!(cues[1].settings.as_deref(), Some("line:0"));
    }

    #[test]
    fn chpl_chapters_end_where_the_next_begins() {
        let mut data = b"\0\0\0\0chpl\x01\0\0\0\0\0\0\0\x02".to_vec();
        for (start, title) in [(0_u64, "One"), (50_000_000, "Zwei")] {
            data.extend(start.to_be_bytes());
            data.push(u8::try_from(title.len()).unwrap());
            data.extend(title.bytes());
        }
        let chpl = |end| BoxAt { kind: *b"chpl", start: 0, body: 8, end };
        let cues = listed(&data, chpl(data.len()), 9_000);
        assert_eq!(shown(&cues), [(0, 5_000, "One"), (5_000, 9_000, "Zwei")]);
        assert_eq!(listed(&data, chpl(30), 9_000).len(), 1);
        assert_eq!(listed(&data, chpl(9), 9_000), []);
    }
}
