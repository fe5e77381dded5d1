//! A film's `moov`, read once, wherever it is.

use std::borrow::Cow;

use api::paths::media_key;
use mp4::locate::{LocateStep, Locator};

use crate::{
    error::Error,
    http::{ByteRange, ReadRange},
    media::{
        cache::{blocks, record_store},
        film::Film,
        upstream::{PrefetchedBytes, UpstreamFilm},
    },
    platform::{ObjectRead, ObjectStore, Platform},
};

/// Bytes of one read of the own store, so that `moov` is in memory once.
const READ_BYTES: u64 = 4 << 20;
/// Reads of the own store for box headers: real films have fewer than ten boxes before `moov`.
const READ_COUNT_MAX: usize = 16;

/// Where a film's `moov` comes from.
pub(crate) enum MoovSource<'a> {
    /// A film of which nothing is in memory.
    Film(Film<'a>),
    /// An upstream film whose record was read, and bytes of it that are in memory.
    Known(&'a UpstreamFilm, &'a PrefetchedBytes),
}

impl MoovSource<'_> {
    pub(super) fn film(&self) -> Film<'_> {
        match self {
            Self::Film(film) => *film,
            Self::Known(film, _) => Film::Upstream(&film.id),
        }
    }
}

/// A film's `moov`.
pub(super) struct Moov<'a> {
    /// Bytes of the film's file.
    pub(super) size_bytes: u64,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// Reads `moov`; the inner error says why the film has none, which stays so.
pub(super) async fn read<'a, P: Platform>(
    platform: &P,
    source: &MoovSource<'a>,
) -> Result<Result<Moov<'a>, String>, Error> {
    match *source {
        MoovSource::Film(Film::Own(id)) => own(platform, id).await,
        MoovSource::Film(Film::Upstream(id)) => {
            let film = record_store::find(platform, id).await?;
            upstream(platform, &film, PrefetchedBytes::NONE).await
        }
        MoovSource::Known(film, prefetched) => upstream(platform, film, prefetched).await,
    }
}

/// From prefetched bytes, else from blocks, else by one request.
async fn upstream<'a, P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    prefetched: &'a PrefetchedBytes,
) -> Result<Result<Moov<'a>, String>, Error> {
    let size_bytes = film.size_bytes();
    let Some(range) = film.moov() else {
        return Ok(Err("the file's boxes lead to no moov box".to_owned()));
    };
    if let Some(bytes) = prefetched.get(range) {
        return Ok(Ok(Moov { size_bytes, bytes: Cow::Borrowed(bytes) }));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    while film.layout().contains(range) && (bytes.len() as u64) < range.len() {
        let rest = ByteRange { start: range.start + bytes.len() as u64, ..range };
        let part = film.layout().cached_part(rest).unwrap_or(rest);
        bytes.append(&mut blocks::read(platform, film, part).await?);
    }
    if bytes.is_empty() {
        bytes = film.bytes(platform, range).await?;
    }
    Ok(Ok(Moov { size_bytes, bytes: Cow::Owned(bytes) }))
}

/// From the own store, of one state of the object.
async fn own<P: Platform>(platform: &P, id: &str) -> Result<Result<Moov<'static>, String>, Error> {
    let key = media_key(id);
    let meta = platform.objects().head(&key).await?.ok_or(Error::NotFound("file"))?;
    let size_bytes = meta.size_bytes;
    let mut locator = Locator::new(Some(size_bytes));
    for _ in 0..READ_COUNT_MAX {
        let need = match locator.next() {
            Ok(LocateStep::Need(need)) => need,
            Ok(LocateStep::Moov(range)) => {
                let range = ByteRange { start: range.start, end: range.end };
                let bytes = read_in_pieces(platform, &key, range, &meta.etag).await?;
                return Ok(Ok(Moov { size_bytes, bytes: Cow::Owned(bytes) }));
            }
            Err(why) => return Ok(Err(why.to_string())),
        };
        let end = need.end.min(size_bytes);
        if need.start >= end {
            return Ok(Err("the file ends before its moov box".to_owned()));
        }
        let range = ByteRange { start: need.start, end };
        locator.feed(range.start, &read_exactly(platform, &key, range, &meta.etag).await?);
    }
    Ok(Err("the file's boxes lead to no moov box".to_owned()))
}

/// Reads these bytes by several requests, into a buffer that never reallocates.
async fn read_in_pieces<P: Platform>(
    platform: &P,
    key: &str,
    range: ByteRange,
    etag: &str,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    while (bytes.len() as u64) < range.len() {
        let start = range.start + bytes.len() as u64;
        let piece = ByteRange { start, end: range.end.min(start + READ_BYTES) };
        bytes.append(&mut read_exactly(platform, key, piece, etag).await?);
    }
    Ok(bytes)
}

/// Reads these bytes, of the state with this entity tag.
async fn read_exactly<P: Platform>(
    platform: &P,
    key: &str,
    range: ByteRange,
    etag: &str,
) -> Result<Vec<u8>, Error> {
    let objects = platform.objects();
    let wanted = ReadRange::Closed { first: range.start, last: range.end.saturating_sub(1) };
    match objects.read(key, wanted).await? {
        Some(ObjectRead::Bytes { meta, sent, stream }) if sent == range && meta.etag == etag => {
            let length = usize::try_from(range.len()).unwrap_or(usize::MAX);
            Ok(objects.collect(stream, length).await?)
        }
        Some(_) | None => {
            Err(Error::StorageUnavailable(format!("{key} changed while it was read")))
        }
    }
}
