//! `GET /api/v2/catalog/{catalogId}/episodes`: the episodes of one title.

use api::{Envelope, Episode, EpisodeList};
use catalog::{OWN_PROVIDER, Title};

use crate::{
    catalog_cache,
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
    rules::selection,
};

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    catalog_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let title =
        catalog_cache::title(platform, catalog_id).await?.ok_or(Error::NotFound("title"))?;
    let episodes = EpisodeList { items: episodes_of(&title), catalog_id: title.id };
    let envelope = Envelope::data(episodes).with_meta("provider", OWN_PROVIDER);
    Ok(super::json_until_changed(headers, &envelope))
}

pub(super) fn episodes_of(title: &Title) -> Vec<Episode> {
    let view = |episode: &catalog::Episode| {
        let best = selection::choose(&episode.sources).0.into_iter().next();
        let (codec, missing, unplayable) = match best {
            Some(best) if best.playable => (best.codec, best.missing, None),
            Some(best) => (None, Vec::new(), Some(best.label.unwrap_or_default())),
            None => (None, Vec::new(), None),
        };
        Episode {
            id: title.id_of(episode),
            catalog_id: title.id.clone(),
            number: episode.number,
            title: episode.title.clone(),
            label: episode.label.clone(),
            released_at: episode.released_at.clone(),
            duration_ms: episode.duration_ms,
            codec,
            missing,
            unplayable,
        }
    };
    title.episodes.iter().map(view).collect()
}
