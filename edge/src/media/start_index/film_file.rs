//! A film's file in one state, wherever it is, of which bytes are read.

use std::borrow::Cow;

use api::paths::media_key;

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

/// Which film, and what is in memory of it.
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

/// The file of a film.
pub(super) enum FilmFile<'a> {
    /// An object, with its size and entity tag.
    Own { key: String, etag: String, size_bytes: u64 },
    /// A film of a provider, by the record that was found.
    Found(Box<UpstreamFilm>),
    /// A film of a provider, and bytes of it that are in memory.
    Known(&'a UpstreamFilm, &'a PrefetchedBytes),
}

impl<'a> FilmFile<'a> {
    pub(super) async fn open<P: Platform>(
        platform: &P,
        source: &MoovSource<'a>,
    ) -> Result<Self, Error> {
        match *source {
            MoovSource::Film(Film::Own(id)) => {
                let key = media_key(id);
                let meta = platform.objects().head(&key).await?.ok_or(Error::NotFound("file"))?;
                Ok(Self::Own { key, etag: meta.etag, size_bytes: meta.size_bytes })
            }
            MoovSource::Film(Film::Upstream(id)) => {
                Ok(Self::Found(Box::new(record_store::find(platform, id).await?)))
            }
            MoovSource::Known(film, prefetched) => Ok(Self::Known(film, prefetched)),
        }
    }

    /// The record of a film of a provider.
    pub(super) fn upstream(&self) -> Option<&UpstreamFilm> {
        match self {
            Self::Own { .. } => None,
            Self::Found(film) => Some(film),
            Self::Known(film, _) => Some(film),
        }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        match self {
            Self::Own { size_bytes, .. } => *size_bytes,
            Self::Found(film) => film.size_bytes(),
            Self::Known(film, _) => film.size_bytes(),
        }
    }

    /// Reads these bytes: from memory, else from blocks, else by requests.
    pub(super) async fn read<P: Platform>(
        &self,
        platform: &P,
        range: ByteRange,
    ) -> Result<Cow<'a, [u8]>, Error> {
        match self {
            Self::Own { key, etag, .. } => {
                read_in_pieces(platform, key, range, etag).await.map(Cow::Owned)
            }
            Self::Found(film) => read_upstream(platform, film, range).await.map(Cow::Owned),
            Self::Known(film, prefetched) => match prefetched.get(range) {
                Some(bytes) => Ok(Cow::Borrowed(bytes)),
                None => read_upstream(platform, film, range).await.map(Cow::Owned),
            },
        }
    }
}

/// From blocks, else by one request.
async fn read_upstream<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    range: ByteRange,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    while film.layout().contains(range) && (bytes.len() as u64) < range.len() {
        let rest = ByteRange { start: range.start + bytes.len() as u64, ..range };
        let part = film.layout().cached_part(rest).unwrap_or(rest);
        bytes.append(&mut blocks::read(platform, film, part).await?);
    }
    if bytes.is_empty() {
        bytes = film.bytes(platform, range).await?;
    }
    Ok(bytes)
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
