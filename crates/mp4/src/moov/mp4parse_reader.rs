//! Reads a track's headers and sample entry with mp4parse, from the bytes of `mp4parse_input`.

use mp4parse::{AudioCodecSpecific, SampleEntry, Status};

use super::track_boxes::TrackBoxes;
use super::track_header::{EntryFields, TrackHeader, TrackKind};
use super::{header_reader, mp4parse_input, sample_entry};
use crate::boxes::BoxAt;
use crate::error::{Error, NO_TIMESCALE, Result};
use crate::limits::TICKS_MAX;

fn parse(moov: &[u8], start: usize) -> Result<(Option<u32>, mp4parse::Track)> {
    let context = mp4parse::read_mp4(&mut &*moov).map_err(|error| {
        let violation = match error {
            mp4parse::Error::InvalidData(Status::MdhdBadTimescale | Status::MvhdBadTimescale) => {
                NO_TIMESCALE
            }
            mp4parse::Error::InvalidData(_) => "track header has an invalid value; mp4parse",
            mp4parse::Error::Unsupported(violation) => violation,
            mp4parse::Error::UnexpectedEOF | mp4parse::Error::Io(_) => {
                "track header is cut off; § 4.2"
            }
            mp4parse::Error::MoovMissing => "moov has no mvhd box; § 8.2.2",
            mp4parse::Error::OutOfMemory => "track headers do not fit into memory",
        };
        Error::moov("headers", start, violation)
    })?;
    let movie = context.timescale.and_then(|scale| u32::try_from(scale.0).ok());
    let track = context.tracks.into_iter().next();
    Ok((movie, track.ok_or_else(|| Error::moov("trak", start, "track has no headers; § 8.3.1"))?))
}

pub(crate) fn read(data: &[u8], mvhd: Option<BoxAt>, trak: &TrackBoxes) -> Result<TrackHeader> {
    let fault = |path, violation| Error::moov(path, trak.start, violation);
    let moov = mp4parse_input::headers(data, mvhd, trak);
    let (movie, parsed) = parse(&moov, trak.start)?;
    let timescale = parsed.timescale.and_then(|scale| u32::try_from(scale.0).ok());
    let tkhd = parsed.tkhd.ok_or_else(|| fault("tkhd", "track has no tkhd box; § 8.3.2"))?;
    let pixels = |fixed: u32| u16::try_from(fixed >> 16).unwrap_or(0);
    Ok(TrackHeader {
        // A film without a timescale has edits by the second, as ffmpeg has it.
        movie: movie.unwrap_or(1),
        id: parsed.track_id.unwrap_or(0),
        kind: kind(&parsed.track_type),
        timescale: timescale.ok_or_else(|| fault("mdia/mdhd", "track has no mdhd box; § 8.4.2"))?,
        duration: parsed.duration.map_or(0, |d| d.0.min(TICKS_MAX)),
        size: (pixels(tkhd.width), pixels(tkhd.height)),
    })
}

fn kind(found: &mp4parse::TrackType) -> TrackKind {
    match found {
        mp4parse::TrackType::Video => TrackKind::Video,
        mp4parse::TrackType::Audio => TrackKind::Audio,
        mp4parse::TrackType::Picture
        | mp4parse::TrackType::AuxiliaryVideo
        | mp4parse::TrackType::Metadata
        | mp4parse::TrackType::Unknown => TrackKind::Other,
    }
}

/// The fields of a sample entry; `header_reader` reads those of entries that mp4parse does not know.
pub(crate) fn read_entry(data: &[u8], entry: BoxAt, is_video: bool) -> Result<EntryFields> {
    let mut read = header_reader::read_entry(data, entry, is_video)?;
    let (_, track) = parse(&mp4parse_input::entry(data, entry, is_video), entry.start)?;
    match track.stsd.and_then(|stsd| stsd.descriptions.into_iter().next()) {
        Some(SampleEntry::Video(video)) => read.size = (video.width, video.height),
        Some(SampleEntry::Audio(audio)) => {
            let aac = sample_entry::aac(data, entry).is_some();
            let channels = if let AudioCodecSpecific::ES_Descriptor(es) = audio.codec_specific
                && aac
            {
                es.audio_channel_count
            } else {
                u16::try_from(audio.channelcount).ok()
            };
            read.sound.0 = channels.unwrap_or(0);
        }
        Some(SampleEntry::Unknown) | None => {}
    }
    Ok(read)
}
