//! Makes films ready to start, and lets those go that were made ready for nobody.

use std::collections::BTreeSet;

use api::{FilmReadiness, StartIndexState};
use mp4::start_index::Root;

use super::{
    blocks, index, kept,
    record::{self, Film, Hand, Spent},
};
use crate::{
    error::Error,
    platform::{Clock, Database, Platform, Row, Value},
    rules::identity,
};

/// What was made ready for a viewer and not watched yet: two films each at most.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS windows (\
     viewer INTEGER NOT NULL, source_id TEXT NOT NULL, warmed_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (viewer, source_id)) WITHOUT ROWID";
/// Rows of a viewer that are looked at: those of a window, and of the one before.
const ROW_COUNT_MAX: i64 = 8;

/// How ready a film is to start.
pub(crate) async fn look<P: Platform>(platform: &P, id: &str) -> Result<FilmReadiness, Error> {
    let missing_bytes = if identity::is_upstream(id) {
        let film = record::find(platform, id).await?;
        missing_bytes(&film, &kept::blocks(platform, id).await?)
    } else {
        0
    };
    let starts = starts(index::root(platform, id).await?.as_deref());
    Ok(FilmReadiness {
        id: id.to_owned(),
        missing_bytes,
        start_index: starts,
        requests: 0,
        size_bytes: 0,
    })
}

/// Makes it so: what is kept is not fetched again.
pub(crate) async fn film<P: Platform>(platform: &P, id: &str) -> Result<FilmReadiness, Error> {
    let film = if identity::is_upstream(id) {
        let film = record::find(platform, id).await?;
        let there = kept::blocks(platform, id).await?;
        blocks::warm(platform, &film, &Hand::default(), &there).await?;
        Some(film)
    } else {
        None
    };
    let root = match index::root(platform, id).await? {
        Some(root) => root,
        None => index::made_of(platform, id, film.as_ref(), &Hand::default()).await?,
    };
    let Spent { requests, size_bytes } = film.as_ref().map(Film::spent).unwrap_or_default();
    let starts = starts(Some(&root));
    Ok(FilmReadiness {
        id: id.to_owned(),
        missing_bytes: 0,
        start_index: starts,
        requests,
        size_bytes,
    })
}

fn missing_bytes(film: &Film, there: &BTreeSet<u64>) -> u64 {
    let missing = film.kept().blocks().filter(|block| !there.contains(block));
    missing.map(|block| film.kept().block(block).len()).sum()
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
pub(crate) async fn window<P: Platform>(
    platform: &P,
    viewer: Option<i64>,
    current: Option<&str>,
    next: &[String],
) -> Result<(), Error> {
    for id in next {
        let ready = film(platform, id).await?;
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
            let_go(platform, viewer, id, warmed_at_ms).await?;
        }
    }
    Ok(())
}

/// Takes a film out of a viewer's window, and out of this place if it is there for nobody else.
async fn let_go<P: Platform>(
    platform: &P,
    viewer: i64,
    id: &str,
    warmed_at_ms: u64,
) -> Result<(), Error> {
    let sql = "DELETE FROM windows WHERE viewer = ?1 AND source_id = ?2";
    query(platform, sql, &[Value::Integer(viewer), text(id)]).await?;
    let sql = "SELECT 1 FROM windows WHERE source_id = ?1 LIMIT 1";
    let is_wanted = !query(platform, sql, &[text(id)]).await?.is_empty();
    let is_used = kept::used_at_ms(platform, id).await? > Some(warmed_at_ms);
    if is_wanted || is_used { Ok(()) } else { blocks::leave(platform, id).await }
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
