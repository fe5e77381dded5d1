//! Startup blocks: read from memory, this place's store, the durable store, or the upstream, in
//! this order; each fetched once for all who wait, and never served unless it is whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{block_ledger, durable, with_store_timeout};
use crate::{
    error::Error,
    http::ByteRange,
    media::upstream::{PrefetchedBytes, UpstreamFilm, resolver::CLAIM_POLL_MS},
    platform::{Clock, KeyValue, Platform},
    rules::{
        blocks::{self, BLOCK_BYTES},
        retry::READ_MS_MAX,
    },
};

/// How long one who waits for another one's fetch does: as long as that may take.
const WAIT_MS_MAX: u64 = READ_MS_MAX;

/// These bytes, all of them in blocks that are to be kept; or those of the first ones, where the
/// upstream does not give the rest.
pub(crate) async fn read<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    range: ByteRange,
) -> Result<Vec<u8>, Error> {
    let blocks = range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES);
    let deadline_ms = platform.clock().now_ms() + WAIT_MS_MAX;
    let mut held = BTreeMap::new();
    let mut stores = Stores::all();
    for block in blocks.clone() {
        if let Some(bytes) = stores.read(platform, film, block).await {
            held.insert(block, bytes);
        }
    }
    while let Some(first) = blocks.clone().find(|block| !held.contains_key(block)) {
        if let Err(error) = next(platform, film, &mut held, first..blocks.end, deadline_ms).await {
            if first == blocks.start {
                return Err(error);
            }
            // What there is goes out: the client asks for the rest when it needs it.
            platform.report(error.detail().unwrap_or("blocks are missing"));
            return Ok(joined(
                &held,
                ByteRange { end: film.layout().block_range(first).start, ..range },
            ));
        }
    }
    if let Err(error) =
        with_store_timeout(platform, block_ledger::record_use(platform, &film.id)).await
    {
        platform.report(error.detail().unwrap_or("a film's use cannot be noted"));
    }
    Ok(joined(&held, range))
}

/// Brings in blocks that are to be kept, but those that are, of a film some of which is in prefetched.
pub(crate) async fn prefetch<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    prefetched: &PrefetchedBytes,
    there: &BTreeSet<u64>,
) -> Result<(), Error> {
    let mut wanted: Vec<u64> = Vec::new();
    let mut stores = Stores::all();
    for block in film.layout().blocks().filter(|block| !there.contains(block)) {
        match prefetched.get(film.layout().block_range(block)) {
            Some(bytes) => drop(stores.keep(platform, film, block, bytes.to_vec()).await),
            None => wanted.push(block),
        }
    }
    for run in wanted.chunk_by(|a, b| a + 1 == *b) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        fetch(platform, film, *first..*last + 1).await?;
    }
    Ok(())
}

/// Brings in the first missing blocks, or waits until somebody else has.
async fn next<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    held: &mut BTreeMap<u64, Rc<[u8]>>,
    missing: core::ops::Range<u64>,
    deadline_ms: u64,
) -> Result<(), Error> {
    let media = &platform.instance().media;
    let first = missing.start;
    let mut claims = Vec::new();
    for block in missing.take_while(|block| !held.contains_key(block)) {
        let Some(claim) = media.claim(blocks::key(&film.id, block)) else { break };
        claims.push(claim);
    }
    // Somebody may have been done between the look into the stores and the claim.
    if let Some(bytes) = media.block(&blocks::key(&film.id, first)) {
        held.insert(first, bytes);
        return Ok(());
    }
    if claims.is_empty() {
        if platform.clock().now_ms() >= deadline_ms {
            let why = "another reader's fetch takes too long".to_owned();
            return Err(Error::UpstreamBusy(CLAIM_POLL_MS, why));
        }
        platform.clock().sleep(CLAIM_POLL_MS).await;
        return Ok(());
    }
    let fetched = fetch(platform, film, first..first + claims.len() as u64).await?;
    held.extend(fetched);
    Ok(())
}

/// Reads a run of blocks from the upstream, and keeps them.
async fn fetch<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    run: core::ops::Range<u64>,
) -> Result<Vec<(u64, Rc<[u8]>)>, Error> {
    let (start, end) = (run.start * BLOCK_BYTES, run.end * BLOCK_BYTES);
    let range = ByteRange { start, end: end.min(film.layout().size_bytes) };
    let bytes = film.bytes(platform, range).await?;
    let first_block = bytes.chunks(BLOCK_SIZE).next().unwrap_or_default();
    if start == 0 && !film.begins_with(first_block) {
        return Err(Error::SourceGone(format!("{}: it begins in another way", film.id)));
    }
    let (mut fetched, mut stores) = (Vec::new(), Stores::all());
    for (block, bytes) in run.zip(bytes.chunks(BLOCK_SIZE)) {
        fetched.push((block, stores.keep(platform, film, block, bytes.to_vec()).await));
    }
    Ok(fetched)
}

#[expect(clippy::cast_possible_truncation, reason = "512 KiB fit any platform's addresses")]
const BLOCK_SIZE: usize = BLOCK_BYTES as usize;

/// The stores that answer: one that failed is not asked again for the next block. It is one that has
/// nothing, for the upstream has it all.
struct Stores {
    here: bool,
    durable: bool,
}

impl Stores {
    fn all() -> Self {
        Self { here: true, durable: true }
    }

    /// A block that is in memory or in a store, and whole.
    async fn read<P: Platform>(
        &mut self,
        platform: &P,
        film: &UpstreamFilm,
        block: u64,
    ) -> Option<Rc<[u8]>> {
        let media = &platform.instance().media;
        let key = blocks::key(&film.id, block);
        if let Some(bytes) = media.block(&key) {
            return Some(bytes);
        }
        let length = film.layout().block_range(block).len();
        let here = async { Ok(platform.key_value().get(&key).await?) };
        let stored = heard(platform, &mut self.here, here).await.flatten();
        let mut found = stored.and_then(|stored| Some(blocks::unseal(&stored, length)?.to_vec()));
        if found.is_none() {
            found = self.restore(platform, film, block).await;
        }
        let bytes: Rc<[u8]> = found?.into();
        media.insert_block(&key, &bytes);
        Some(bytes)
    }

    /// A block from the durable store, put back into this place's.
    async fn restore<P: Platform>(
        &mut self,
        platform: &P,
        film: &UpstreamFilm,
        block: u64,
    ) -> Option<Vec<u8>> {
        let (key, length) = (blocks::key(&film.id, block), film.layout().block_range(block).len());
        let there = durable::get(platform, &key, api::limits::VALUE_BYTES_MAX);
        let sealed = heard(platform, &mut self.durable, there).await.flatten()?;
        let bytes = blocks::unseal(&sealed, length)?.to_vec();
        heard(platform, &mut self.here, keep_here(platform, film, block, &sealed)).await;
        Some(bytes)
    }

    /// Keeps a block: in the durable store first, then here. Where a store refuses, the block is
    /// served all the same.
    async fn keep<P: Platform>(
        &mut self,
        platform: &P,
        film: &UpstreamFilm,
        block: u64,
        bytes: Vec<u8>,
    ) -> Rc<[u8]> {
        let key = blocks::key(&film.id, block);
        let sealed = catalog::prepend_hash(&bytes);
        let bytes: Rc<[u8]> = bytes.into();
        platform.instance().media.insert_block(&key, &bytes);
        let there = durable::put(platform, &key, &sealed);
        if heard(platform, &mut self.durable, there).await.is_some() {
            heard(platform, &mut self.here, keep_here(platform, film, block, &sealed)).await;
        }
        bytes
    }
}

/// What a store says, if it has answered so far and does now.
async fn heard<P: Platform, T>(
    platform: &P,
    answers: &mut bool,
    answer: impl Future<Output = Result<T, Error>>,
) -> Option<T> {
    if !*answers {
        return None;
    }
    match with_store_timeout(platform, answer).await {
        Ok(said) => Some(said),
        Err(error) => {
            *answers = false;
            platform.report(error.detail().unwrap_or("a block's store fails"));
            None
        }
    }
}

async fn keep_here<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    block: u64,
    sealed: &[u8],
) -> Result<(), Error> {
    block_ledger::record_block(platform, &film.id, block, sealed.len()).await?;
    Ok(platform.key_value().put(&blocks::key(&film.id, block), sealed).await?)
}

/// The bytes of a range out of the blocks that cover it.
fn joined(held: &BTreeMap<u64, Rc<[u8]>>, range: ByteRange) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
    for (block, held) in held.range(range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES)) {
        let start = block * BLOCK_BYTES;
        let at = |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
        let end = at(range.end).min(held.len());
        bytes.extend_from_slice(held.get(at(range.start)..end).unwrap_or_default());
    }
    bytes
}
