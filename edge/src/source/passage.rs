//! The first bytes of a film from some place on, to stand behind what was made for them.

use api::paths::media_key;

use super::{Payload, blocks, record};
use crate::{
    error::Error,
    platform::{ByteRange, ObjectRead, ObjectStore, Platform, ReadRange, StreamOf},
    rules::identity,
};

/// Which of these bytes come: of a film elsewhere that begins in startup blocks, those that are in
/// them.
pub(crate) async fn reach<P: Platform>(
    platform: &P,
    id: &str,
    range: ByteRange,
) -> Result<ByteRange, Error> {
    if !identity::is_upstream(id) {
        return Ok(range);
    }
    let film = record::find(platform, id).await?;
    Ok(film.kept().part(range).unwrap_or(range))
}

/// These bytes of a file of this size, or the first of them.
pub(crate) async fn open<P: Platform>(
    platform: &P,
    id: &str,
    size_bytes: u64,
    range: ByteRange,
) -> Result<(ByteRange, Payload<StreamOf<P>>), Error> {
    if identity::is_upstream(id) {
        let film = record::find(platform, id).await?;
        let Some(part) = film.kept().part(range) else {
            return film.reader(platform).pass(range).await;
        };
        let bytes = blocks::read(platform, &film, part).await?;
        let sent = ByteRange { start: part.start, end: part.start + bytes.len() as u64 };
        return Ok((sent, Payload::Bytes(bytes)));
    }
    let wanted = ReadRange::Closed { first: range.start, last: range.end.saturating_sub(1) };
    let read = platform.objects().read(&media_key(id), wanted).await?;
    match read.ok_or(Error::NotFound("file"))? {
        ObjectRead::Bytes { meta, sent, stream }
            if sent == range && meta.size_bytes == size_bytes =>
        {
            Ok((sent, Payload::Stream(stream)))
        }
        ObjectRead::Bytes { .. } | ObjectRead::Unsatisfiable => {
            Err(Error::NoIndex("the file is not the one that it was made of".to_owned()))
        }
    }
}
