//! `GET | POST /api/v2/admin/prewarm/{episodeId}`: reports how ready an episode's films are to start,
//! or prefetches what they need.

use api::{Envelope, EpisodeReadiness};

use crate::{
    catalog_cache,
    error::Error,
    http::{Method, Reply},
    media::{Film, prefetch},
    platform::{Platform, StreamOf},
};

pub(super) async fn handle<P: Platform>(
    platform: &P,
    method: Method,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let found = catalog_cache::episode(platform, episode_id).await?;
    let episode = found.ok_or(Error::NotFound("episode"))?.episode;
    let mut films = Vec::new();
    for source in episode.sources.iter().filter(|source| source.playable) {
        films.push(if method == Method::Post {
            prefetch::prefetch_film(platform, Film::of(&source.id)).await?
        } else {
            prefetch::readiness(platform, Film::of(&source.id)).await?
        });
    }
    Ok(super::json(200, &Envelope::data(EpisodeReadiness { films })))
}
