//! Films of the own store: one operation of it for what players do.

use super::{Described, Opened, Payload, is_held};
use crate::{
    error::Error,
    platform::{ByteRange, ObjectMeta, ObjectRead, ObjectStore, ReadRange},
    request::Headers,
    rules::{
        conditions,
        range::{self, Chosen, Wanted},
    },
};

/// Answers a conditional `HEAD`.
pub(crate) async fn describe<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<Described, Error> {
    super::describe(headers, head(objects, key).await?)
}

/// Answers a conditional `GET`, with a range or without.
///
/// One operation of the store for what players do: read first, then decide by the entity tag that
/// came with the bytes, so that no other object can come between. What turns out not to be wanted
/// is dropped unread.
pub(crate) async fn open<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<Opened<O::Stream>, Error> {
    let wanted = match headers.get("range").and_then(range::parse) {
        None => return open_whole(objects, key, headers).await,
        Some(Wanted::One(range)) => range,
        Some(Wanted::Several(ranges)) => {
            let size_bytes = head(objects, key).await?.size_bytes;
            match range::choose(&ranges, size_bytes) {
                Chosen::One(range) => range,
                Chosen::Whole => return open_whole(objects, key, headers).await,
                // The same answer, and the same rules before it, as for one such range.
                Chosen::Unsatisfiable => ReadRange::From { first: u64::MAX },
            }
        }
    };
    match objects.read(key, wanted).await?.ok_or(Error::NotFound("file"))? {
        ObjectRead::Bytes { meta, sent, stream } => {
            if is_held(headers, &meta)? {
                return Ok(Opened::NotModified(meta));
            }
            if !conditions::range_counts(headers, &meta) {
                return open_whole(objects, key, headers).await;
            }
            part(wanted, meta, sent, stream)
        }
        ObjectRead::Unsatisfiable => unsatisfiable(objects, key, headers).await,
    }
}

async fn open_whole<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<Opened<O::Stream>, Error> {
    let read = objects.read(key, ReadRange::Whole).await?.ok_or(Error::NotFound("file"))?;
    let ObjectRead::Bytes { meta, sent, stream } = read else {
        return Err(Error::StorageUnavailable(format!("{key} has no bytes and not none")));
    };
    if is_held(headers, &meta)? {
        return Ok(Opened::NotModified(meta));
    }
    if sent.len() != meta.size_bytes {
        return Err(unasked(key));
    }
    Ok(Opened::Whole(meta, Payload::Stream(stream)))
}

/// What the store sent for a range: that, or everything, or an error, and nothing in between.
fn part<S>(
    wanted: ReadRange,
    meta: ObjectMeta,
    sent: ByteRange,
    stream: S,
) -> Result<Opened<S>, Error> {
    if wanted.within(meta.size_bytes) == Some(sent) {
        Ok(Opened::Part(meta, sent, Payload::Stream(stream)))
    } else if sent == (ByteRange { start: 0, end: meta.size_bytes }) {
        Ok(Opened::Whole(meta, Payload::Stream(stream)))
    } else {
        Err(unasked(&meta.etag))
    }
}

/// The range names nothing; but conditions come before it, and an empty object has no ranges.
async fn unsatisfiable<O: ObjectStore>(
    objects: &O,
    key: &str,
    headers: &Headers,
) -> Result<Opened<O::Stream>, Error> {
    let meta = head(objects, key).await?;
    if is_held(headers, &meta)? {
        return Ok(Opened::NotModified(meta));
    }
    if meta.size_bytes == 0 || !conditions::range_counts(headers, &meta) {
        return open_whole(objects, key, headers).await;
    }
    Err(Error::RangeNotSatisfiable(meta.size_bytes))
}

async fn head<O: ObjectStore>(objects: &O, key: &str) -> Result<ObjectMeta, Error> {
    objects.head(key).await?.ok_or(Error::NotFound("file"))
}

fn unasked(what: &str) -> Error {
    Error::StorageUnavailable(format!("the object store sent other bytes of {what} than asked for"))
}
