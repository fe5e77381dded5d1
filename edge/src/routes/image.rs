//! `GET | HEAD /api/v2/image/{imageId}`: a picture.
//!
//! Like a film, a picture is in the own store or at a provider, by its id, and may need a signed URL. Its
//! media type is the one that its bytes have.

use super::signed_urls;
use crate::{
    error::Error,
    http::{Body, Headers, ObjectMeta, ReadRange, Reply},
    media::{self, Film},
    platform::{ObjectRead, ObjectStore, Platform, StreamOf},
    rules::{date, picture, signature::Scope},
};

/// A picture that is opened as a page can do nothing, whatever its bytes are.
const CSP: &str = "default-src 'none'; sandbox";

/// Ranges are ignored: no client needs a part of a picture.
pub(super) async fn read<P: Platform>(
    platform: &P,
    headers: &Headers,
    image_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed_urls::check(platform, Scope::Image, image_id, query).await?;
    let (meta, reply) = match Film::of(image_id) {
        Film::Own(id) => own(platform.objects(), headers, id).await?,
        Film::Upstream(id) => upstream(platform, headers, id).await?,
    };
    Ok(reply
        .with("cache-control", signed_urls::cache_control(left_ms))
        .with("content-security-policy", CSP)
        .with("etag", meta.etag)
        .with("last-modified", date::write(meta.modified_ms)))
}

/// So many first bytes of a picture as have its size in them.
pub(super) async fn beginning<P: Platform>(platform: &P, image_id: &str) -> Result<Vec<u8>, Error> {
    let id = match Film::of(image_id) {
        Film::Own(id) => id,
        Film::Upstream(id) => {
            let (_, bytes) = media::picture::get(platform, id, &Headers::default()).await?;
            return bytes.ok_or(Error::NotFound("picture"));
        }
    };
    let range = ReadRange::Closed { first: 0, last: picture::SIZE_BYTES - 1 };
    let objects = platform.objects();
    match objects.read(&api::paths::image_key(id), range).await? {
        Some(ObjectRead::Bytes { sent, stream, .. }) => {
            let bytes_max = usize::try_from(sent.len()).unwrap_or(usize::MAX);
            Ok(objects.collect(stream, bytes_max).await?)
        }
        Some(ObjectRead::Unsatisfiable) | None => Err(Error::NotFound("picture")),
    }
}

async fn upstream<P: Platform>(
    platform: &P,
    headers: &Headers,
    image_id: &str,
) -> Result<(ObjectMeta, Reply<StreamOf<P>>), Error> {
    let (meta, bytes) = media::picture::get(platform, image_id, headers).await?;
    let Some(bytes) = bytes else { return Ok((meta, Reply::new(304, Body::Empty))) };
    let media_type = picture::media_type(&bytes).ok_or(Error::NotFound("picture"))?;
    Ok((meta, Reply::new(200, Body::Bytes(bytes)).with("content-type", media_type)))
}

/// A first short read finds the media type and evaluates the conditions; a second one streams the
/// picture.
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
    if media::is_not_modified(headers, &meta)? {
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
