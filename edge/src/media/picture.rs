//! Pictures that lie elsewhere: all of each comes from its blocks.

use super::{
    cache::{blocks, record_store},
    is_not_modified,
};
use crate::{
    error::Error,
    http::{ByteRange, Headers, ObjectMeta},
    platform::Platform,
};

/// Answers a conditional `GET`: with no bytes, where the client has them.
pub(crate) async fn get<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<(ObjectMeta, Option<Vec<u8>>), Error> {
    let film = record_store::find(platform, id).await?;
    let all = ByteRange { start: 0, end: film.size_bytes() };
    // Whoever puts a film in a picture's place gets none of it.
    if film.layout().cached_part(all) != Some(all) {
        return Err(Error::NotFound("picture"));
    }
    let meta = film.meta();
    if is_not_modified(headers, &meta)? {
        return Ok((meta, None));
    }
    let bytes = blocks::read(platform, &film, all).await?;
    if bytes.len() as u64 != meta.size_bytes {
        return Err(Error::UpstreamFailed(format!("{id}: only the first blocks came")));
    }
    Ok((meta, Some(bytes)))
}
