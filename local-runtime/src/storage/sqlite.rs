//! A pool of connections to one `SQLite` file.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use rusqlite::Connection;

use super::{Error, Result};

/// Idle connections that a pool keeps; the pool closes any more than that when they come back.
const IDLE_MAX: usize = 8;

/// Opens and configures a connection to the file at a path.
type Open = fn(&Path) -> rusqlite::Result<Connection>;

/// Connections to one file, which are reused.
pub(super) struct ConnectionPool {
    path: PathBuf,
    open: Open,
    idle: Mutex<Vec<Connection>>,
}

impl ConnectionPool {
    /// A pool of connections to the file at `path`. Nothing is opened yet.
    pub(super) fn new(path: PathBuf, open: Open) -> Self {
        Self { path, open, idle: Mutex::default() }
    }

    /// An idle connection, or a new one.
    pub(super) fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().map_err(|_| Error::TaskFailed)?.pop();
        Ok(idle.map_or_else(|| (self.open)(&self.path), Ok)?)
    }

    /// Copies the write-ahead log into the database file, and empties the log: the file alone is
    /// then whole. An error where a reader or a writer holds the log until the timeout.
    pub(super) fn checkpoint(&self) -> Result<()> {
        // Not an idle connection: a guest's one is interrupted at the time of its last statement.
        let connection = (self.open)(&self.path)?;
        let pragma = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = connection.query_row(pragma, [], |row| row.get(0))?;
        if is_busy { Err(Error::Conflict("the database is in use")) } else { Ok(()) }
    }

    /// Gives a connection back, to be reused.
    pub(super) fn put_back(&self, connection: Connection) {
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < IDLE_MAX
        {
            idle.push(connection);
        }
    }
}

/// Opens the file at `path`, made when absent: in WAL mode, with foreign keys, waiting for another
/// writer for at most `busy_timeout`.
pub(super) fn open_wal(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}
