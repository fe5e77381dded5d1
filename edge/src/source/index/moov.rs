//! A film's `moov`, read once, wherever it is.

use std::borrow::Cow;

use api::paths::media_key;
use mp4::locate::{LocateStep, Locator};

use crate::{
    error::Error,
    platform::{ByteRange, ObjectRead, ObjectStore, Platform, ReadRange},
    rules::identity,
    source::{
        blocks,
        record::{self, Film, Hand},
    },
};

/// Bytes of one read of the own store: `moov` grows in place, and is in memory once.
const READ_BYTES: u64 = 4 << 20;
/// Reads of the own store for box headers: real films have fewer than ten boxes before `moov`.
const LOOK_COUNT_MAX: usize = 16;

/// A film's `moov`.
pub(super) struct Moov<'a> {
    /// Bytes of the file that it is of.
    pub(super) size_bytes: u64,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// It, or why it is not to be had, which stays so.
pub(super) async fn read<'a, P: Platform>(
    platform: &P,
    id: &str,
    film: Option<&Film>,
    hand: &'a Hand,
) -> Result<Result<Moov<'a>, String>, Error> {
    match film {
        Some(film) => elsewhere(platform, film, hand).await,
        None if identity::is_upstream(id) => {
            elsewhere(platform, &record::find(platform, id).await?, hand).await
        }
        None => own(platform, id).await,
    }
}

/// From bytes in hand, else from blocks, else by one request.
async fn elsewhere<'a, P: Platform>(
    platform: &P,
    film: &Film,
    hand: &'a Hand,
) -> Result<Result<Moov<'a>, String>, Error> {
    let size_bytes = film.size_bytes();
    let Some(range) = film.moov() else {
        return Ok(Err("no moov box is found where its boxes lead".to_owned()));
    };
    if let Some(bytes) = hand.get(range) {
        return Ok(Ok(Moov { size_bytes, bytes: Cow::Borrowed(bytes) }));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    while film.kept().holds(range) && (bytes.len() as u64) < range.len() {
        let rest = ByteRange { start: range.start + bytes.len() as u64, ..range };
        let part = film.kept().part(rest).unwrap_or(rest);
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
    for _ in 0..LOOK_COUNT_MAX {
        let wanted = match locator.next() {
            Ok(LocateStep::Need(wanted)) => wanted,
            Ok(LocateStep::Moov(range)) => {
                let mut bytes =
                    Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
                while (bytes.len() as u64) < range.len() {
                    let start = range.start + bytes.len() as u64;
                    let piece = ByteRange { start, end: range.end.min(start + READ_BYTES) };
                    bytes.append(&mut piece_of(platform, &key, piece, &meta.etag).await?);
                }
                return Ok(Ok(Moov { size_bytes, bytes: Cow::Owned(bytes) }));
            }
            Err(why) => return Ok(Err(why.to_string())),
        };
        let end = wanted.end.min(size_bytes);
        if wanted.start >= end {
            return Ok(Err("it ends before its moov box".to_owned()));
        }
        let range = ByteRange { start: wanted.start, end };
        locator.feed(range.start, &piece_of(platform, &key, range, &meta.etag).await?);
    }
    Ok(Err("no moov box is found where its boxes lead".to_owned()))
}

async fn piece_of<P: Platform>(
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
