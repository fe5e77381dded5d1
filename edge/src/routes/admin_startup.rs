//! `DELETE /api/v2/admin/startup[/{catalogId}]`: deletes startup blocks and start indexes, which are then
//! read and built again.

use std::collections::BTreeSet;

use api::{Envelope, PurgeResult};

use crate::{
    catalog_cache,
    error::Error,
    http::Reply,
    media::{self, Film},
    platform::{Platform, StreamOf},
};

/// Deletes every block of every film and picture from every store, start indexes of upstream films
/// included. Start indexes that `publish` stored stay.
pub(super) async fn purge_all<P: Platform>(platform: &P) -> Result<Reply<StreamOf<P>>, Error> {
    media::purge_all(platform).await?;
    Ok(super::json(200, &Envelope::data(PurgeResult { films: None })))
}

/// Deletes every block of one title's films and pictures from every store, and the start indexes of its
/// films.
pub(super) async fn purge<P: Platform>(
    platform: &P,
    catalog_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let title =
        catalog_cache::title(platform, catalog_id).await?.ok_or(Error::NotFound("title"))?;
    let sources = title.episodes.iter().flat_map(|episode| &episode.sources);
    let films: BTreeSet<&str> = sources.map(|source| source.id.as_str()).collect();
    let pictures = title.cover.iter().chain(&title.banner).map(String::as_str);
    for id in &films {
        media::purge_film(platform, Film::of(id)).await?;
    }
    for id in pictures {
        media::purge_picture(platform, Film::of(id)).await?;
    }
    let films = films.len();
    Ok(super::json(200, &Envelope::data(PurgeResult { films: Some(films) })))
}
