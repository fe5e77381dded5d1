//! Reads a track's headers and sample entry by their layout: for the player, whose download mp4parse
//! would double, and for sample entries that mp4parse does not know. `header_readers_agree` compares
//! both readers.

use super::sample_entry;
use super::track_boxes::TrackBoxes;
use super::track_header::{EntryFields, TrackHeader, TrackKind};
use crate::boxes::{BoxAt, be16, be32, be64, mvhd};
use crate::error::{Error, NO_TIMESCALE, Result, TOO_SHORT};
use crate::limits::TICKS_MAX;

#[cfg_attr(
    all(feature = "mp4parse", not(test)),
    expect(dead_code, reason = "mp4parse reads headers where it is there")
)]
/// The headers, by the layout of § 8.2.2, § 8.3.2, § 8.4.2 and § 8.4.3.
pub(crate) fn read(data: &[u8], mvhd: Option<BoxAt>, trak: &TrackBoxes) -> Result<TrackHeader> {
    let fault = |path, violation| Error::moov(path, trak.start, violation);
    // In version 1, the times and the duration have 64 bits.
    let content = |b: Option<BoxAt>, path, violation, (narrow, wide)| {
        let content = b.map(|b| b.content(data)).ok_or_else(|| fault(path, violation))?;
        let is_wide = content.first() == Some(&1);
        if content.len() < if is_wide { wide } else { narrow } {
            return Err(fault(path, TOO_SHORT));
        }
        Ok((content, is_wide))
    };
    let number = |content, at| be32(content, at).unwrap_or(0);
    // A film without a timescale has edits by the second, as ffmpeg has it.
    let movie = mvhd.and_then(|b| mvhd::timescale(data, b)).unwrap_or(1).max(1);
    let (media, wide) =
        content(trak.mdhd, "mdia/mdhd", "track has no mdhd box; § 8.4.2", (20, 32))?;
    let at = if wide { 20 } else { 12 };
    let timescale = number(media, at);
    if timescale == 0 {
        return Err(fault("mdia/mdhd", NO_TIMESCALE));
    }
    let (duration, unknown) = if wide {
        (be64(media, at + 4).unwrap_or(0), u64::MAX)
    } else {
        (u64::from(number(media, at + 4)), u64::from(u32::MAX))
    };
    let duration = if duration == unknown { 0 } else { duration.min(TICKS_MAX) };
    let (head, wide) = content(trak.tkhd, "tkhd", "track has no tkhd box; § 8.3.2", (84, 96))?;
    let id = number(head, if wide { 20 } else { 12 });
    let at = if wide { 88 } else { 76 };
    let pixels = |at| (number(head, at) >> 16) as u16;
    let handler = trak.hdlr.and_then(|b| b.content(data).get(8..)?.first_chunk().copied());
    let kind = match handler.as_ref() {
        Some(b"vide") => TrackKind::Video,
        Some(b"soun") => TrackKind::Audio,
        _ => TrackKind::Other,
    };
    let size = (pixels(at), pixels(at + 4));
    Ok(TrackHeader { movie, id, kind, timescale, duration, size })
}

/// The sample entry, by the layout of § 12.1.3 and § 12.2.3.
pub(crate) fn read_entry(data: &[u8], entry: BoxAt, is_video: bool) -> Result<EntryFields> {
    let content = entry.content(data);
    if content.len() < sample_entry::fixed_len(data, entry, is_video) {
        return Err(Error::moov("stsd", entry.start, TOO_SHORT));
    }
    let field = |at| be16(content, at).unwrap_or(0);
    if is_video {
        return Ok(EntryFields { size: (field(24), field(26)), sound: (0, 0) });
    }
    let mut sound = sample_entry::sound(content);
    if let Some(config) = sample_entry::aac(data, entry) {
        let channels = if config.channels == 0 { sound.0 } else { config.channels };
        sound = (channels, config.sample_rate);
    }
    Ok(EntryFields { size: (0, 0), sound })
}
