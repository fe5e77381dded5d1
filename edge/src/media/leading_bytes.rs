//! The bytes of a film that follow its start boxes in one response: those of the first window.

use api::paths::media_key;

use super::{
    Film, MediaBody,
    cache::{blocks, record_store},
    upstream::StreamedPart,
};
use crate::{
    error::Error,
    http::{ByteRange, FilmRest, ReadRange},
    platform::{ObjectRead, ObjectStore, Platform, StreamOf},
};

/// Which of these bytes one response has: of an upstream film whose range begins in startup blocks,
/// those within them.
pub(crate) async fn available<P: Platform>(
    platform: &P,
    film: Film<'_>,
    range: ByteRange,
) -> Result<ByteRange, Error> {
    let Film::Upstream(id) = film else { return Ok(range) };
    let film = record_store::find(platform, id).await?;
    Ok(film.layout().cached_part(range).unwrap_or(range))
}

/// Reads these bytes of a file of this size, or the first of them.
pub(crate) async fn read<P: Platform>(
    platform: &P,
    film: Film<'_>,
    size_bytes: u64,
    range: ByteRange,
) -> Result<(ByteRange, MediaBody<StreamOf<P>>), Error> {
    if let Film::Upstream(id) = film {
        let film = record_store::find(platform, id).await?;
        let Some(part) = film.layout().cached_part(range) else {
            let StreamedPart { sent, part, can_pass } = film.reader(platform).stream(range).await?;
            let rest = FilmRest::new(film.id, ByteRange { start: sent.end, end: sent.end });
            return Ok((sent, MediaBody::continued(part, can_pass, rest)));
        };
        let bytes = blocks::read(platform, &film, part).await?;
        let sent = ByteRange { start: part.start, end: part.start + bytes.len() as u64 };
        return Ok((sent, MediaBody::bytes(bytes)));
    }
    let requested = ReadRange::Closed { first: range.start, last: range.end.saturating_sub(1) };
    let read = platform.objects().read(&media_key(film.id()), requested).await?;
    match read.ok_or(Error::NotFound("file"))? {
        ObjectRead::Bytes { meta, sent, stream }
            if sent == range && meta.size_bytes == size_bytes =>
        {
            Ok((sent, MediaBody::whole(stream, sent.len())))
        }
        ObjectRead::Bytes { .. } | ObjectRead::Unsatisfiable => Err(Error::NoIndex(
            "the file is not the one that its start index was built from".to_owned(),
        )),
    }
}
