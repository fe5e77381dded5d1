//! `TrackEntry` elements (RFC 9559 § 5.1.4.1).

use crate::ebml::{children, float, text, uint};

const TRACK_ENTRY: u32 = 0xae;
const VIDEO: u32 = 0xe0;
const AUDIO: u32 = 0xe1;
const CONTENT_ENCODINGS: u32 = 0x6d80;

/// A day in nanoseconds: a frame, or a delay, that is longer is a mistake.
const DURATION_MAX: u64 = 86_400_000_000_000;

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Audio,
}

/// What a track says of its pictures or sound, with the defaults of the specification.
#[derive(Clone, Debug)]
pub(crate) struct TrackEntry {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// `V_MPEG4/ISO/AVC`
    pub(crate) codec: String,
    pub(crate) private: Vec<u8>,
    /// ISO 639-2, in either of its forms.
    pub(crate) language: String,
    pub(crate) is_default: bool,
    pub(crate) is_enabled: bool,
    /// Nanoseconds of one frame, where all have the same; else 0.
    pub(crate) default_duration: u64,
    /// Nanoseconds that the decoder yields in front of the first frame's time.
    pub(crate) codec_delay: u64,
    /// Frames are compressed, encrypted, or lack bytes.
    pub(crate) is_encoded: bool,
    pub(crate) picture: Picture,
    /// Samples a second.
    pub(crate) rate: f64,
    pub(crate) channels: u64,
    /// Bits of a sample of PCM.
    pub(crate) bits: u64,
}

/// The size and colour of pictures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) width: u64,
    pub(crate) height: u64,
    /// What it is scaled to, if that is stated in units that only matter by their ratio.
    pub(crate) display: Option<(u64, u64)>,
    /// Primaries, transfer, matrix (ITU-T H.273), and whether the range is full; where one is stated.
    pub(crate) colour: Option<([u16; 3], bool)>,
}

/// The audio and video tracks in the content of `Tracks`.
pub(crate) fn read_all(tracks: &[u8]) -> impl Iterator<Item = TrackEntry> {
    children(tracks).filter(|(id, _)| *id == TRACK_ENTRY).filter_map(|(_, entry)| read(entry))
}

fn read(content: &[u8]) -> Option<TrackEntry> {
    let find =
        |wanted: u32| children(content).find(|(id, _)| *id == wanted).map(|(_, found)| found);
    let number = |id: u32, default: u64| find(id).map_or(default, uint);
    let kind = match number(0x83, 0) {
        1 => Kind::Video,
        2 => Kind::Audio,
        _ => return None,
    };
    let audio = find(AUDIO).unwrap_or_default();
    let sound = |wanted: u32| children(audio).find(|(id, _)| *id == wanted).map(|(_, found)| found);
    Some(TrackEntry {
        number: number(0xd7, 0),
        kind,
        codec: find(0x86).map(text).unwrap_or_default(),
        private: find(0x63a2).unwrap_or_default().to_vec(),
        language: find(0x22_b59c).map_or_else(|| "eng".to_owned(), text),
        is_default: number(0x88, 1) != 0,
        is_enabled: number(0xb9, 1) != 0,
        default_duration: number(0x23_e383, 0).min(DURATION_MAX),
        codec_delay: number(0x56aa, 0).min(DURATION_MAX),
        is_encoded: find(CONTENT_ENCODINGS).is_some_and(|all| children(all).next().is_some()),
        picture: find(VIDEO).map(picture).unwrap_or_default(),
        rate: sound(0xb5).map_or(8000.0, float),
        channels: sound(0x9f).map_or(1, uint),
        bits: sound(0x6264).map_or(0, uint),
    })
}

fn picture(video: &[u8]) -> Picture {
    let find = |wanted: u32| children(video).find(|(id, _)| *id == wanted).map(|(_, found)| found);
    let number = |id: u32| find(id).map_or(0, uint);
    let display = (number(0x54b0), number(0x54ba));
    // Units 0 to 3: pixels, centimetres, inches, a ratio. 4 is unknown.
    let has_display = number(0x54b2) < 4 && display.0 > 0 && display.1 > 0;
    Picture {
        width: number(0xb0),
        height: number(0xba),
        display: has_display.then_some(display),
        colour: find(0x55b0).and_then(colour),
    }
}

fn colour(content: &[u8]) -> Option<([u16; 3], bool)> {
    let number = |wanted: u32, default: u64| {
        children(content).find(|(id, _)| *id == wanted).map_or(default, |(_, found)| uint(found))
    };
    // 2 stands for "not stated"; of the range that is 0.
    let codes = [0x55bb, 0x55ba, 0x55b1].map(|id| u16::try_from(number(id, 2)).unwrap_or(2));
    let range = number(0x55b9, 0);
    let is_stated = range > 0 || codes.iter().any(|code| *code != 2);
    is_stated.then_some((codes, range == 2))
}
