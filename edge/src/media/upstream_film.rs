//! Requests for upstream films: startup blocks are served from here, all other bytes from the
//! provider.

use super::{
    FilmHead, FilmResponse, MediaBody, MediaPart,
    cache::{blocks, record_store},
    is_not_modified,
    upstream::{StreamedPart, UpstreamFilm},
};
use crate::{
    error::Error,
    http::{ByteRange, FilmRest, Headers, ObjectMeta, ReadRange},
    platform::{Platform, StreamOf},
    rules::{
        conditions,
        range::{self, RangeChoice, RequestedRanges},
    },
};

/// Answers a conditional `HEAD` by the record alone.
pub(super) async fn head<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<FilmHead, Error> {
    FilmHead::evaluate(headers, record_store::find(platform, id).await?.meta())
}

/// Answers a conditional `GET`, with a range or without.
pub(super) async fn get<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<FilmResponse<StreamOf<P>>, Error> {
    let film = record_store::find(platform, id).await?;
    let meta = film.meta();
    if is_not_modified(headers, &meta)? {
        return Ok(FilmResponse::NotModified(meta));
    }
    let requested = requested_range(headers, &meta)?;
    let range = requested.unwrap_or(ByteRange { start: 0, end: meta.size_bytes });
    let (sent, first, can_pass) = read_part(platform, &film, range).await?;
    let rest = FilmRest::new(film.id, ByteRange { start: sent.end, ..range });
    let body = MediaBody::continued(first, can_pass, rest);
    Ok(match requested {
        Some(range) => FilmResponse::Partial(meta, range, body),
        None => FilmResponse::Whole(meta, body),
    })
}

/// The range to send; none where that is the whole film.
fn requested_range(headers: &Headers, meta: &ObjectMeta) -> Result<Option<ByteRange>, Error> {
    let Some(requested) = headers.get("range").and_then(range::parse) else { return Ok(None) };
    if !conditions::range_applies(headers, meta) {
        return Ok(None);
    }
    let size_bytes = meta.size_bytes;
    let one = |range: ReadRange| range.within(size_bytes);
    let chosen = match requested {
        RequestedRanges::One(range) => one(range),
        RequestedRanges::Several(ranges) => match range::choose(&ranges, size_bytes) {
            RangeChoice::One(range) => one(range),
            RangeChoice::Whole => return Ok(None),
            RangeChoice::Unsatisfiable => None,
        },
    };
    chosen.map(Some).ok_or(Error::RangeNotSatisfiable(size_bytes))
}

/// The first bytes of a range: those of startup blocks where it begins within them, else what the
/// provider sends; and whether a platform may pass that on as it is.
async fn read_part<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    range: ByteRange,
) -> Result<(ByteRange, MediaPart<StreamOf<P>>, bool), Error> {
    let Some(part) = film.layout().cached_part(range) else {
        let StreamedPart { sent, part, can_pass } = film.reader(platform).stream(range).await?;
        return Ok((sent, part, can_pass));
    };
    let bytes = blocks::read(platform, film, part).await?;
    let sent = ByteRange { start: part.start, end: part.start + bytes.len() as u64 };
    Ok((sent, MediaPart::Bytes(bytes), false))
}

/// Reads the next part of what a body lacks; none where it lacks nothing.
pub(crate) async fn read_rest<P: Platform>(
    platform: &P,
    rest: &mut FilmRest,
) -> Result<Option<MediaPart<StreamOf<P>>>, Error> {
    if rest.range.is_empty() {
        return Ok(None);
    }
    let film = record_store::find(platform, &rest.source_id).await?;
    let (sent, part, _) = read_part(platform, &film, rest.range).await?;
    rest.range.start = sent.end;
    Ok(Some(part))
}
