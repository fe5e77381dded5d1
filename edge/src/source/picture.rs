//! Pictures that lie elsewhere: all of each comes from its blocks.

use super::{blocks, is_held, record};
use crate::{
    error::Error,
    platform::{ByteRange, ObjectMeta, Platform},
    request::Headers,
};

/// Answers a conditional `GET`: with no bytes, where the client has them.
pub(crate) async fn open<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<(ObjectMeta, Option<Vec<u8>>), Error> {
    let film = record::find(platform, id).await?;
    let all = ByteRange { start: 0, end: film.size_bytes() };
    // Whoever puts a film in a picture's place gets none of it.
    if film.kept().part(all) != Some(all) {
        return Err(Error::NotFound("picture"));
    }
    let meta = film.meta();
    if is_held(headers, &meta)? {
        return Ok((meta, None));
    }
    let bytes = blocks::read(platform, &film, all).await?;
    if bytes.len() as u64 != meta.size_bytes {
        return Err(Error::UpstreamFailed(format!("{id}: only the first blocks came")));
    }
    Ok((meta, Some(bytes)))
}
