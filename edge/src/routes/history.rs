//! `GET | POST /api/v2/history`: what a viewer watched.

use std::time::Duration;

use api::{Envelope, History, HistoryEntry};
use catalog::{Episode, OWN_PROVIDER, Title, parse_episode_id, title_card};

use super::picture_urls::PictureSigner;
use crate::{
    catalog_cache::{self, FoundEpisode},
    error::Error,
    http::{Headers, Method, Reply},
    platform::{Clock, Platform, StreamOf, Upload},
    rules::progress::{self, WatchState},
    viewers::{self, HistoryRow, Viewer},
};

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    headers: &Headers,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let viewer = viewers::known_viewer(platform, headers).await?;
    if method == Method::Post {
        let watched = record(platform, viewer, super::parsed(upload).await?).await?;
        return Ok(super::json(200, &Envelope::data(watched)));
    }
    let items = watched_items(platform, viewer, usize::MAX, |_, row| Some(row)).await?;
    Ok(super::json(200, &Envelope::data(History { items })))
}

/// The rows of a viewer's history that `choose` keeps or changes, newest first, at most `count_max`.
pub(super) async fn watched_items<P: Platform>(
    platform: &P,
    viewer: Viewer,
    count_max: usize,
    choose: fn(&Title, HistoryRow) -> Option<HistoryRow>,
) -> Result<Vec<HistoryEntry>, Error> {
    let mut items = Vec::new();
    let pictures = PictureSigner::of(platform).await?;
    for row in viewers::entries(platform, viewer).await? {
        if items.len() == count_max {
            break;
        }
        // An episode that the catalog no longer has is left out; its row stays, for it may come back.
        let found = catalog_cache::episode(platform, &row.episode_id).await?;
        let Some(found) = found else { continue };
        let Some(row) = moved_row(platform, viewer, &found, row).await? else { continue };
        let title = found.title;
        let Some(row) = choose(&title, row) else { continue };
        if let Some(episode) = episode_of(&title, &row.episode_id) {
            items.push(history_entry(&pictures, &title, episode, &row));
        }
    }
    Ok(items)
}

/// The row under the ids that its episode has now; `None` where the viewer's row of that title stays.
async fn moved_row<P: Platform>(
    platform: &P,
    viewer: Viewer,
    found: &FoundEpisode,
    row: HistoryRow,
) -> Result<Option<HistoryRow>, Error> {
    if found.id == row.episode_id {
        return Ok(Some(row));
    }
    let moved =
        HistoryRow { catalog_id: found.title.id.clone(), episode_id: found.id.clone(), ..row };
    let is_moved = viewers::move_entry(platform, viewer, &row.catalog_id, &moved).await?;
    Ok(is_moved.then_some(moved))
}

async fn record<P: Platform>(
    platform: &P,
    viewer: Viewer,
    sent: api::PlaybackPosition,
) -> Result<HistoryEntry, Error> {
    let position_ms = position_ms(sent.position_seconds)?;
    let (catalog_id, _) = parse_episode_id(&sent.episode_id).ok_or(Error::NotFound("episode"))?;
    if catalog_id != sent.catalog_id {
        let why = "`episodeId` is not an episode of `catalogId`".to_owned();
        return Err(Error::InvalidPayload(why));
    }
    let found = catalog_cache::episode(platform, &sent.episode_id).await?;
    let FoundEpisode { title, id, episode } = found.ok_or(Error::NotFound("episode"))?;
    let (position_ms, played) = match progress::classify(position_ms, episode.duration_ms) {
        WatchState::Start => (0, false),
        WatchState::At(position_ms) => (position_ms, false),
        WatchState::Watched => (0, true),
    };
    let entry = HistoryRow {
        catalog_id: title.id.clone(),
        episode_id: id,
        position_ms,
        played,
        updated_at_ms: platform.clock().now_ms(),
    };
    viewers::put_entry(platform, viewer, &entry).await?;
    Ok(history_entry(&PictureSigner::of(platform).await?, &title, &episode, &entry))
}

fn position_ms(seconds: f64) -> Result<u64, Error> {
    let position = Duration::try_from_secs_f64(seconds).map_err(|_| {
        Error::InvalidPayload(
            "`positionSeconds` is not a position: send seconds, 0 or more".to_owned(),
        )
    })?;
    Ok(u64::try_from(position.as_millis()).unwrap_or(u64::MAX))
}

pub(super) fn episode_of<'a>(title: &'a Title, episode_id: &str) -> Option<&'a Episode> {
    title.episode(parse_episode_id(episode_id)?.1)
}

fn history_entry(
    pictures: &PictureSigner,
    title: &Title,
    episode: &Episode,
    entry: &HistoryRow,
) -> HistoryEntry {
    let mut card = title_card(title);
    pictures.sign_cards([&mut card]);
    HistoryEntry {
        catalog_id: card.id,
        episode_id: entry.episode_id.clone(),
        title: card.title,
        episode_title: episode.title.clone(),
        cover_image: card.cover_image,
        position_seconds: Duration::from_millis(entry.position_ms).as_secs_f64(),
        duration_seconds: episode.duration_ms.map(|ms| Duration::from_millis(ms).as_secs_f64()),
        played: entry.played,
        provider: OWN_PROVIDER.to_owned(),
        updated_at_ms: entry.updated_at_ms,
    }
}
