//! `firstframe.sqlite`: key-value pairs, the objects that exist, and uploads under way.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Error, Result};

/// Each step brings the schema from its position to the next; `user_version` counts those done.
const MIGRATIONS: [&str; 1] = ["
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
"];

/// Connections kept open between uses; more than that are opened in a rush and closed after it.
const IDLE_MAX: usize = 8;
/// Writers wait for each other; none of ours holds the lock longer than one fsync of a small row.
const BUSY: Duration = Duration::from_secs(10);

/// The index, shared by everything that stores.
pub(crate) struct Index {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Index {
    /// Opens the index at `path`, made or brought up to date as needed.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let mut connection = connect(&path)?;
        migrate(&mut connection)?;
        Ok(Self { path, idle: Mutex::new(vec![connection]) })
    }

    /// Reads, or writes in one statement.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let kept = self.idle.lock().map_err(|_| Error::Stopped)?.pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = work(&mut connection);
        let mut idle = self.idle.lock().map_err(|_| Error::Stopped)?;
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        drop(idle);
        Ok(result?)
    }

    /// Writes several rows, all or none.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.with(|connection| {
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was acknowledged must be there after the power went, so each commit is fsynced.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if done > MIGRATIONS.len() {
        return Err(Error::Conflict("firstframe.sqlite is of a newer Firstframe than this one"));
    }
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_twice_migrates_once_and_a_newer_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firstframe.sqlite");
        Index::open(path.clone()).unwrap();
        let index = Index::open(path.clone()).unwrap();
        index.with(|connection| connection.pragma_update(None, "user_version", 99)).unwrap();
        assert!(matches!(Index::open(path), Err(Error::Conflict(_))));
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path().join("firstframe.sqlite")).unwrap();
        let failed = index.write(|transaction| {
            transaction.execute("INSERT INTO key_value VALUES ('s', 'k', x'00')", [])?;
            transaction.execute("INSERT INTO nowhere VALUES (1)", [])
        });
        assert!(failed.is_err());
        let count: i64 = index
            .with(|connection| {
                connection.query_row("SELECT count(*) FROM key_value", [], |row| row.get(0))
            })
            .unwrap();
        assert_eq!(count, 0);
    }
}
