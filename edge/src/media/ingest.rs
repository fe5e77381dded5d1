//! Ingests files of providers: inspects a file, and stores its record and its startup blocks.

use std::{collections::BTreeSet, mem};

use mp4::locate::{LocateStep, Locator};

use super::{
    cache::{blocks, record_store},
    start_index::{self, MoovSource},
    upstream::{PrefetchedBytes, Reader, UpstreamFilm, resolver},
};
use crate::{
    error::Error,
    http::ByteRange,
    platform::{Clock as _, Platform},
    rules::{
        blocks::{BLOCK_BYTES, BlockLayout, HEAD_BYTES, TAIL_BYTES},
        picture,
    },
};

/// Bytes near the end that one read takes: `moov` of four hours of film, and the tail.
const TAIL_READ_BYTES: u64 = 8 * 1024 * 1024;
/// Reads for box headers beyond the first block.
const READ_COUNT_MAX: usize = 2;

/// Ingests a film and builds its start index. With the resolver that takes at most four requests for
/// most films, wherever `moov` is.
pub(crate) async fn ingest_film<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<UpstreamFilm, Error> {
    let (mut film, first_block) = open_file(platform, provider, name).await?;
    let prefetched = locate_moov(platform, &mut film, first_block).await?;
    record_store::write(platform, &film).await?;
    blocks::prefetch(platform, &film, &prefetched, &BTreeSet::new()).await?;
    if let Err(error) = start_index::build(platform, &MoovSource::Known(&film, &prefetched)).await {
        // The first request for a start builds it.
        error.report(platform, "the start index of an ingested film was not built");
    }
    Ok(film)
}

/// Ingests a picture, every byte of which is in startup blocks.
pub(crate) async fn ingest_picture<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<UpstreamFilm, Error> {
    let (mut film, first_block) = open_file(platform, provider, name).await?;
    let size_bytes = film.size_bytes();
    if picture::media_type(&first_block).is_none() {
        return Err(Error::InvalidPayload(picture::KINDS.to_owned()));
    }
    if size_bytes > picture::BYTES_MAX {
        let why =
            format!("a picture has at most {} bytes, this one {size_bytes}", picture::BYTES_MAX);
        return Err(Error::InvalidPayload(why));
    }
    film.set_layout(None, BlockLayout::whole_file(size_bytes));
    record_store::write(platform, &film).await?;
    let prefetched = PrefetchedBytes(vec![(0, first_block)]);
    blocks::prefetch(platform, &film, &prefetched, &BTreeSet::new()).await?;
    Ok(film)
}

/// Reads the first block of a file, which is part of its identity.
async fn open_file<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<(UpstreamFilm, Vec<u8>), Error> {
    let listed = resolver::provider(platform, provider).await?;
    let provider = listed.ok_or_else(|| {
        Error::InvalidPayload(format!("the setting providers has no `{provider}`"))
    })?;
    provider
        .direct_urls(name, platform.clock().now_ms())
        .and(provider.resolver_url(name))
        .map_err(|why| Error::InvalidPayload(why.to_owned()))?;
    let mut reader = Reader::new(platform, &provider, name, None);
    let first_block = reader.bytes(ByteRange { start: 0, end: BLOCK_BYTES }).await?;
    let (validators, fields) =
        (reader.known.take().unwrap_or_default(), mem::take(&mut reader.fields));
    let film = UpstreamFilm::new(platform, provider, name, validators, fields, &first_block);
    Ok((film, first_block))
}

/// Walks over the boxes to `moov`, and reads `moov` where it is not within startup blocks.
async fn locate_moov<P: Platform>(
    platform: &P,
    film: &mut UpstreamFilm,
    first_block: Vec<u8>,
) -> Result<PrefetchedBytes, Error> {
    let size_bytes = film.size_bytes();
    let mut locator = Locator::new(Some(size_bytes));
    locator.feed(0, &first_block);
    let mut prefetched = PrefetchedBytes(vec![(0, first_block)]);
    for _ in 0..READ_COUNT_MAX {
        let need = match locator.next() {
            Ok(LocateStep::Need(need)) => need,
            Ok(LocateStep::Moov(moov)) => {
                let moov = ByteRange { start: moov.start, end: moov.end };
                film.set_layout(Some(moov), BlockLayout::new(size_bytes, Some(moov)));
                read_moov(platform, film, moov, &mut prefetched).await;
                break;
            }
            // Not an MP4 file that anything plays; its bytes are served like any others.
            Err(_) => break,
        };
        let range = read_ahead(need.start, size_bytes);
        let bytes = film.bytes(platform, range).await?;
        locator.feed(range.start, &bytes);
        prefetched.0.push((range.start, bytes));
    }
    Ok(prefetched)
}

/// Reads `moov` where it was neither read yet nor is within startup blocks.
async fn read_moov<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    moov: ByteRange,
    prefetched: &mut PrefetchedBytes,
) {
    if prefetched.get(moov).is_some() || film.layout().contains(moov) {
        return;
    }
    let range = covering_blocks(moov, film.size_bytes());
    match film.bytes(platform, range).await {
        Ok(bytes) => prefetched.0.push((range.start, bytes)),
        // The film plays without it; the start index is built later.
        Err(error) => error.report(platform, "`moov` of an ingested film was not read"),
    }
}

/// What to read for a box header at this offset: near the end of the file all that is left, else
/// some blocks, because the header leads on.
fn read_ahead(offset: u64, size_bytes: u64) -> ByteRange {
    let start = offset / BLOCK_BYTES * BLOCK_BYTES;
    let left = size_bytes.saturating_sub(start);
    let length = match start {
        _ if left <= TAIL_READ_BYTES => left,
        ..HEAD_BYTES => TAIL_BYTES,
        _ => 2 * BLOCK_BYTES,
    };
    ByteRange { start, end: start.saturating_add(length).min(size_bytes) }
}

/// The blocks that cover these bytes, and the rest of the file where that is no longer than a tail.
fn covering_blocks(range: ByteRange, size_bytes: u64) -> ByteRange {
    let end = range.end.div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
    let end = if size_bytes.saturating_sub(end) <= TAIL_BYTES { size_bytes } else { end };
    ByteRange { start: range.start / BLOCK_BYTES * BLOCK_BYTES, end }
}
