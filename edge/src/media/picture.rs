//! Pictures of providers: every byte comes from startup blocks.

use super::{
    cache::{blocks, record_store},
    is_not_modified,
};
use crate::{
    error::Error,
    http::{ByteRange, Headers, ObjectMeta},
    platform::Platform,
};

/// Answers a conditional `GET`; without bytes where the client has them.
pub(crate) async fn get<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<(ObjectMeta, Option<Vec<u8>>), Error> {
    let film = record_store::find(platform, id).await?;
    let all = ByteRange { start: 0, end: film.size_bytes() };
    // An id of a film in the place of a picture's gets nothing.
    if film.layout().cached_part(all) != Some(all) {
        return Err(Error::NotFound("picture"));
    }
    let meta = film.meta();
    if is_not_modified(headers, &meta)? {
        return Ok((meta, None));
    }
    let bytes = blocks::read(platform, &film, all).await?;
    if bytes.len() as u64 != meta.size_bytes {
        return Err(Error::UpstreamFailed(format!(
            "{id}: the provider sent only the first blocks of the picture"
        )));
    }
    Ok((meta, Some(bytes)))
}
