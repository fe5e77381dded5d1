//! `GET | HEAD /api/v2/image/{imageId}`: a picture.
//!
//! Like a film, a picture lies in the own store or with a provider, which shows in its id, and its
//! URL is signed where not everybody gets it. What is sent is of a type that its bytes tell.

use super::signed;
use crate::{
    error::Error,
    platform::{ObjectMeta, ObjectRead, ObjectStore, Platform, ReadRange, StreamOf},
    reply::{Body, Reply},
    request::Headers,
    rules::{date, identity, picture, signature::Scope},
    source,
};

/// Whoever opens a picture as a page gets a page that can do nothing, whatever its bytes are.
const CSP: &str = "default-src 'none'; sandbox";

/// Ranges are ignored: nobody looks at a picture from the middle.
pub(super) async fn read<P: Platform>(
    platform: &P,
    headers: &Headers,
    image_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed::check(platform, Scope::Image, image_id, query).await?;
    let (meta, reply) = if identity::is_upstream(image_id) {
        elsewhere(platform, headers, image_id).await?
    } else {
        own(platform.objects(), headers, image_id).await?
    };
    Ok(reply
        .with("cache-control", signed::kept(left_ms))
        .with("content-security-policy", CSP)
        .with("etag", meta.etag)
        .with("last-modified", date::write(meta.modified_ms)))
}

async fn elsewhere<P: Platform>(
    platform: &P,
    headers: &Headers,
    image_id: &str,
) -> Result<(ObjectMeta, Reply<StreamOf<P>>), Error> {
    let (meta, bytes) = source::picture::open(platform, image_id, headers).await?;
    let Some(bytes) = bytes else { return Ok((meta, Reply::new(304, Body::Empty))) };
    let media_type = picture::media_type(&bytes).ok_or(Error::NotFound("picture"))?;
    Ok((meta, Reply::new(200, Body::Bytes(bytes)).with("content-type", media_type)))
}

/// A first short read tells what kind of picture it is and whether the client has it already; a
/// second one passes it through.
async fn own<O: ObjectStore>(
    objects: &O,
    headers: &Headers,
    image_id: &str,
) -> Result<(ObjectMeta, Reply<O::Stream>), Error> {
    let missing = || Error::NotFound("picture");
    let key = api::paths::image_key(image_id);
    let head = ReadRange::Closed { first: 0, last: picture::HEAD_BYTES - 1 };
    let head = objects.read(&key, head).await?.ok_or_else(missing)?;
    let ObjectRead::Bytes { meta, sent, stream } = head else { return Err(missing()) };
    if source::is_held(headers, &meta)? {
        return Ok((meta, Reply::new(304, Body::Empty)));
    }
    let bytes_max = usize::try_from(sent.len()).unwrap_or(usize::MAX);
    let head = objects.collect(stream, bytes_max).await?;
    let media_type = picture::media_type(&head).ok_or_else(missing)?;
    match objects.read(&key, ReadRange::Whole).await?.ok_or_else(missing)? {
        ObjectRead::Bytes { meta: now, stream, .. } if now.etag == meta.etag => {
            let reply = Reply::new(200, Body::Stream(stream))
                .with("content-type", media_type)
                .with("content-length", meta.size_bytes.to_string());
            Ok((meta, reply))
        }
        ObjectRead::Bytes { .. } | ObjectRead::Unsatisfiable => {
            Err(Error::StorageUnavailable(format!("{key} changed between two reads")))
        }
    }
}
