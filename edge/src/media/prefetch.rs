//! Prefetches what films need to start, and evicts films that were prefetched and not watched.

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
    platform::{Clock, Platform, Row, Value},
    sql::{self, integer, text},
};

/// The prefetch windows: films prefetched for a viewer and not watched yet, at most two each.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS windows (\
     viewer INTEGER NOT NULL, source_id TEXT NOT NULL, warmed_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (viewer, source_id)) WITHOUT ROWID";
/// Rows read for one viewer: those of this prefetch window and of the one before.
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
    let start_index = start_index_state(start_index::root(platform, film).await?.as_deref());
    Ok(FilmReadiness {
        id: film.id().to_owned(),
        missing_bytes,
        start_index,
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
            let stored = block_ledger::blocks(platform, id).await?;
            blocks::prefetch(platform, &film, PrefetchedBytes::NONE, &stored).await?;
            Some(film)
        }
    };
    let root = if let Some(root) = start_index::root(platform, film).await? {
        root
    } else {
        let known = upstream.as_ref();
        let known = known.map(|film| MoovSource::Known(film, PrefetchedBytes::NONE));
        start_index::build(platform, &known.unwrap_or(MoovSource::Film(film))).await?
    };
    let cost = upstream.as_ref().map(UpstreamFilm::cost).unwrap_or_default();
    let UpstreamCost { requests, size_bytes } = cost;
    let start_index = start_index_state(Some(&root));
    Ok(FilmReadiness {
        id: film.id().to_owned(),
        missing_bytes: 0,
        start_index,
        requests,
        size_bytes,
    })
}

fn missing_bytes(film: &UpstreamFilm, stored: &BTreeSet<u64>) -> u64 {
    let missing = film.layout().blocks().filter(|block| !stored.contains(block));
    missing.map(|block| film.layout().block_range(block).len()).sum()
}

fn start_index_state(root: Option<&[u8]>) -> StartIndexState {
    match root.map(Root::read) {
        None | Some(Err(_)) => StartIndexState::Missing,
        Some(Ok(Root::Refused(why))) => StartIndexState::Refused(why.to_owned()),
        Some(Ok(Root::Stored { .. })) => StartIndexState::Stored,
    }
}

/// Moves a viewer's prefetch window: prefetches the next films, and evicts films that were prefetched
/// for this viewer alone and not watched.
pub(crate) async fn move_prefetch_window<P: Platform>(
    platform: &P,
    viewer: Option<i64>,
    current: Option<&str>,
    next: &[String],
) -> Result<(), Error> {
    for id in next {
        let requests = prefetch_film(platform, Film::of(id)).await?.requests;
        if let Some(viewer) = viewer {
            add_to_prefetch_window(platform, viewer, id, requests).await?;
        }
    }
    let Some(viewer) = viewer else { return Ok(()) };
    let sql = "SELECT source_id, warmed_at_ms FROM windows WHERE viewer = ?1 LIMIT ?2";
    let values = [Value::Integer(viewer), Value::Integer(ROW_COUNT_MAX)];
    for row in query(platform, sql, &values).await? {
        let [Value::Text(id), Value::Integer(prefetched_at_ms)] = row.as_slice() else { continue };
        if current != Some(id) && !next.contains(id) {
            let prefetched_at_ms = u64::try_from(*prefetched_at_ms).unwrap_or_default();
            evict_from_prefetch_window(platform, viewer, id, prefetched_at_ms).await?;
        }
    }
    Ok(())
}

/// Adds a film to a viewer's prefetch window if prefetching it took requests, or if it is in another
/// prefetch window: a film that was stored for another reason is not this window's to evict.
async fn add_to_prefetch_window<P: Platform>(
    platform: &P,
    viewer: i64,
    id: &str,
    requests: u32,
) -> Result<(), Error> {
    let sql = "INSERT INTO windows (viewer, source_id, warmed_at_ms) SELECT ?1, ?2, ?3 \
         WHERE ?4 > 0 OR EXISTS (SELECT 1 FROM windows WHERE source_id = ?2) \
         ON CONFLICT (viewer, source_id) DO UPDATE SET warmed_at_ms = excluded.warmed_at_ms";
    let now_ms = integer(platform.clock().now_ms());
    let values = [Value::Integer(viewer), text(id), now_ms, Value::Integer(requests.into())];
    query(platform, sql, &values).await.map(drop)
}

/// Removes a film from a viewer's prefetch window, and evicts it where no other viewer has it in one
/// and no request has used it since.
async fn evict_from_prefetch_window<P: Platform>(
    platform: &P,
    viewer: i64,
    id: &str,
    prefetched_at_ms: u64,
) -> Result<(), Error> {
    let sql = "DELETE FROM windows WHERE viewer = ?1 AND source_id = ?2";
    query(platform, sql, &[Value::Integer(viewer), text(id)]).await?;
    let sql = "SELECT 1 FROM windows WHERE source_id = ?1 LIMIT 1";
    let is_in_prefetch_window = !query(platform, sql, &[text(id)]).await?.is_empty();
    let is_used = block_ledger::used_at_ms(platform, id).await? > Some(prefetched_at_ms);
    if is_in_prefetch_window || is_used { Ok(()) } else { purge::evict(platform, id).await }
}

/// Runs one statement on the windows of viewers.
fn query<'a, P: Platform>(
    platform: &'a P,
    statement: &'a str,
    values: &'a [Value],
) -> impl Future<Output = Result<Vec<Row>, Error>> + 'a {
    sql::query(
        platform,
        &[TABLE],
        &platform.instance().media.has_prefetch_windows,
        statement,
        values,
    )
}
