//! Reads what playing a track needs: its sample tables, timeline, and sample descriptions.

use super::codecs;
use super::sample_description::Description;
use super::track::{Track, TrackMedia, note};
use super::track_boxes::TrackBoxes;
use super::track_header::TrackKind;
use crate::boxes::ilst::{Gapless, gapless as noted};
use crate::boxes::{BoxAt, elst};
use crate::error::Unplayable;
use crate::limits::{KEY_SECONDS_MAX, TICKS_MAX};
use crate::samples::cenc::AuxInfoTable;
use crate::ticks::rescale;
use crate::timeline::edit_list::{MediaSpan, media_spans};
use crate::timeline::sample_source::SampleSource;
use crate::timeline::track_timeline::Timeline;

/// The fields of `moov` outside a track that matter for it.
#[derive(Clone, Copy)]
pub(crate) struct MovieContext {
    /// Timescale of the movie.
    pub(crate) movie: u32,
    pub(crate) fragmented: bool,
    /// `udta` of the movie.
    pub(crate) udta: Option<BoxAt>,
}

pub(crate) fn read(
    data: &[u8],
    boxes: &TrackBoxes,
    track: &mut Track,
    descriptions: Vec<Description>,
    context: MovieContext,
    room: &mut usize,
) -> Result<TrackMedia, Unplayable> {
    let MovieContext { movie, fragmented, udta } = context;
    let mut tables =
        boxes.tables(data, fragmented, &mut track.notes).map_err(Unplayable::Broken)?;
    if tables.count == 0 && !fragmented {
        return Err(Unplayable::NoSamples);
    }
    let mut media_spans = {
        let edits = boxes.elst.map(|b| elst::parse(data, b)).transpose();
        let edits = edits.map_err(Unplayable::Broken)?.unwrap_or_default();
        if edits.iter().any(|edit| edit.rate.changes_speed()) {
            note(&mut track.notes, "its edit list changes the speed: all of it plays at its own");
        }
        media_spans(&edits, movie, track.timescale).map_err(Unplayable::Edits)?
    };
    let is_video = track.kind == TrackKind::Video;
    if let (false, None, Some(noted)) = (is_video, boxes.elst, gapless(data, boxes, udta)) {
        media_spans = vec![heard(noted, track)];
    }
    // An empty `stss` would leave nothing to show.
    tables.stss.take_if(|stss| stss.is_empty());
    let says_keys = tables.stss.is_some() || descriptions.iter().all(|d| d.is_intra);
    if is_video && !fragmented && !says_keys {
        tables.undeclared = KEY_SECONDS_MAX * i64::from(track.timescale);
        note(&mut track.notes, "it does not say which pictures are key frames");
    }
    let source = SampleSource { data, tables: &tables, is_video };
    let timeline =
        Timeline::new(source, &media_spans, fragmented, room).map_err(Unplayable::Edits)?;
    let (Some(tkhd), Some(mdhd), Some(_)) = (boxes.tkhd, boxes.mdhd, boxes.stsd) else {
        return Err(Unplayable::NoDescription);
    };
    let aux = aux(data, boxes, &descriptions)?;
    Ok(TrackMedia { tables, timeline, roll: boxes.roll(data), tkhd, mdhd, descriptions, aux })
}

/// The auxiliary information of the samples, where they are encrypted.
fn aux(
    data: &[u8],
    boxes: &TrackBoxes,
    descriptions: &[Description],
) -> Result<Option<AuxInfoTable>, Unplayable> {
    match descriptions.iter().find_map(|description| description.cipher) {
        Some(cipher) if cfg!(feature = "cenc") && cipher.is_common && !boxes.rekeyed => {
            boxes.aux(data, cipher.iv_len).map_err(Unplayable::Broken)
        }
        Some(cipher) => Err(Unplayable::Encrypted(codecs::fourcc(cipher.scheme))),
        None => Ok(None),
    }
}

/// The gapless note of the track, or of the movie.
fn gapless(data: &[u8], boxes: &TrackBoxes, udta: Option<BoxAt>) -> Option<Gapless> {
    boxes.udta.into_iter().chain(udta).find_map(|b| noted(data, b))
}

/// The span of the media that the note declares audible.
fn heard(noted: Gapless, track: &Track) -> MediaSpan {
    let ticks = |n| rescale(n, track.sample_rate, track.timescale).min(TICKS_MAX).cast_signed();
    let (from, length) = (ticks(noted.priming), ticks(noted.length));
    MediaSpan { from, to: (length > 0).then_some(from + length), ..MediaSpan::WHOLE }
}
