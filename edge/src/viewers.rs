//! Viewers, their history and their watchlists: the tables, and every statement on them.

use crate::{
    error::Error,
    http::Headers,
    platform::{Clock, Platform, Random, Row, Value},
    sql::{self, integer, integer_at, text, text_at, unsigned_at},
};

/// What every platform's SQLite can do. A viewer has at most one row a title, and titles are the
/// catalog's, so that the catalog bounds what one viewer can store.
///
/// `created_at_ms` is when a viewer is idle from: when it was created, and for one that has stored
/// something a moment to come. Its name is that of the first release.
const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS clients (\
     id INTEGER PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, created_at_ms INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS clients_by_idle_time ON clients (created_at_ms)",
    "CREATE TABLE IF NOT EXISTS history (\
     client_id INTEGER NOT NULL, catalog_id TEXT NOT NULL, episode_id TEXT NOT NULL, \
     position_ms INTEGER NOT NULL, played INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (client_id, catalog_id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS watchlist (\
     client_id INTEGER NOT NULL, catalog_id TEXT NOT NULL, updated_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (client_id, catalog_id)) WITHOUT ROWID",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a viewer may be idle.
const IDLE_MS_MAX: u64 = DAY_MS;
/// How long a viewer with a history or a watchlist may stay away before it counts as idle.
const AWAY_MS_MAX: u64 = 90 * DAY_MS;
/// Idle viewers that one sweep deletes.
const SWEPT_COUNT: i64 = 256;
/// Bytes of a token: 192 bits, which nobody guesses.
const TOKEN_BYTES: usize = 24;
/// Items in one answer: what a person scrolls through.
const ITEM_COUNT_MAX: i64 = 100;

/// A viewer that this deployment knows, and when it is idle from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Viewer(pub(crate) i64, u64);

/// A list of titles that a viewer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TitleList {
    /// Titles that the viewer watched.
    History,
    /// Titles that the viewer put aside.
    Watchlist,
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    pub catalog_id: String,
    pub episode_id: String,
    pub position_ms: u64,
    pub played: bool,
    pub updated_at_ms: u64,
}

/// The viewer whose token the request carries; none without a known token.
pub(crate) async fn viewer<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Option<Viewer>, Error> {
    let Some(token) = headers.get("x-client-token") else { return Ok(None) };
    let sql = "SELECT id, created_at_ms FROM clients WHERE token_hash = ?1";
    let rows = query(platform, sql, &[text(&catalog::hash(token.as_bytes()))]).await?;
    let viewer = |row: &Row| Some(Viewer(integer_at(row, 0)?, unsigned_at(row, 1)?));
    let Some(viewer) = rows.first().and_then(viewer) else { return Ok(None) };
    if viewer.1 > platform.clock().now_ms()
        && let Err(error) = keep(platform, viewer).await
    {
        error.report(platform, "the visit of a viewer was not recorded");
    }
    Ok(Some(viewer))
}

/// Notes, at most once a day, that a viewer with a history or a watchlist was here.
async fn keep<P: Platform>(platform: &P, viewer: Viewer) -> Result<(), Error> {
    let idle_from_ms = platform.clock().now_ms() + AWAY_MS_MAX;
    if viewer.1 + DAY_MS > idle_from_ms {
        return Ok(());
    }
    let sql = "UPDATE clients SET created_at_ms = ?2 WHERE id = ?1";
    query(platform, sql, &[Value::Integer(viewer.0), integer(idle_from_ms)]).await.map(drop)
}

/// The same for routes that require one.
pub(crate) async fn known_viewer<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Viewer, Error> {
    viewer(platform, headers).await?.ok_or(Error::ClientTokenRequired)
}

/// Reads the newest viewer.
pub(crate) async fn probe<P: Platform>(platform: &P) -> Result<(), Error> {
    query(platform, "SELECT token_hash FROM clients ORDER BY id DESC LIMIT 1", &[]).await.map(drop)
}

/// A new viewer and the token, of which only a hash is stored.
pub(crate) async fn new_viewer<P: Platform>(platform: &P) -> Result<(Viewer, String), Error> {
    let mut bytes = [0; TOKEN_BYTES];
    platform.random().fill(&mut bytes)?;
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let token: String = digits.flatten().collect();
    let now_ms = platform.clock().now_ms();
    if platform.instance().sweeps.is_due(now_ms)
        && let Err(error) = sweep(platform, now_ms).await
    {
        error.report(platform, "idle viewers were not deleted");
    }
    let insert = "INSERT INTO clients (token_hash, created_at_ms) VALUES (?1, ?2) RETURNING id";
    let values = [text(&catalog::hash(token.as_bytes())), integer(now_ms)];
    let rows = query(platform, insert, &values).await?;
    let id = rows.first().and_then(|row| integer_at(row, 0));
    let id = id.ok_or_else(|| {
        Error::StorageUnavailable("the database returned no id for a new viewer".to_owned())
    })?;
    Ok((Viewer(id, now_ms), token))
}

/// A new viewer that is never idle, for an account; its token.
pub(crate) async fn new_lasting_viewer<P: Platform>(platform: &P) -> Result<String, Error> {
    let (viewer, token) = new_viewer(platform).await?;
    let sql = "UPDATE clients SET created_at_ms = ?2 WHERE id = ?1";
    query(platform, sql, &[Value::Integer(viewer.0), integer(u64::MAX)]).await?;
    Ok(token)
}

/// Deletes a viewer with its history and watchlist.
pub(crate) async fn forget<P: Platform>(platform: &P, token: &str) -> Result<(), Error> {
    let hash = [text(&catalog::hash(token.as_bytes()))];
    delete_all(platform, "SELECT id FROM clients WHERE token_hash = ?1", &hash).await
}

/// Deletes the viewers of a query with all that they have stored.
async fn delete_all<P: Platform>(
    platform: &P,
    viewers: &str,
    values: &[Value],
) -> Result<(), Error> {
    // A viewer's id may be that of a later viewer, so its rows go first.
    for (table, column) in [("history", "client_id"), ("watchlist", "client_id"), ("clients", "id")]
    {
        let delete = format!("DELETE FROM {table} WHERE {column} IN ({viewers})");
        query(platform, &delete, values).await?;
    }
    Ok(())
}

/// Deletes the viewers that are idle for longest, with all that they have stored.
async fn sweep<P: Platform>(platform: &P, now_ms: u64) -> Result<(), Error> {
    let idle = integer(now_ms.saturating_sub(IDLE_MS_MAX));
    let sql = "SELECT id FROM clients WHERE created_at_ms < ?1 ORDER BY created_at_ms LIMIT ?2";
    let rows = query(platform, sql, &[idle.clone(), Value::Integer(SWEPT_COUNT)]).await?;
    let ids: Vec<String> =
        rows.iter().filter_map(|row| Some(integer_at(row, 0)?.to_string())).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids = ids.join(",");
    keep_recent(platform, &ids, now_ms).await?;
    let swept = format!("SELECT id FROM clients WHERE id IN ({ids}) AND created_at_ms < ?1");
    delete_all(platform, &swept, std::slice::from_ref(&idle)).await
}

/// Keeps those of these viewers that have stored something lately: the first release did not note when
/// a viewer with a history was here.
async fn keep_recent<P: Platform>(platform: &P, ids: &str, now_ms: u64) -> Result<(), Error> {
    let has_recent = |table: &str| {
        format!(
            "EXISTS (SELECT 1 FROM {table} WHERE client_id = clients.id AND updated_at_ms >= ?2)"
        )
    };
    let is_away = format!("{} OR {}", has_recent("history"), has_recent("watchlist"));
    let keep = format!("UPDATE clients SET created_at_ms = ?1 WHERE id IN ({ids}) AND ({is_away})");
    let values = [integer(now_ms + AWAY_MS_MAX), integer(now_ms.saturating_sub(AWAY_MS_MAX))];
    query(platform, &keep, &values).await.map(drop)
}

/// Stores how far a viewer came in a title, in place of the row before.
pub(crate) async fn put_entry<P: Platform>(
    platform: &P,
    viewer: Viewer,
    entry: &HistoryRow,
) -> Result<(), Error> {
    let sql = "INSERT INTO history \
         (client_id, catalog_id, episode_id, position_ms, played, updated_at_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (client_id, catalog_id) DO UPDATE SET \
         episode_id = excluded.episode_id, position_ms = excluded.position_ms, \
         played = excluded.played, updated_at_ms = excluded.updated_at_ms";
    let values = [
        Value::Integer(viewer.0),
        text(&entry.catalog_id),
        text(&entry.episode_id),
        integer(entry.position_ms),
        Value::Integer(entry.played.into()),
        integer(entry.updated_at_ms),
    ];
    query(platform, sql, &values).await?;
    keep(platform, viewer).await
}

/// Moves a row of the history to the title that its episode is in now; whether it did: a row that this
/// title has already stays, and the other one goes.
pub(crate) async fn move_entry<P: Platform>(
    platform: &P,
    viewer: Viewer,
    from: &str,
    entry: &HistoryRow,
) -> Result<bool, Error> {
    let sql = "UPDATE OR IGNORE history SET catalog_id = ?3, episode_id = ?4 \
         WHERE client_id = ?1 AND catalog_id = ?2 RETURNING catalog_id";
    let to = [text(&entry.catalog_id), text(&entry.episode_id)];
    let values = [[Value::Integer(viewer.0), text(from)], to].concat();
    if !query(platform, sql, &values).await?.is_empty() {
        return Ok(true);
    }
    remove_title(platform, viewer, TitleList::History, from).await?;
    Ok(false)
}

/// The same for a row of the watchlist.
pub(crate) async fn move_watchlist_entry<P: Platform>(
    platform: &P,
    viewer: Viewer,
    from: &str,
    to: &str,
) -> Result<bool, Error> {
    let sql = "UPDATE OR IGNORE watchlist SET catalog_id = ?3 \
         WHERE client_id = ?1 AND catalog_id = ?2 RETURNING catalog_id";
    let values = [Value::Integer(viewer.0), text(from), text(to)];
    let is_moved = !query(platform, sql, &values).await?.is_empty();
    if !is_moved {
        remove_title(platform, viewer, TitleList::Watchlist, from).await?;
    }
    Ok(is_moved)
}

/// What a viewer watched, newest first.
pub(crate) async fn entries<P: Platform>(
    platform: &P,
    viewer: Viewer,
) -> Result<Vec<HistoryRow>, Error> {
    let sql = "SELECT catalog_id, episode_id, position_ms, played, updated_at_ms FROM history \
         WHERE client_id = ?1 ORDER BY updated_at_ms DESC, catalog_id LIMIT ?2";
    let values = [Value::Integer(viewer.0), Value::Integer(ITEM_COUNT_MAX)];
    let rows = query(platform, sql, &values).await?;
    Ok(rows.iter().filter_map(history_row).collect())
}

/// Where a viewer left an episode, if that is the one of its title that was watched last.
pub(crate) async fn position_ms<P: Platform>(
    platform: &P,
    viewer: Viewer,
    catalog_id: &str,
    episode_id: &str,
) -> Result<Option<u64>, Error> {
    let sql = "SELECT position_ms FROM history \
         WHERE client_id = ?1 AND catalog_id = ?2 AND episode_id = ?3";
    let values = [Value::Integer(viewer.0), text(catalog_id), text(episode_id)];
    let rows = query(platform, sql, &values).await?;
    Ok(rows.first().and_then(|row| unsigned_at(row, 0)))
}

/// Where the viewer of a token left an episode, if that is the one of its title that was watched last, and
/// when: one statement, because a page waits for it.
pub(crate) async fn left_at<P: Platform>(
    platform: &P,
    token: &str,
    catalog_id: &str,
    episode_id: &str,
) -> Result<Option<(u64, u64)>, Error> {
    let sql = "SELECT position_ms, updated_at_ms FROM history \
         JOIN clients ON clients.id = history.client_id \
         WHERE token_hash = ?1 AND catalog_id = ?2 AND episode_id = ?3";
    let token_hash = catalog::hash(token.as_bytes());
    let values = [text(&token_hash), text(catalog_id), text(episode_id)];
    let rows = query(platform, sql, &values).await?;
    let left = |row: &Row| Some((unsigned_at(row, 0)?, unsigned_at(row, 1)?));
    Ok(rows.first().and_then(left))
}

/// Puts a title on a viewer's list.
pub(crate) async fn put_watchlist_entry<P: Platform>(
    platform: &P,
    viewer: Viewer,
    catalog_id: &str,
) -> Result<u64, Error> {
    let now_ms = platform.clock().now_ms();
    let sql = "INSERT INTO watchlist (client_id, catalog_id, updated_at_ms) VALUES (?1, ?2, ?3) \
         ON CONFLICT (client_id, catalog_id) DO UPDATE SET updated_at_ms = excluded.updated_at_ms";
    let values = [Value::Integer(viewer.0), text(catalog_id), integer(now_ms)];
    query(platform, sql, &values).await?;
    keep(platform, viewer).await?;
    Ok(now_ms)
}

/// A viewer's list, newest first: titles and when they were put there.
pub(crate) async fn watchlist<P: Platform>(
    platform: &P,
    viewer: Viewer,
) -> Result<Vec<(String, u64)>, Error> {
    let sql = "SELECT catalog_id, updated_at_ms FROM watchlist \
         WHERE client_id = ?1 ORDER BY updated_at_ms DESC, catalog_id LIMIT ?2";
    let values = [Value::Integer(viewer.0), Value::Integer(ITEM_COUNT_MAX)];
    let rows = query(platform, sql, &values).await?;
    Ok(rows.iter().filter_map(|row| Some((text_at(row, 0)?, unsigned_at(row, 1)?))).collect())
}

/// Removes a title from a viewer's history or watchlist.
pub(crate) async fn remove_title<P: Platform>(
    platform: &P,
    viewer: Viewer,
    list: TitleList,
    catalog_id: &str,
) -> Result<(), Error> {
    let sql = match list {
        TitleList::History => "DELETE FROM history WHERE client_id = ?1 AND catalog_id = ?2",
        TitleList::Watchlist => "DELETE FROM watchlist WHERE client_id = ?1 AND catalog_id = ?2",
    };
    query(platform, sql, &[Value::Integer(viewer.0), text(catalog_id)]).await.map(drop)
}

/// Runs one statement on the tables of viewers.
fn query<'a, P: Platform>(
    platform: &'a P,
    statement: &'a str,
    values: &'a [Value],
) -> impl Future<Output = Result<Vec<Row>, Error>> + 'a {
    sql::query(platform, &TABLES, &platform.instance().has_tables, statement, values)
}

fn history_row(row: &Row) -> Option<HistoryRow> {
    Some(HistoryRow {
        catalog_id: text_at(row, 0)?,
        episode_id: text_at(row, 1)?,
        position_ms: unsigned_at(row, 2)?,
        played: integer_at(row, 3)? != 0,
        updated_at_ms: unsigned_at(row, 4)?,
    })
}
