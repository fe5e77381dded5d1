//! Removes films and pictures for good: what served them from a store or from memory answers 404 or 410.

use api::paths::{image_key, media_key};

use super::{
    Film,
    cache::{record_store, removals},
    purge, start_index,
};
use crate::{
    error::Error,
    platform::{ObjectStore, Platform},
};

/// Removes a film from every store. The provider of an upstream film keeps its file.
pub(crate) async fn remove_film<P: Platform>(platform: &P, film: Film<'_>) -> Result<(), Error> {
    match film {
        Film::Own(id) => {
            // The film first: without its start index it would still play.
            platform.objects().delete(&media_key(id)).await?;
            start_index::purge(platform, id).await?;
        }
        Film::Upstream(id) => remove_upstream(platform, id).await?,
    }
    removals::announce(platform, film.id()).await
}

/// Removes a picture from every store.
pub(crate) async fn remove_picture<P: Platform>(
    platform: &P,
    picture: Film<'_>,
) -> Result<(), Error> {
    match picture {
        Film::Own(id) => platform.objects().delete(&image_key(id)).await?,
        Film::Upstream(id) => remove_upstream(platform, id).await?,
    }
    removals::announce(platform, picture.id()).await
}

/// The record first: without its blocks, the film would come from its provider.
async fn remove_upstream<P: Platform>(platform: &P, id: &str) -> Result<(), Error> {
    record_store::write_removed(platform, id).await?;
    purge::purge_blocks(platform, id).await
}
