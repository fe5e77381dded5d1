//! Startup blocks of upstream films: read from memory, this location's store, the durable store or
//! the upstream, in this order. A block is fetched once for all waiting requests.
//!
//! A claim is an in-memory entry for a block that is being fetched, released on drop; requests that
//! find it poll every 15 ms.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    rc::Rc,
};

use super::{block_ledger, block_stores::BlockStores};
use crate::{
    error::Error,
    http::ByteRange,
    media::upstream::{PrefetchedBytes, UpstreamFilm, resolver::CLAIM_POLL_MS},
    platform::{Clock, Platform},
    rules::{
        blocks::{self, BLOCK_BYTES},
        retry::READ_MS_MAX,
    },
};

/// How long a request waits for the fetch of another one: as long as that may take.
const WAIT_MS_MAX: u64 = READ_MS_MAX;

#[expect(clippy::cast_possible_truncation, reason = "512 KiB fit any platform's addresses")]
const BLOCK_SIZE: usize = BLOCK_BYTES as usize;

/// Blocks in memory, by number.
type LoadedBlocks = BTreeMap<u64, Rc<[u8]>>;

/// Reads these bytes, all of which are within startup blocks; fewer, from the start on, where the
/// upstream fails after the first blocks.
pub(crate) async fn read<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    range: ByteRange,
) -> Result<Vec<u8>, Error> {
    let blocks = range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES);
    let deadline_ms = platform.clock().now_ms() + WAIT_MS_MAX;
    let mut loaded = load_stored(platform, film, blocks.clone()).await;
    while let Some(first) = blocks.clone().find(|block| !loaded.contains_key(block)) {
        let missing = first..blocks.end;
        if let Err(error) = fetch_or_wait(platform, film, &mut loaded, missing, deadline_ms).await {
            if first == blocks.start {
                return Err(error);
            }
            // A short 206 is allowed: the client requests the rest when it needs it.
            error.report(platform, "startup blocks are missing");
            let end = film.layout().block_range(first).start;
            return Ok(concatenate(&loaded, ByteRange { end, ..range }));
        }
    }
    block_ledger::record_use(platform, &film.id).await;
    Ok(concatenate(&loaded, range))
}

/// Stores the startup blocks of a film that are not in `present`: each from the prefetched bytes if
/// they contain the block, else from the upstream.
pub(crate) async fn prefetch<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    prefetched: &PrefetchedBytes,
    present: &BTreeSet<u64>,
) -> Result<(), Error> {
    let mut missing: Vec<u64> = Vec::new();
    let mut stores = BlockStores::new();
    for block in film.layout().blocks().filter(|block| !present.contains(block)) {
        match prefetched.get(film.layout().block_range(block)) {
            Some(bytes) => drop(stores.write(platform, film, block, bytes.to_vec()).await),
            None => missing.push(block),
        }
    }
    for run in missing.chunk_by(|a, b| a + 1 == *b) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        fetch(platform, film, *first..*last + 1).await?;
    }
    Ok(())
}

/// Those blocks that memory or a store has.
async fn load_stored<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    blocks: Range<u64>,
) -> LoadedBlocks {
    let mut loaded = LoadedBlocks::new();
    let mut stores = BlockStores::new();
    for block in blocks {
        if let Some(bytes) = stores.read(platform, film, block).await {
            loaded.insert(block, bytes);
        }
    }
    loaded
}

/// Fetches the first missing blocks, or waits a moment where another request has claimed them.
async fn fetch_or_wait<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    loaded: &mut LoadedBlocks,
    missing: Range<u64>,
    deadline_ms: u64,
) -> Result<(), Error> {
    let media = &platform.instance().media;
    let first = missing.start;
    let mut claims = Vec::new();
    for block in missing.take_while(|block| !loaded.contains_key(block)) {
        let Some(claim) = media.claim(blocks::key(&film.id, block)) else { break };
        claims.push(claim);
    }
    // Another request may have fetched it between the look into the stores and the claim.
    if let Some(bytes) = media.block(&blocks::key(&film.id, first)) {
        loaded.insert(first, bytes);
        return Ok(());
    }
    if claims.is_empty() {
        if platform.clock().now_ms() >= deadline_ms {
            let why = "another request's fetch of the same block takes too long".to_owned();
            return Err(Error::UpstreamBusy(CLAIM_POLL_MS, why));
        }
        platform.clock().sleep(CLAIM_POLL_MS).await;
        return Ok(());
    }
    let fetched = fetch(platform, film, first..first + claims.len() as u64).await?;
    loaded.extend(fetched);
    Ok(())
}

/// Reads a run of blocks from the upstream, and stores them.
async fn fetch<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    run: Range<u64>,
) -> Result<Vec<(u64, Rc<[u8]>)>, Error> {
    let (start, end) = (run.start * BLOCK_BYTES, run.end * BLOCK_BYTES);
    let range = ByteRange { start, end: end.min(film.layout().size_bytes) };
    let bytes = film.bytes(platform, range).await?;
    let first_block = bytes.chunks(BLOCK_SIZE).next().unwrap_or_default();
    if start == 0 && !film.begins_with(first_block) {
        let why = format!("{}: its first block is another one than at ingest", film.id);
        return Err(Error::SourceGone(why));
    }
    let (mut fetched, mut stores) = (Vec::new(), BlockStores::new());
    for (block, bytes) in run.zip(bytes.chunks(BLOCK_SIZE)) {
        fetched.push((block, stores.write(platform, film, block, bytes.to_vec()).await));
    }
    Ok(fetched)
}

/// The bytes of a range out of the blocks that cover it.
fn concatenate(loaded: &LoadedBlocks, range: ByteRange) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    for (block, loaded) in loaded.range(range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES))
    {
        let start = block * BLOCK_BYTES;
        let at = |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
        let end = at(range.end).min(loaded.len());
        bytes.extend_from_slice(loaded.get(at(range.start)..end).unwrap_or_default());
    }
    bytes
}
