//! A track of a `moov`: its public description, and what playing it needs.

use super::codec_name::Support;
use super::codecs;
use super::sample_description::Description;
use super::text_format::TextFormat;
use super::track_header::TrackKind;
use crate::boxes::{BoxAt, be16};
use crate::error::{Result, Unplayable};
use crate::samples::cenc::AuxInfoTable;
use crate::samples::tables::Tables;
use crate::ticks::rescale;
use crate::timeline::track_timeline::Timeline;

/// A track of a film.
#[derive(Debug)]
pub struct Track {
    /// Its `track_ID` in the file.
    pub id: u32,
    /// Video, audio, or neither.
    pub kind: TrackKind,
    /// RFC 6381 codec string, or the sample entry's FourCC where there is none.
    pub codec: String,
    /// The codec's name, for people.
    pub codec_name: &'static str,
    /// Which browsers play the codec.
    pub support: Support,
    /// Timescale: ticks a second.
    pub timescale: u32,
    /// Milliseconds of its presentation, edits applied.
    pub duration_ms: u64,
    /// Number of samples that the tables of `moov` describe.
    pub sample_count: u32,
    /// ISO 639-2/T code; `None` where it is undetermined.
    pub language: Option<String>,
    /// Width in pixels, for video.
    pub width: u16,
    /// Height in pixels, for video.
    pub height: u16,
    /// Number of channels, for audio.
    pub channels: u16,
    /// Samples a second, for audio.
    pub sample_rate: u32,
    /// The format of its cues, for a track that `text` reads.
    pub text: Option<TextFormat>,
    /// Whether some browser plays it, else why not.
    pub playable: Result<(), Unplayable>,
    /// Irregularities of the file that were corrected; empty without the feature `notes`.
    pub notes: Vec<&'static str>,
    /// `track_ID` of the track with the chapters of this one.
    pub(crate) chapters: Option<u32>,
    pub(crate) stream: Option<TrackMedia>,
}

/// The parsed boxes that playing a track needs.
#[derive(Debug)]
pub(crate) struct TrackMedia {
    pub(crate) tables: Tables,
    pub(crate) timeline: Timeline,
    /// Samples that a decoder needs in front of the first one that is heard.
    pub(crate) roll: u32,
    pub(crate) tkhd: BoxAt,
    pub(crate) mdhd: BoxAt,
    /// All sample descriptions; at least one for video and audio.
    pub(crate) descriptions: Vec<Description>,
    pub(crate) aux: Option<AuxInfoTable>,
}

/// Notes an irregularity, with the feature `notes`.
pub(crate) fn note(notes: &mut Vec<&'static str>, irregularity: &'static str) {
    if cfg!(feature = "notes") {
        notes.push(irregularity);
    }
}

impl Track {
    /// Fills in the fields of its sample descriptions; errors where no browser plays one of them.
    pub(super) fn describe(&mut self, descriptions: &[Description]) -> Result<(), Unplayable> {
        for (i, description) in descriptions.iter().enumerate() {
            let Description { name, codec, support, size, sound, .. } = description;
            if i == 0 {
                self.codec.clone_from(codec);
                (self.channels, self.sample_rate) = *sound;
                if *size != (0, 0) {
                    (self.width, self.height) = *size;
                }
            }
            if i == 0 || self.support == Support::Everywhere {
                (self.codec_name, self.support) = (name, *support);
            }
            if *support == Support::Nowhere {
                return Err(Unplayable::Codec { name, code: codec.clone() });
            }
        }
        let cipher = descriptions.iter().find_map(|description| description.cipher);
        cipher.map_or(Ok(()), |cipher| Err(Unplayable::Encrypted(codecs::fourcc(cipher.scheme))))
    }

    /// MIME type with codecs, for `addSourceBuffer` (RFC 6381).
    pub fn mime(&self) -> String {
        self.mime_of(&self.codec)
    }

    /// MIME type of initialization segment `init` (`Fragment::init`),
    /// for `changeType` where descriptions change.
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

    /// Whether it is one still picture, as a cover in front of sound is.
    pub(crate) fn is_cover(&self) -> bool {
        let is_still = self.playable.as_ref().is_err_and(Unplayable::is_still);
        self.kind == TrackKind::Video && self.sample_count <= 1 && is_still
    }

    /// Of `tkhd` (§ 8.3.2): whether the track is enabled, and its alternate group.
    pub(crate) fn marks(&self, moov: &[u8]) -> (bool, u16) {
        let tkhd = self.stream.as_ref().map(|stream| stream.tkhd.content(moov));
        let tkhd = tkhd.unwrap_or_default();
        let group_at = if tkhd.first() == Some(&1) { 46 } else { 34 };
        let is_enabled = tkhd.get(3).is_some_and(|flags| flags & 1 == 1);
        (is_enabled, be16(tkhd, group_at).unwrap_or(0))
    }

    /// Whether its samples can be read: it is playable, encrypted, or a track of cues.
    pub(crate) fn is_readable(&self) -> bool {
        let plays = matches!(self.playable, Ok(()) | Err(Unplayable::Encrypted(_)));
        self.stream.is_some() && (plays || self.text.is_some())
    }

    /// Ticks of an audio frame whose duration is not stated: of 1,024 samples, as AAC has them.
    pub(crate) fn frame_ticks(&self) -> u32 {
        let rate = if self.sample_rate == 0 { 48_000 } else { self.sample_rate };
        u32::try_from(rescale(1024, rate, self.timescale)).unwrap_or(u32::MAX)
    }

    #[inline(never)] // Smaller so, measured in the player.
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
