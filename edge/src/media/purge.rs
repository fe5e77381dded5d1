//! Removes what is stored of films: from this location when a film is evicted, from every store
//! when a deployer purges it.

use super::{
    Film,
    cache::{block_ledger, durable},
    start_index,
};
use crate::{error::Error, platform::Platform, rules::blocks};

/// Removes every block of an upstream film from this location.
pub(super) async fn evict<P: Platform>(platform: &P, source_id: &str) -> Result<(), Error> {
    block_ledger::remove_film(platform, source_id).await?;
    platform.instance().media.remove_blocks(&blocks::prefix(source_id));
    start_index::forget(platform, source_id);
    Ok(())
}

/// Removes the blocks and the start index of a film from every store.
pub(crate) async fn purge_film<P: Platform>(platform: &P, film: Film<'_>) -> Result<(), Error> {
    match film {
        Film::Own(id) => start_index::purge(platform, id).await,
        Film::Upstream(id) => purge_blocks(platform, id).await,
    }
}

/// Removes the blocks of a picture from every store; one of the own store has none.
pub(crate) async fn purge_picture<P: Platform>(
    platform: &P,
    picture: Film<'_>,
) -> Result<(), Error> {
    match picture {
        Film::Own(_) => Ok(()),
        Film::Upstream(id) => purge_blocks(platform, id).await,
    }
}

/// Removes every block of every upstream film from every store.
pub(crate) async fn purge_all<P: Platform>(platform: &P) -> Result<(), Error> {
    durable::purge(platform, blocks::PREFIX).await?;
    block_ledger::remove_all(platform).await?;
    platform.instance().media.remove_blocks("");
    platform.instance().media.remove_pieces("");
    Ok(())
}

/// Removes the blocks of an upstream film from every store.
pub(super) async fn purge_blocks<P: Platform>(platform: &P, id: &str) -> Result<(), Error> {
    // The durable store first: afterwards no reader restores a block from it.
    durable::purge(platform, &blocks::prefix(id)).await?;
    evict(platform, id).await
}
