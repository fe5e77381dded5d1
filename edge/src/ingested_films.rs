//! Which files of providers were ingested, by their names there: an entry for the deployer, which no
//! playback needs.

use api::IngestedName;

use crate::{
    error::Error,
    platform::{Platform, with_timeout},
    sql::{self, integer, text, text_at, unsigned_at},
};

const TABLES: [&str; 1] = ["CREATE TABLE IF NOT EXISTS ingested_films (\
     provider TEXT NOT NULL, file TEXT NOT NULL, source_id TEXT NOT NULL, \
     size_bytes INTEGER NOT NULL, PRIMARY KEY (provider, file)) WITHOUT ROWID"];
/// Ten times what the database takes.
const WRITE_MS_MAX: u64 = 3_000;
/// Films in one answer.
const PAGE_COUNT_MAX: u64 = 500;

/// Does a write without which films play all the same, and reports to the operator where it fails.
pub(crate) async fn try_briefly<P: Platform>(
    platform: &P,
    write: impl Future<Output = Result<(), Error>>,
) {
    match with_timeout(platform.clock(), WRITE_MS_MAX, write).await {
        Some(Ok(())) => {}
        Some(Err(error)) => error.report(platform, "an entry of ingested films was not written"),
        None => platform.report("an entry of ingested films was not written within 3 s"),
    }
}

/// Notes that a file was ingested, in place of what was noted of it before.
pub(crate) async fn note<P: Platform>(
    platform: &P,
    provider: &str,
    film: &IngestedName,
) -> Result<(), Error> {
    let sql = "INSERT INTO ingested_films (provider, file, source_id, size_bytes) \
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (provider, file) DO UPDATE SET \
         source_id = excluded.source_id, size_bytes = excluded.size_bytes";
    let values = [text(provider), text(&film.file), text(&film.id), integer(film.size_bytes)];
    let exist = &platform.instance().has_ingested_films;
    sql::query(platform, &TABLES, exist, sql, &values).await.map(drop)
}

/// Forgets the files of a source.
pub(crate) async fn forget<P: Platform>(platform: &P, source_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM ingested_films WHERE source_id = ?1";
    let exist = &platform.instance().has_ingested_films;
    sql::query(platform, &TABLES, exist, sql, &[text(source_id)]).await.map(drop)
}

/// Films of a provider whose names come after `after`, in order.
pub(crate) async fn list<P: Platform>(
    platform: &P,
    provider: &str,
    after: &str,
) -> Result<Vec<IngestedName>, Error> {
    let sql = "SELECT file, source_id, size_bytes FROM ingested_films \
         WHERE provider = ?1 AND file > ?2 ORDER BY file LIMIT ?3";
    let values = [text(provider), text(after), integer(PAGE_COUNT_MAX)];
    let exist = &platform.instance().has_ingested_films;
    let rows = sql::query(platform, &TABLES, exist, sql, &values).await?;
    let film = |row: &crate::platform::Row| {
        let (file, id) = (text_at(row, 0)?, text_at(row, 1)?);
        Some(IngestedName { file, id, size_bytes: unsigned_at(row, 2)? })
    };
    Ok(rows.iter().filter_map(film).collect())
}
