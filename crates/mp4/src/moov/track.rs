//! A track, as it is told to others.

use super::codecs::Support;
use super::sample_description::Description;
use super::text_format::TextFormat;
use super::track_header::TrackKind;
use crate::boxes::BoxAt;
use crate::error::{Result, Unplayable};
use crate::samples::cenc::AuxInfoTable;
use crate::samples::tables::Tables;
use crate::timeline::track_timeline::Timeline;

/// One track.
#[derive(Debug)]
pub struct Track {
    /// As the file numbers it.
    pub id: u32,
    /// What it holds.
    pub kind: TrackKind,
    /// RFC 6381 where there is a rule for it, else the name the file gives.
    pub codec: String,
    /// For people.
    pub codec_name: &'static str,
    /// Where that plays.
    pub support: Support,
    /// Ticks a second.
    pub timescale: u32,
    /// How long it is shown, edits applied.
    pub duration_ms: u64,
    /// Samples in it.
    pub sample_count: u32,
    /// ISO 639-2/T.
    pub language: Option<String>,
    /// Pixels, for video.
    pub width: u16,
    /// Pixels, for video.
    pub height: u16,
    /// For audio.
    pub channels: u16,
    /// Samples a second, for audio.
    pub sample_rate: u32,
    /// How cues are written in it: such a track is read by [`crate::text::cues`].
    pub text: Option<TextFormat>,
    /// Whether it plays anywhere, and if not, why.
    pub playable: Result<(), Unplayable>,
    /// What is odd about the file, and was put right; nothing without the feature `notes`.
    pub notes: Vec<&'static str>,
    /// The track, as the file numbers it, that has chapters for this one.
    pub(crate) chapters: Option<u32>,
    pub(crate) stream: Option<TrackMedia>,
}

/// What is needed to play a track.
#[derive(Debug)]
pub(crate) struct TrackMedia {
    pub(crate) tables: Tables,
    pub(crate) timeline: Timeline,
    /// Samples in front of a sound that a decoder must have had to give it as it should be.
    pub(crate) roll: u32,
    pub(crate) tkhd: BoxAt,
    pub(crate) mdhd: BoxAt,
    pub(crate) stsd: BoxAt,
    /// At least one, for video and audio.
    pub(crate) descriptions: Vec<Description>,
    pub(crate) aux: Option<AuxInfoTable>,
}

/// Says what is odd about a file, where the words are built in.
pub(crate) fn note(notes: &mut Vec<&'static str>, what: &'static str) {
    if cfg!(feature = "notes") {
        notes.push(what);
    }
}

impl Track {
    /// The type for a `SourceBuffer`.
    pub fn mime(&self) -> String {
        self.mime_of(&self.codec)
    }

    /// The type for initialization segment `init`, where descriptions change.
    pub fn mime_for(&self, init: u32) -> String {
        let descriptions = self.stream.iter().flat_map(|stream| &stream.descriptions);
        self.mime_of(descriptions.map(|d| &d.codec).nth(init as usize).unwrap_or(&self.codec))
    }

    fn mime_of(&self, codec: &str) -> String {
        let kind = if self.kind == TrackKind::Video { "video" } else { "audio" };
        // Browsers that play MP3 in MP4 do not know it by its object type.
        let codec = if matches!(codec, "mp4a.6B" | "mp4a.69") { "mp3" } else { codec };
        let mut mime = kind.to_owned();
        for part in ["/mp4; codecs=\"", codec, "\""] {
            mime.push_str(part);
        }
        mime
    }

    /// Whether its samples can be had: it plays, or would with keys, or is read as cues.
    pub(crate) fn is_readable(&self) -> bool {
        let plays = matches!(self.playable, Ok(()) | Err(Unplayable::Encrypted(_)));
        self.stream.is_some() && (plays || self.text.is_some())
    }

    pub(crate) fn unplayable(reason: Unplayable) -> Self {
        Self {
            id: 0,
            kind: TrackKind::Other,
            codec: String::new(),
            codec_name: "",
            support: Support::Nowhere,
            timescale: 0,
            duration_ms: 0,
            sample_count: 0,
            language: None,
            width: 0,
            height: 0,
            channels: 0,
            sample_rate: 0,
            text: None,
            playable: Err(reason),
            notes: Vec::new(),
            chapters: None,
            stream: None,
        }
    }
}
