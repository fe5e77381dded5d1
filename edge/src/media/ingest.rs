//! Takes up what lies elsewhere: looks at a file of a provider, keeps its record and its blocks.

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
    platform::Platform,
    rules::{
        blocks::{BLOCK_BYTES, BlockLayout, HEAD_BYTES, TAIL_BYTES},
        picture,
    },
};

/// Bytes near the end that are read at once, `moov` or not: that of four hours of film, and the tail.
const SWEEP_BYTES: u64 = 8 * 1024 * 1024;
/// Reads for the box headers of a file beyond its first block.
const LOOK_COUNT_MAX: usize = 2;

/// A film, and what is made of its `moov`: with the resolver, four requests where `moov` comes
/// last, and mostly elsewhere.
pub(crate) async fn ingest_film<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<UpstreamFilm, Error> {
    let (mut film, first_block) = begin(platform, provider, name).await?;
    let prefetched = look(platform, &mut film, first_block).await?;
    record_store::write(platform, &film).await?;
    blocks::prefetch(platform, &film, &prefetched, &BTreeSet::new()).await?;
    if let Err(error) = start_index::build(platform, &MoovSource::Known(&film, &prefetched)).await {
        // It is made when somebody first asks for it.
        platform.report(error.detail().unwrap_or("nothing is stored of a film"));
    }
    Ok(film)
}

/// A picture, all of which is kept.
pub(crate) async fn ingest_picture<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<UpstreamFilm, Error> {
    let (mut film, first_block) = begin(platform, provider, name).await?;
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

/// Reads the first block, with which a file has its identity.
async fn begin<P: Platform>(
    platform: &P,
    provider: &str,
    name: &str,
) -> Result<(UpstreamFilm, Vec<u8>), Error> {
    let listed = resolver::provider(platform, provider).await?;
    let provider =
        listed.ok_or_else(|| Error::InvalidPayload(format!("no provider is called {provider}")))?;
    provider
        .direct_urls(name)
        .and(provider.resolver_url(name))
        .map_err(|why| Error::InvalidPayload(why.to_owned()))?;
    let mut reader = Reader::new(platform, &provider, name, None);
    let first_block = reader.bytes(ByteRange { start: 0, end: BLOCK_BYTES }).await?;
    let (validators, fields) =
        (reader.known.take().unwrap_or_default(), mem::take(&mut reader.fields));
    let film = UpstreamFilm::new(platform, provider, name, validators, fields, &first_block);
    Ok((film, first_block))
}

/// Walks over the boxes to `moov`, and reads that where no block will have all of it.
async fn look<P: Platform>(
    platform: &P,
    film: &mut UpstreamFilm,
    first: Vec<u8>,
) -> Result<PrefetchedBytes, Error> {
    let size_bytes = film.size_bytes();
    let mut locator = Locator::new(Some(size_bytes));
    locator.feed(0, &first);
    let mut prefetched = PrefetchedBytes(vec![(0, first)]);
    for _ in 0..LOOK_COUNT_MAX {
        let need = match locator.next() {
            Ok(LocateStep::Need(need)) => need,
            Ok(LocateStep::Moov(moov)) => {
                let moov = ByteRange { start: moov.start, end: moov.end };
                film.set_layout(Some(moov), BlockLayout::new(size_bytes, Some(moov)));
                if prefetched.get(moov).is_none() && !film.layout().contains(moov) {
                    let range = swept(moov, size_bytes);
                    match film.bytes(platform, range).await {
                        Ok(bytes) => prefetched.0.push((range.start, bytes)),
                        // The film plays without; what is made of `moov` is made later.
                        Err(error) => platform.report(error.detail().unwrap_or("no `moov`")),
                    }
                }
                break;
            }
            // No film that anybody plays; its bytes are served like any others.
            Err(_) => break,
        };
        let start = need.start / BLOCK_BYTES * BLOCK_BYTES;
        // Near the end, all there is; elsewhere some blocks, whose headers lead on.
        let left = size_bytes.saturating_sub(start);
        let length = match start {
            _ if left <= SWEEP_BYTES => left,
            ..HEAD_BYTES => TAIL_BYTES,
            _ => 2 * BLOCK_BYTES,
        };
        let range = ByteRange { start, end: start.saturating_add(length).min(size_bytes) };
        let bytes = film.bytes(platform, range).await?;
        locator.feed(start, &bytes);
        prefetched.0.push((start, bytes));
    }
    Ok(prefetched)
}

/// Whole blocks with these bytes in them, and the rest of the file where it is a tail's.
fn swept(range: ByteRange, size_bytes: u64) -> ByteRange {
    let end = range.end.div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
    let end = if size_bytes.saturating_sub(end) <= TAIL_BYTES { size_bytes } else { end };
    ByteRange { start: range.start / BLOCK_BYTES * BLOCK_BYTES, end }
}
