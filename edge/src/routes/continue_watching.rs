//! `GET /api/v2/continue-watching`: what a viewer goes on with.

use api::{Envelope, History};
use catalog::{Title, episode_id};

use super::{
    history::{episode_of, watched},
    picture_urls::PictureSigner,
};
use crate::{
    catalog_cache,
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
    viewers::{self, HistoryRow},
};

/// Titles in the row: those that are further back are in the history.
const ITEM_COUNT_MAX: usize = 20;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let viewer = viewers::known_viewer(platform, headers).await?;
    let mut items = Vec::new();
    let pictures = PictureSigner::of(platform).await?;
    for entry in viewers::entries(platform, viewer).await? {
        if items.len() == ITEM_COUNT_MAX {
            break;
        }
        let Some(title) = catalog_cache::title(platform, &entry.catalog_id).await? else {
            continue;
        };
        let Some(entry) = next(&title, entry) else { continue };
        if let Some(episode) = episode_of(&title, &entry.episode_id) {
            items.push(watched(&pictures, &title, episode, &entry));
        }
    }
    Ok(super::json(200, &Envelope::data(History { items })))
}

/// The same episode while there is something left of it, else the one after it; none after the
/// last, so that what is finished leaves the row.
fn next(title: &Title, entry: HistoryRow) -> Option<HistoryRow> {
    if !entry.played {
        return Some(entry);
    }
    let number = episode_of(title, &entry.episode_id)?.number;
    let after = title.episodes.iter().find(|episode| episode.number > number)?;
    let episode_id = episode_id(&title.id, after.number);
    Some(HistoryRow { episode_id, position_ms: 0, played: false, ..entry })
}
