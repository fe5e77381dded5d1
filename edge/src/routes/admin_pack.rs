//! `HEAD | GET | PUT /api/v2/admin/packs/{hash}`: one immutable pack of a catalog.

use api::{Envelope, limits::VALUE_BYTES_MAX};

use super::read_upload;
use crate::{
    catalog_cache::pack_key,
    error::Error,
    http::{Body, Method, Reply},
    platform::{KeyValue, Platform, StreamOf, Upload},
};

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    upload: U,
    hash: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    if method == Method::Put {
        put(platform, upload, hash).await
    } else {
        get(platform, hash).await
    }
}

async fn get<P: Platform>(platform: &P, hash: &str) -> Result<Reply<StreamOf<P>>, Error> {
    let bytes = platform.key_value().get(&pack_key(hash)).await?.ok_or(Error::NotFound("pack"))?;
    Ok(Reply::new(200, Body::Bytes(bytes))
        .with("content-type", "application/octet-stream")
        .with("cache-control", "no-store"))
}

/// Stored without a look at what is there: a store may remember for a minute that it was not.
async fn put<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
    hash: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let bytes = read_upload(upload, VALUE_BYTES_MAX).await?;
    if catalog::hash(&bytes) != hash {
        let why = "the BLAKE3 hash of the body is not the one in the path".to_owned();
        return Err(Error::InvalidPayload(why));
    }
    platform.key_value().put(&pack_key(hash), &bytes).await?;
    Ok(super::json(201, &Envelope::data(hash)))
}
