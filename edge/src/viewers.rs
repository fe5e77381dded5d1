//! Viewers, their history and their watchlists: the tables, and every statement on them.

use crate::{
    error::Error,
    http::Headers,
    platform::{Clock, Platform, Random, Row, Value},
    sql::{self, integer, integer_at, text, text_at, unsigned_at},
};

/// What every platform's SQLite can do. A viewer has at most one row a title, and titles are the
/// catalog's, so that the catalog bounds what one viewer can store.
const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS clients (\
     id INTEGER PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, created_at_ms INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS history (\
     client_id INTEGER NOT NULL, catalog_id TEXT NOT NULL, episode_id TEXT NOT NULL, \
     position_ms INTEGER NOT NULL, played INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (client_id, catalog_id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS watchlist (\
     client_id INTEGER NOT NULL, catalog_id TEXT NOT NULL, updated_at_ms INTEGER NOT NULL, \
     PRIMARY KEY (client_id, catalog_id)) WITHOUT ROWID",
];

/// A viewer without history or watchlist is deleted after this time.
const IDLE_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Idle viewers deleted for each new one: more than one, so that a flood of them ends.
const DELETED_COUNT: i64 = 8;
/// Bytes of a token: 192 bits, which nobody guesses.
const TOKEN_BYTES: usize = 24;
/// Items in one answer: what a person scrolls through.
const ITEM_COUNT_MAX: i64 = 100;

/// A viewer that this deployment knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Viewer(pub(crate) i64);

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
    let sql = "SELECT id FROM clients WHERE token_hash = ?1";
    let rows = query(platform, sql, &[text(&catalog::hash(token.as_bytes()))]).await?;
    Ok(rows.first().and_then(|row| integer_at(row, 0)).map(Viewer))
}

/// The same for routes that require one.
pub(crate) async fn known_viewer<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Viewer, Error> {
    viewer(platform, headers).await?.ok_or(Error::ClientTokenRequired)
}

/// A new viewer and the token, of which only a hash is stored.
pub(crate) async fn new_viewer<P: Platform>(platform: &P) -> Result<(Viewer, String), Error> {
    let mut bytes = [0; TOKEN_BYTES];
    platform.random().fill(&mut bytes)?;
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let token: String = digits.flatten().collect();
    let now_ms = platform.clock().now_ms();
    let forget = "DELETE FROM clients WHERE id IN (SELECT id FROM clients \
         WHERE created_at_ms < ?1 \
         AND NOT EXISTS (SELECT 1 FROM history WHERE client_id = clients.id) \
         AND NOT EXISTS (SELECT 1 FROM watchlist WHERE client_id = clients.id) \
         ORDER BY id LIMIT ?2)";
    let idle_since = integer(now_ms.saturating_sub(IDLE_MS_MAX));
    query(platform, forget, &[idle_since, Value::Integer(DELETED_COUNT)]).await?;
    let insert = "INSERT INTO clients (token_hash, created_at_ms) VALUES (?1, ?2) RETURNING id";
    let values = [text(&catalog::hash(token.as_bytes())), integer(now_ms)];
    let rows = query(platform, insert, &values).await?;
    let id = rows.first().and_then(|row| integer_at(row, 0));
    let id = id.ok_or_else(|| {
        Error::StorageUnavailable("the database returned no id for a new viewer".to_owned())
    })?;
    Ok((Viewer(id), token))
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
    query(platform, sql, &values).await.map(drop)
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
