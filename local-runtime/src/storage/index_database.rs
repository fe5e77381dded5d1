//! `firstframe.sqlite`: key-value pairs, the objects that exist, and multipart uploads.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, Params, Row, Transaction, TransactionBehavior};

use super::{
    Error, Result,
    sqlite::{self, ConnectionPool},
};

/// Each entry migrates the schema by one version; `user_version` counts the migrations done.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE key_value (
        store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key)
    );
    CREATE TABLE objects (
        key TEXT PRIMARY KEY, blob TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
        blob_mtime_ns INTEGER NOT NULL, etag TEXT NOT NULL, content_type TEXT,
        modified_ms INTEGER NOT NULL
    );
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY, key TEXT NOT NULL, content_type TEXT, created_ms INTEGER NOT NULL
    );
    CREATE TABLE parts (
        upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        blob TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL, PRIMARY KEY (upload, number)
    );
    ",
    // An `ETag` of 32 hexadecimal digits is an MD5 for clients of S3; those so far were not.
    "
    ALTER TABLE objects ADD COLUMN metadata TEXT;
    ALTER TABLE uploads ADD COLUMN metadata TEXT;
    UPDATE objects SET etag = etag || '-0' WHERE etag NOT LIKE '%-%';
    UPDATE parts SET etag = etag || '-0' WHERE etag NOT LIKE '%-%';
    ",
    "
    CREATE TABLE unused_media (id TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
    ",
];

/// How long a writer waits for another one: none holds the lock longer than one fsync of a small
/// row takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database of everything in the data folder that is not a file.
pub(crate) struct IndexDatabase {
    pool: ConnectionPool,
}

impl IndexDatabase {
    /// Opens the database at `path`: creates it when absent, migrates it when it is older.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let pool = ConnectionPool::new(path, open_connection);
        let mut connection = pool.take()?;
        migrate(&mut connection)?;
        pool.put_back(connection);
        Ok(Self { pool })
    }

    /// Makes the file whole without its write-ahead log.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        self.pool.checkpoint()
    }

    /// Runs one statement; returns how many rows changed.
    pub(super) fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize> {
        self.with_connection(|connection| connection.prepare_cached(sql)?.execute(parameters))
    }

    /// The first row of a query, if it has one.
    pub(super) fn query_first<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.with_connection(|connection| {
            connection.prepare_cached(sql)?.query_row(parameters, read).optional()
        })
    }

    /// Every row of a query.
    pub(super) fn query_all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.with_connection(|connection| {
            connection.prepare_cached(sql)?.query_map(parameters, read)?.collect()
        })
    }

    /// Runs several statements in one transaction, which an error rolls back.
    pub(super) fn transaction<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.with_connection(|connection| {
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut connection = self.pool.take()?;
        let result = work(&mut connection);
        self.pool.put_back(connection);
        Ok(result?)
    }
}

fn open_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = sqlite::open_wal(path, BUSY_TIMEOUT)?;
    // An acknowledged write must survive a power cut, so every commit is fsynced.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if done > MIGRATIONS.len() {
        return Err(Error::Conflict(
            "firstframe.sqlite was written by a newer firstframe; run that version or a later one",
        ));
    }
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firstframe.sqlite");
        (folder, path)
    }

    #[test]
    fn opening_twice_migrates_once_and_a_newer_file_is_refused() {
        let (_folder, path) = database_file();
        IndexDatabase::open(path.clone()).unwrap();
        let database = IndexDatabase::open(path.clone()).unwrap();
        database
            .with_connection(|connection| connection.pragma_update(None, "user_version", 99))
            .unwrap();
        assert!(matches!(IndexDatabase::open(path), Err(Error::Conflict(_))));
    }

    #[test]
    fn etags_of_the_first_version_no_longer_look_like_an_md5() {
        let (_folder, path) = database_file();
        let mut connection = open_connection(&path).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO objects VALUES (?1, ?1, 1, 1, ?2, NULL, 1)";
        for etag in ["00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff-3"] {
            connection.execute(insert, [etag, etag]).unwrap();
        }
        migrate(&mut connection).unwrap();
        let database = IndexDatabase::open(path).unwrap();
        let select = "SELECT etag, metadata FROM objects ORDER BY etag";
        let rows = database.query_all(select, [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
        });
        let digits = "00112233445566778899aabbccddeeff";
        let expected = [(format!("{digits}-0"), None), (format!("{digits}-3"), None)];
        assert_eq!(rows.unwrap(), expected);
    }

    #[test]
    fn transaction_that_fails_writes_nothing() {
        let (_folder, path) = database_file();
        let database = IndexDatabase::open(path).unwrap();
        let failed = database.transaction(|transaction| {
            transaction.execute("INSERT INTO key_value VALUES ('s', 'k', x'00')", [])?;
            transaction.execute("INSERT INTO absent VALUES (1)", [])
        });
        assert!(failed.is_err());
        let count = "SELECT count(*) FROM key_value";
        let count: Option<i64> = database.query_first(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, Some(0));
    }
}
