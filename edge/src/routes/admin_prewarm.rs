//! `GET | POST /api/v2/admin/prewarm/{episodeId}`: tells how ready an episode's films are to start,
//! or makes them so.

use api::{Envelope, EpisodeReadiness};
use catalog::parse_episode_id;

use crate::{
    error::Error,
    platform::{Platform, StreamOf},
    reply::Reply,
    request::Method,
    shelf,
    source::warm,
};

pub(super) async fn handle<P: Platform>(
    platform: &P,
    method: Method,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let unknown = || Error::NotFound("episode");
    let (catalog_id, number) = parse_episode_id(episode_id).ok_or_else(unknown)?;
    let title = shelf::title(platform, catalog_id).await?.ok_or_else(unknown)?;
    let episode = title.episode(number).ok_or_else(unknown)?;
    let mut films = Vec::new();
    for source in episode.sources.iter().filter(|source| source.playable) {
        films.push(if method == Method::Post {
            warm::film(platform, &source.id).await?
        } else {
            warm::look(platform, &source.id).await?
        });
    }
    Ok(super::json(200, &Envelope::data(EpisodeReadiness { films })))
}
