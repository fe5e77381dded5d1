//! Makes films ready to start, and lets those go that were made ready for nobody.

use std::collections::BTreeSet;

use api::{FilmReadiness, StartIndexState};
use mp4::start_index::Root;

use super::{
    Film,
    cache::{block_ledger, blocks, record_store},
    purge,
    start_index::{self, MoovSource},
    upstream::{PrefetchedBytes, UpstreamCost, UpstreamFilm},
};
use crate::{
    error::Error,
    platform::{Clock, Database, Platform, Row, Value},
};

/// What was made ready for a viewer and not watched yet: two films each at most.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS windows (\
     viewer INTEGER NOT NULL, source_id TEXT NOT NULL, warmed_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (viewer, source_id)) WITHOUT ROWID";
/// Rows of a viewer that are looked at: those of a window, and of the one before.
const ROW_COUNT_MAX: i64 = 8;

/// How ready a film is to start.
pub(crate) async fn readiness<P: Platform>(
    platform: &P,
    film: Film<'_>,
) -> Result<FilmReadiness, Error> {
    let missing_bytes = match film {
        Film::Own(_) => 0,
        Film::Upstream(id) => {
            let film = record_store::find(platform, id).await?;
            missing_bytes(&film, &block_ledger::blocks(platform, id).await?)
        }
    };
    let starts = starts(start_index::root(platform, film).await?.as_deref());
    Ok(FilmReadiness {
        id: film.id().to_owned(),
        missing_bytes,
        start_index: starts,
        requests: 0,
        size_bytes: 0,
    })
}

/// Makes a film ready to start; what is stored is not fetched again.
pub(crate) async fn prefetch_film<P: Platform>(
    platform: &P,
    film: Film<'_>,
) -> Result<FilmReadiness, Error> {
    let upstream = match film {
        Film::Own(_) => None,
        Film::Upstream(id) => {
            let film = record_store::find(platform, id).await?;
            let there = block_ledger::blocks(platform, id).await?;
            blocks::prefetch(platform, &film, PrefetchedBytes::NONE, &there).await?;
            Some(film)
        }
    };
    let root = match start_index::root(platform, film).await? {
        Some(root) => root,
        None => {
            let known = upstream.as_ref();
            let known = known.map(|film| MoovSource::Known(film, PrefetchedBytes::NONE));
            start_index::build(platform, &known.unwrap_or(MoovSource::Film(film))).await?
        }
    };
    let cost = upstream.as_ref().map(UpstreamFilm::cost).unwrap_or_default();
    let UpstreamCost { requests, size_bytes } = cost;
    let starts = starts(Some(&root));
    Ok(FilmReadiness {
        id: film.id().to_owned(),
        missing_bytes: 0,
        start_index: starts,
        requests,
        size_bytes,
    })
}

fn missing_bytes(film: &UpstreamFilm, there: &BTreeSet<u64>) -> u64 {
    let missing = film.layout().blocks().filter(|block| !there.contains(block));
    missing.map(|block| film.layout().block_range(block).len()).sum()
}

fn starts(root: Option<&[u8]>) -> StartIndexState {
    match root.map(Root::read) {
        None | Some(Err(_)) => StartIndexState::Missing,
        Some(Ok(Root::Refused(why))) => StartIndexState::Refused(why.to_owned()),
        Some(Ok(Root::Stored { .. })) => StartIndexState::Stored,
    }
}

/// Moves a viewer's window: what comes next is made ready, and what was made ready before, for this
/// viewer alone, and was not watched, leaves this place.
pub(crate) async fn move_window<P: Platform>(
    platform: &P,
    viewer: Option<i64>,
    current: Option<&str>,
    next: &[String],
) -> Result<(), Error> {
    for id in next {
        let ready = prefetch_film(platform, Film::of(id)).await?;
        if let Some(viewer) = viewer {
            // What is here for others than those who wait for it, is not for a window to take.
            let sql = "INSERT INTO windows (viewer, source_id, warmed_at_ms) SELECT ?1, ?2, ?3 \
                 WHERE ?4 > 0 OR EXISTS (SELECT 1 FROM windows WHERE source_id = ?2) \
                 ON CONFLICT (viewer, source_id) DO UPDATE SET warmed_at_ms = excluded.warmed_at_ms";
            let now_ms = moment(platform.clock().now_ms());
            let requests = Value::Integer(ready.requests.into());
            query(platform, sql, &[Value::Integer(viewer), text(id), now_ms, requests]).await?;
        }
    }
    let Some(viewer) = viewer else { return Ok(()) };
    let sql = "SELECT source_id, warmed_at_ms FROM windows WHERE viewer = ?1 LIMIT ?2";
    let values = [Value::Integer(viewer), Value::Integer(ROW_COUNT_MAX)];
    for row in query(platform, sql, &values).await? {
        let [Value::Text(id), Value::Integer(warmed_at_ms)] = row.as_slice() else { continue };
        if current != Some(id) && !next.contains(id) {
            let warmed_at_ms = u64::try_from(*warmed_at_ms).unwrap_or_default();
            evict_from_window(platform, viewer, id, warmed_at_ms).await?;
        }
    }
    Ok(())
}

/// Takes a film out of a viewer's window, and out of this place if it is there for nobody else.
async fn evict_from_window<P: Platform>(
    platform: &P,
    viewer: i64,
    id: &str,
    warmed_at_ms: u64,
) -> Result<(), Error> {
    let sql = "DELETE FROM windows WHERE viewer = ?1 AND source_id = ?2";
    query(platform, sql, &[Value::Integer(viewer), text(id)]).await?;
    let sql = "SELECT 1 FROM windows WHERE source_id = ?1 LIMIT 1";
    let is_wanted = !query(platform, sql, &[text(id)]).await?.is_empty();
    let is_used = block_ledger::used_at_ms(platform, id).await? > Some(warmed_at_ms);
    if is_wanted || is_used { Ok(()) } else { purge::evict(platform, id).await }
}

/// One statement, on a table that exists: an instance makes sure of it once.
async fn query<P: Platform>(platform: &P, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
    let has_windows = &platform.instance().media.has_windows;
    if !has_windows.get() {
        platform.database().query(TABLE, &[]).await?;
        has_windows.set(true);
    }
    Ok(platform.database().query(sql, values).await?)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Milliseconds as every platform keeps them.
fn moment(ms: u64) -> Value {
    Value::Integer(i64::try_from(ms).unwrap_or(i64::MAX).min((1 << 53) - 1))
}
