//! The wire form of a start: a sequence of boxes, simple enough for a dozen lines of JavaScript.

use super::start::{Start, TrackInit, TrackSummary};
use crate::boxes::write::{boxed, put, put_all};
use crate::error::{Error, MANY_TRACKS, Result, TOO_SHORT};
use crate::limits::{OFFSET_MAX, TRACKS_MAX, WINDOWS_MAX};
use crate::moov::track_header::TrackKind;
use crate::range::ByteRange;
use crate::remux::fragment::{Fragment, Payload};
use crate::remux::plan::{Cursor, Fetch, Window};

const VERSION: u32 = 1;

/// The boxes of a start, in the order of `docs/formats.md`.
pub fn encode(start: &Start) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 << 10);
    boxed(&mut out, *b"ffst", |out| {
        put(out, VERSION);
        long(out, start.duration_ms);
        long(out, start.start_ms);
        if start.offset_ms > 0 {
            long(out, start.offset_ms);
        }
    });
    start.tracks.iter().for_each(|track| put_track(&mut out, track));
    for init in &start.inits {
        boxed(&mut out, *b"init", |out| {
            put(out, number(init.track));
            out.extend(&init.segment);
        });
    }
    start.windows.iter().for_each(|window| put_window(&mut out, window));
    out
}

fn put_track(out: &mut Vec<u8>, track: &TrackSummary) {
    boxed(out, *b"trak", |out| {
        put_all(out, &[number(track.track), u32::from(track.kind == TrackKind::Audio)]);
        put_all(out, &[u32::from(track.size.0) << 16 | u32::from(track.size.1)]);
        put_all(out, &[track.sound.0.into(), track.sound.1]);
        let mut language = [0; 4];
        language.iter_mut().zip(track.language.bytes().take(3)).for_each(|(to, b)| *to = b);
        out.extend(language);
        out.extend(track.mime.as_bytes());
    });
}

fn put_window(out: &mut Vec<u8>, window: &Window) {
    boxed(out, *b"wind", |out| {
        long(out, window.start_ms);
        long(out, window.end_ms);
        window.next.numbers().into_iter().for_each(|number| long(out, number));
    });
    boxed(out, *b"keys", |out| window.keys_ms.iter().for_each(|key| long(out, *key)));
    for fetch in &window.fetches {
        boxed(out, *b"rang", |out| {
            long(out, fetch.range.start);
            long(out, fetch.range.end);
        });
        fetch.fragments.iter().for_each(|fragment| put_fragment(out, fragment));
    }
}

fn put_fragment(out: &mut Vec<u8>, fragment: &Fragment) {
    let runs = match &fragment.payload {
        Payload::AsIs => &[][..],
        Payload::Gather(runs) => runs,
    };
    boxed(out, *b"frag", |out| {
        put_all(out, &[number(fragment.track), fragment.first_sample, fragment.sample_count]);
        put(out, number(runs.len()));
        for run in runs {
            // A window's range has far less than 4 GiB: `limits` says why.
            put_all(out, &[number(run.start), number(run.len())]);
        }
        out.extend(&fragment.header);
    });
}

fn long(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_be_bytes());
}

fn number(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

/// Reads the boxes of a start; ignores boxes of unknown types.
///
/// Errors: `violation` says which rule of `docs/formats.md` is broken, `offset` is that of the box.
pub fn decode(bytes: &[u8]) -> Result<Start> {
    let mut start = Start {
        duration_ms: 0,
        start_ms: 0,
        offset_ms: 0,
        tracks: Vec::new(),
        inits: Vec::new(),
        windows: Vec::new(),
    };
    let mut boxes = FieldReader { rest: bytes, is_whole: true };
    loop {
        let at = bytes.len() - boxes.rest.len();
        let len = boxes.small().wrapping_sub(8) as usize;
        let kind = boxes.bytes(4);
        let mut content = FieldReader { rest: boxes.bytes(len), is_whole: true };
        let read = if (kind == b"ffst") == (at == 0) {
            read_box(&mut start, kind, &mut content)
        } else {
            Err("ffst is not the first box, or not the only one")
        };
        let whole = boxes.is_whole && content.is_whole;
        let violation = read.err().or((!whole).then_some(TOO_SHORT));
        if let Some(violation) = violation {
            return Err(Error::file(at as u64, violation));
        }
        if boxes.rest.is_empty() {
            return Ok(start);
        }
    }
}

/// Reads the fields of a box. A field past its end reads as 0 and clears `is_whole`.
struct FieldReader<'a> {
    rest: &'a [u8],
    is_whole: bool,
}

impl<'a> FieldReader<'a> {
    #[inline(never)]
    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let parts = self.rest.split_at_checked(len);
        self.is_whole &= parts.is_some();
        let (bytes, rest) = parts.unwrap_or_default();
        self.rest = rest;
        bytes
    }

    #[inline(never)]
    fn small(&mut self) -> u32 {
        self.bytes(4).iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
    }

    fn number(&mut self) -> u64 {
        u64::from(self.small()) << 32 | u64::from(self.small())
    }

    /// The rest, as UTF-8.
    fn text(&mut self) -> Parsed<String> {
        String::from_utf8(std::mem::take(&mut self.rest).to_vec()).map_err(|_| "text is not UTF-8")
    }
}

/// What was read, or what is wrong with it.
type Parsed<T> = std::result::Result<T, &'static str>;

fn read_box(start: &mut Start, kind: &[u8], content: &mut FieldReader<'_>) -> Parsed<()> {
    let windows = &mut start.windows;
    match kind {
        b"ffst" => {
            if content.small() != VERSION {
                return Err("version is not 1");
            }
            start.duration_ms = content.number();
            start.start_ms = content.number();
            if !content.rest.is_empty() {
                start.offset_ms = content.number();
            }
        }
        b"trak" if start.tracks.len() < TRACKS_MAX => start.tracks.push(track_summary(content)?),
        b"init" if start.inits.len() < TRACKS_MAX => {
            start.inits.push(TrackInit { track: track(content)?, segment: content.rest.to_vec() });
        }
        b"wind" if windows.len() < WINDOWS_MAX as usize => windows.push(Window {
            start_ms: content.number(),
            end_ms: content.number(),
            next: Cursor::from_numbers([(); 5].map(|()| content.number())),
            fetches: Vec::new(),
            keys_ms: Vec::new(),
        }),
        b"keys" => {
            let window = windows.last_mut().ok_or("keys box comes before any wind box")?;
            while !content.rest.is_empty() {
                window.keys_ms.push(content.number());
            }
        }
        b"rang" => {
            let range = ByteRange { start: content.number(), end: content.number() };
            if range.end < range.start || range.end > OFFSET_MAX {
                return Err("range ends before its start, or past byte 2^53");
            }
            let window = windows.last_mut().ok_or("rang box comes before any wind box")?;
            window.fetches.push(Fetch { range, fragments: Vec::new() });
        }
        b"frag" => {
            let fetch = windows.last_mut().and_then(|window| window.fetches.last_mut());
            let fetch = fetch.ok_or("frag box comes before any rang box")?;
            fetch.fragments.push(fragment(content, fetch.range.len())?);
        }
        b"trak" | b"init" | b"wind" => return Err("too many boxes of one type"),
        _ => {}
    }
    Ok(())
}

fn track(content: &mut FieldReader<'_>) -> Parsed<usize> {
    let track = content.small() as usize;
    if track < TRACKS_MAX { Ok(track) } else { Err(MANY_TRACKS) }
}

fn track_summary(content: &mut FieldReader<'_>) -> Parsed<TrackSummary> {
    let track = track(content)?;
    let kind = if content.small() == 0 { TrackKind::Video } else { TrackKind::Audio };
    let pixels = content.small();
    let size = ((pixels >> 16) as u16, (pixels & 0xffff) as u16);
    let sound = (u16::try_from(content.small()).unwrap_or(u16::MAX), content.small());
    let language = match content.bytes(4) {
        [0, 0, 0, 0] => &[],
        [code @ .., 0] if code.iter().all(u8::is_ascii_lowercase) => code,
        [_, _, _, 0] => return Err("language is not three lowercase letters"),
        _ => return Err("language is not followed by a 0"),
    };
    let language = language.iter().map(|letter| char::from(*letter)).collect();
    Ok(TrackSummary { track, kind, language, size, sound, mime: content.text()? })
}

fn fragment(content: &mut FieldReader<'_>, fetched: u64) -> Parsed<Fragment> {
    let track = track(content)?;
    let (first_sample, sample_count) = (content.small(), content.small());
    let mut runs = Vec::new();
    for _ in 0..content.small() {
        let run = ByteRange::of(content.small().into(), content.small().into());
        if run.end > fetched || !content.is_whole {
            return Err("run lies outside its range");
        }
        runs.push(run);
    }
    let payload = if runs.is_empty() { Payload::AsIs } else { Payload::Gather(runs) };
    let (header, init, hole) = (content.rest.to_vec(), 0, None);
    Ok(Fragment { track, header, payload, init, hole, first_sample, sample_count })
}
