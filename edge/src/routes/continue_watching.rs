//! `GET /api/v2/continue-watching`: the episodes that a viewer has not finished, or comes to next.

use api::{Envelope, History};
use catalog::Title;

use super::history::{episode_of, watched_items};
use crate::{
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
    viewers::{self, HistoryRow},
};

/// Titles in the response: older ones are in the history.
const ITEM_COUNT_MAX: usize = 20;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let viewer = viewers::known_viewer(platform, headers).await?;
    let items = watched_items(platform, viewer, ITEM_COUNT_MAX, next).await?;
    Ok(super::json(200, &Envelope::data(History { items })))
}

/// The same episode until it is played, then the next one; none after the last, so that finished titles
/// are left out.
fn next(title: &Title, row: HistoryRow) -> Option<HistoryRow> {
    if !row.played {
        return Some(row);
    }
    let number = episode_of(title, &row.episode_id)?.number;
    let after = title.episodes.iter().find(|episode| episode.number > number)?;
    let episode_id = title.id_of(after);
    Some(HistoryRow { episode_id, position_ms: 0, played: false, ..row })
}
