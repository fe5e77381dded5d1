//! Requests for films of the own object store: one operation of it for what players do.

use super::{FilmHead, FilmResponse, MediaBody, is_not_modified};
use crate::{
    error::Error,
    http::{ByteRange, Headers, ObjectMeta, ReadRange},
    platform::{ObjectRead, ObjectStore},
    rules::{
        conditions,
        range::{self, RangeChoice, RequestedRanges},
    },
};

/// Answers a conditional `HEAD`.
pub(super) async fn head<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<FilmHead, Error> {
    FilmHead::evaluate(headers, meta_of(objects, key).await?)
}

/// Answers a conditional `GET`, with a range or without.
///
/// The store is read first and the conditions are decided by the entity tag that came with the bytes,
/// so that no other object can come between. Bytes that are not sent are dropped unread.
pub(super) async fn get<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<FilmResponse<O::Stream>, Error> {
    let requested = match headers.get("range").and_then(range::parse) {
        None => return get_whole(objects, key, headers).await,
        Some(RequestedRanges::One(range)) => range,
        Some(RequestedRanges::Several(ranges)) => {
            let size_bytes = meta_of(objects, key).await?.size_bytes;
            match range::choose(&ranges, size_bytes) {
                RangeChoice::One(range) => range,
                RangeChoice::Whole => return get_whole(objects, key, headers).await,
                // The same response, after the same conditions, as for one such range.
                RangeChoice::Unsatisfiable => ReadRange::From { first: u64::MAX },
            }
        }
    };
    match objects.read(key, requested).await?.ok_or(Error::NotFound("file"))? {
        ObjectRead::Bytes { meta, sent, stream } => {
            if is_not_modified(headers, &meta)? {
                return Ok(FilmResponse::NotModified(meta));
            }
            if !conditions::range_applies(headers, &meta) {
                return get_whole(objects, key, headers).await;
            }
            partial(requested, meta, sent, stream)
        }
        ObjectRead::Unsatisfiable => unsatisfiable(objects, key, headers).await,
    }
}

async fn get_whole<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<FilmResponse<O::Stream>, Error> {
    let read = objects.read(key, ReadRange::Whole).await?.ok_or(Error::NotFound("file"))?;
    let ObjectRead::Bytes { meta, sent, stream } = read else {
        return Err(Error::StorageUnavailable(format!(
            "the object store found no bytes for all of {key}"
        )));
    };
    if is_not_modified(headers, &meta)? {
        return Ok(FilmResponse::NotModified(meta));
    }
    if sent.len() != meta.size_bytes {
        return Err(wrong_bytes(key));
    }
    Ok(FilmResponse::Whole(meta, MediaBody::whole(stream, sent.len())))
}

/// The store's response to a range: the range, or the whole object; anything else is an error.
fn partial<S>(
    requested: ReadRange,
    meta: ObjectMeta,
    sent: ByteRange,
    stream: S,
) -> Result<FilmResponse<S>, Error> {
    if requested.within(meta.size_bytes) == Some(sent) {
        Ok(FilmResponse::Partial(meta, sent, MediaBody::whole(stream, sent.len())))
    } else if sent == (ByteRange { start: 0, end: meta.size_bytes }) {
        Ok(FilmResponse::Whole(meta, MediaBody::whole(stream, sent.len())))
    } else {
        Err(wrong_bytes(&meta.etag))
    }
}

/// A range without bytes: conditions come first, and an empty object has no ranges.
async fn unsatisfiable<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<FilmResponse<O::Stream>, Error> {
    let meta = meta_of(objects, key).await?;
    if is_not_modified(headers, &meta)? {
        return Ok(FilmResponse::NotModified(meta));
    }
    if meta.size_bytes == 0 || !conditions::range_applies(headers, &meta) {
        return get_whole(objects, key, headers).await;
    }
    Err(Error::RangeNotSatisfiable(meta.size_bytes))
}

async fn meta_of<O: ObjectStore>(objects: &O, key: &str) -> Result<ObjectMeta, Error> {
    objects.head(key).await?.ok_or(Error::NotFound("file"))
}

fn wrong_bytes(what: &str) -> Error {
    Error::StorageUnavailable(format!(
        "the object store sent other bytes of {what} than the requested ones"
    ))
}
