//! The ledger of startup blocks in this location's store: which there are, how many bytes they have,
//! and when their film was last used.
//!
//! A row is written before its block and deleted after it: whatever fails in between, the ledger knows
//! every block.

use std::collections::BTreeSet;

use super::with_store_timeout;
use crate::{
    error::Error,
    platform::{Clock, KeyValue, Platform, Row, Settings, Value},
    rules::blocks,
    sql::{self, integer, integer_at, text, unsigned_at},
};

/// At most 24 rows a film, and one for each megabyte of its start index.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS blocks (\
     source_id TEXT NOT NULL, block INTEGER NOT NULL, bytes INTEGER NOT NULL, \
     used_at_ms INTEGER NOT NULL, PRIMARY KEY (source_id, block)) WITHOUT ROWID";
/// Bytes of all blocks where the setting `startup_bytes_max` is absent: half of what Akamai gives to
/// all values of an application.
const BYTES_MAX: i64 = 1024 * 1024 * 1024;
/// Blocks evicted for each new one: more than one, so that a lowered limit is reached.
const EVICTED_COUNT: i64 = 4;
/// How often the use of a film is recorded.
const USE_INTERVAL_MS: u64 = 60_000;
/// Rows of one statement.
const ROW_COUNT_MAX: i64 = 256;

/// Records a block that is about to be stored, and evicts others where the limit is exceeded.
pub(crate) async fn record_block<P: Platform>(
    platform: &P,
    source_id: &str,
    block: u64,
    size_bytes: usize,
) -> Result<(), Error> {
    let sql = "INSERT INTO blocks (source_id, block, bytes, used_at_ms) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (source_id, block) DO UPDATE SET used_at_ms = excluded.used_at_ms";
    let now_ms = integer(platform.clock().now_ms());
    let values = [text(source_id), integer(block), integer(size_bytes as u64), now_ms];
    query(platform, sql, &values).await?;
    let limit = platform.settings().get("startup_bytes_max").await?;
    let limit = limit.and_then(|limit| limit.parse().ok()).unwrap_or(BYTES_MAX);
    let rows = query(platform, "SELECT SUM(bytes) FROM blocks", &[]).await?;
    let sum = rows.first().and_then(|row| integer_at(row, 0)).unwrap_or(0);
    if sum <= limit {
        return Ok(());
    }
    let sql = "SELECT source_id, block FROM blocks WHERE source_id <> ?1 \
         ORDER BY used_at_ms, source_id, block LIMIT ?2";
    let oldest = [text(source_id), Value::Integer(EVICTED_COUNT)];
    remove_rows(platform, query(platform, sql, &oldest).await?).await
}

/// Records that a film is used. A store that fails is reported, and stops nothing.
pub(crate) async fn record_use<P: Platform>(platform: &P, source_id: &str) {
    if let Err(error) = with_store_timeout(platform, write_use(platform, source_id)).await {
        error.report(platform, "the use of a film was not recorded");
    }
}

async fn write_use<P: Platform>(platform: &P, source_id: &str) -> Result<(), Error> {
    let now_ms = platform.clock().now_ms();
    if platform.instance().media.is_use_due(source_id, now_ms, USE_INTERVAL_MS) {
        let sql = "UPDATE blocks SET used_at_ms = ?1 WHERE source_id = ?2";
        query(platform, sql, &[integer(now_ms), text(source_id)]).await?;
    }
    Ok(())
}

/// The startup blocks of a film in this location's store.
pub(crate) async fn blocks<P: Platform>(
    platform: &P,
    source_id: &str,
) -> Result<BTreeSet<u64>, Error> {
    let sql = "SELECT block FROM blocks WHERE source_id = ?1 AND block < ?2 LIMIT ?3";
    let values =
        [text(source_id), integer(blocks::START_INDEX_BLOCK), Value::Integer(ROW_COUNT_MAX)];
    let rows = query(platform, sql, &values).await?;
    Ok(rows.iter().filter_map(|row| unsigned_at(row, 0)).collect())
}

/// When a film was last used at this location; none where the store has no block of it.
pub(crate) async fn used_at_ms<P: Platform>(
    platform: &P,
    source_id: &str,
) -> Result<Option<u64>, Error> {
    let sql = "SELECT MAX(used_at_ms) FROM blocks WHERE source_id = ?1";
    let rows = query(platform, sql, &[text(source_id)]).await?;
    Ok(rows.first().and_then(|row| unsigned_at(row, 0)))
}

/// Removes every block of a film from this location.
pub(crate) async fn remove_film<P: Platform>(platform: &P, source_id: &str) -> Result<(), Error> {
    let sql = "SELECT source_id, block FROM blocks WHERE source_id = ?1 LIMIT ?2";
    let values = [text(source_id), Value::Integer(ROW_COUNT_MAX)];
    remove_rows(platform, query(platform, sql, &values).await?).await
}

/// Removes every block of every film from this location.
pub(crate) async fn remove_all<P: Platform>(platform: &P) -> Result<(), Error> {
    loop {
        let sql = "SELECT source_id, block FROM blocks LIMIT ?1";
        let rows = query(platform, sql, &[Value::Integer(ROW_COUNT_MAX)]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        remove_rows(platform, rows).await?;
    }
}

async fn remove_rows<P: Platform>(platform: &P, rows: Vec<Row>) -> Result<(), Error> {
    for row in rows {
        let (Some(Value::Text(source_id)), Some(block)) = (row.first(), integer_at(&row, 1)) else {
            continue;
        };
        let key = blocks::key(source_id, u64::try_from(block).unwrap_or_default());
        platform.key_value().delete(&key).await?;
        let sql = "DELETE FROM blocks WHERE source_id = ?1 AND block = ?2";
        query(platform, sql, &[text(source_id), Value::Integer(block)]).await?;
    }
    Ok(())
}

/// Runs one statement on the ledger.
fn query<'a, P: Platform>(
    platform: &'a P,
    statement: &'a str,
    values: &'a [Value],
) -> impl Future<Output = Result<Vec<Row>, Error>> + 'a {
    sql::query(platform, &[TABLE], &platform.instance().media.has_table, statement, values)
}
