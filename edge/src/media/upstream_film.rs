//! Requests for upstream films: startup blocks are served from here, all other bytes from the
//! provider.

use super::{
    FilmHead, FilmResponse, MediaBody,
    cache::{blocks, record_store},
    is_not_modified,
    upstream::UpstreamFilm,
};
use crate::{
    error::Error,
    http::{ByteRange, Headers, ObjectMeta, ReadRange},
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
    match requested_range(headers, &meta)? {
        Some(range) => partial(platform, &film, meta, range).await,
        None => whole(platform, &film, meta).await,
    }
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

/// A range. Startup blocks serve it up to their end, as RFC 9110 §15.3.7 allows for a 206.
async fn partial<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    meta: ObjectMeta,
    range: ByteRange,
) -> Result<FilmResponse<StreamOf<P>>, Error> {
    let Some(part) = film.layout().cached_part(range) else {
        let (sent, payload) = film.reader(platform).stream(range).await?;
        return Ok(FilmResponse::Partial(meta, sent, payload));
    };
    let bytes = blocks::read(platform, film, part).await?;
    let sent = ByteRange { start: part.start, end: part.start + bytes.len() as u64 };
    Ok(FilmResponse::Partial(meta, sent, MediaBody::Bytes(bytes)))
}

/// The whole film: a 200 has every byte of it.
async fn whole<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    meta: ObjectMeta,
) -> Result<FilmResponse<StreamOf<P>>, Error> {
    let all = ByteRange { start: 0, end: meta.size_bytes };
    if film.layout().cached_part(all) == Some(all) {
        let bytes = blocks::read(platform, film, all).await?;
        if bytes.len() as u64 == meta.size_bytes {
            return Ok(FilmResponse::Whole(meta, MediaBody::Bytes(bytes)));
        }
    }
    let (sent, payload) = film.reader(platform).stream(all).await?;
    if sent == all {
        return Ok(FilmResponse::Whole(meta, payload));
    }
    Err(Error::UpstreamFailed(
        "the upstream's response for the whole film cannot be passed on".to_owned(),
    ))
}
