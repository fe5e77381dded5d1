//! The stores of startup blocks: memory, this location's key-value store and the durable store. A
//! block counts only with all its bytes, by the hash in front of it.

use std::rc::Rc;

use super::{block_ledger, durable, with_store_timeout};
use crate::{
    error::Error,
    media::upstream::UpstreamFilm,
    platform::{KeyValue, Platform},
    rules::blocks,
};

/// Which stores still respond. After a failure a store is not used for the next block: the upstream
/// has every byte.
pub(super) struct BlockStores {
    local_responds: bool,
    durable_responds: bool,
}

impl BlockStores {
    pub(super) fn new() -> Self {
        Self { local_responds: true, durable_responds: true }
    }

    /// A block that memory or a store has, whole.
    pub(super) async fn read<P: Platform>(
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
        let reading = async { Ok(platform.key_value().get(&key).await?) };
        let stored = run_if(&mut self.local_responds, platform, reading).await.flatten();
        let mut found = stored.and_then(|stored| Some(blocks::unseal(&stored, length)?.to_vec()));
        if found.is_none() {
            found = self.restore(platform, film, block).await;
        }
        let bytes: Rc<[u8]> = found?.into();
        media.insert_block(&key, &bytes);
        Some(bytes)
    }

    /// A block from the durable store, written back to this location's.
    async fn restore<P: Platform>(
        &mut self,
        platform: &P,
        film: &UpstreamFilm,
        block: u64,
    ) -> Option<Vec<u8>> {
        let (key, length) = (blocks::key(&film.id, block), film.layout().block_range(block).len());
        let reading = durable::get(platform, &key, api::limits::VALUE_BYTES_MAX);
        let sealed = run_if(&mut self.durable_responds, platform, reading).await.flatten()?;
        let bytes = blocks::unseal(&sealed, length)?.to_vec();
        let writing = write_local(platform, film, block, &sealed);
        run_if(&mut self.local_responds, platform, writing).await;
        Some(bytes)
    }

    /// Writes a block to the durable store, then to this location's. A store that fails does not
    /// keep the block from being served.
    pub(super) async fn write<P: Platform>(
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
        let writing = durable::put(platform, &key, &sealed);
        if run_if(&mut self.durable_responds, platform, writing).await.is_some() {
            let writing = write_local(platform, film, block, &sealed);
            run_if(&mut self.local_responds, platform, writing).await;
        }
        bytes
    }
}

/// The outcome of a store operation, unless the store failed before or does now.
async fn run_if<P: Platform, T>(
    responds: &mut bool,
    platform: &P,
    operation: impl Future<Output = Result<T, Error>>,
) -> Option<T> {
    if !*responds {
        return None;
    }
    match with_store_timeout(platform, operation).await {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            *responds = false;
            error.report(platform, "a store of startup blocks failed");
            None
        }
    }
}

/// The row before the block: no block is stored that the ledger does not know of.
async fn write_local<P: Platform>(
    platform: &P,
    film: &UpstreamFilm,
    block: u64,
    sealed: &[u8],
) -> Result<(), Error> {
    block_ledger::record_block(platform, &film.id, block, sealed.len()).await?;
    Ok(platform.key_value().put(&blocks::key(&film.id, block), sealed).await?)
}
