//! `database.sqlite`: the guest's SQL database, a file from which it can reach no other file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, limits::Limit, params_from_iter, types};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    Error, Result, run_blocking,
    sqlite::{self, ConnectionPool},
};

/// Connections that guests hold at once; the next one waits. `SQLite` has one writer at a time, and
/// half of the threads that may block are left to reads of films.
const CONNECTIONS_MAX: usize = 16;
/// How long a guest waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of one result: an eighth of the guest's memory.
const RESULT_BYTES_MAX: usize = 16 << 20;
/// Bytes of one statement: D1's cap (100 KB), rounded up.
const STATEMENT_BYTES_MAX: i32 = 1 << 17;
/// Bytes of one value: D1's cap (2 MB).
const VALUE_BYTES_MAX: i32 = 2 << 20;
/// How long one statement may run, or wait for another writer.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// Steps of `SQLite`'s virtual machine between two looks at the clock: about 0.1 ms.
const STEPS_PER_CHECK: i32 = 10_000;

/// One value of a parameter or a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// The rows that a statement returned.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<SqlValue>>,
}

/// The guest's database.
pub(crate) struct GuestDatabase {
    pool: ConnectionPool,
    permits: Arc<Semaphore>,
}

/// A connection that one guest holds. Dropping it rolls an open transaction back.
pub(crate) struct GuestConnection {
    database: Arc<GuestDatabase>,
    /// `None` only while it is dropped.
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl GuestDatabase {
    /// The database in the file at `path`, which its first connection creates.
    pub(crate) fn new(path: PathBuf) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { pool: ConnectionPool::new(path, open_connection), permits }
    }

    /// Makes the file whole without its write-ahead log.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        self.pool.checkpoint()
    }

    /// A connection; waits until fewer than [`CONNECTIONS_MAX`] are held.
    pub(crate) async fn connect(self: &Arc<Self>) -> Result<GuestConnection> {
        let permit = timeout(CONNECT_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit
            .map_err(|_| Error::Conflict("too many connections to the database are open"))?
            .map_err(|_| Error::TaskFailed)?;
        let database = Arc::clone(self);
        run_blocking(move || {
            let connection = Some(database.pool.take()?);
            Ok(GuestConnection { database, connection, _permit: permit })
        })
        .await
    }
}

fn open_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = sqlite::open_wal(path, STATEMENT_TIMEOUT)?;
    // Without ATTACH there is no VACUUM INTO either: the guest can name no file.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    Ok(connection)
}

impl GuestConnection {
    /// Runs one statement.
    pub(crate) fn execute(
        &mut self,
        statement: &str,
        parameters: &[SqlValue],
    ) -> Result<ResultSet> {
        let connection = self.connection.as_mut().ok_or(Error::TaskFailed)?;
        let started = Instant::now();
        let is_late = move || started.elapsed() > STATEMENT_TIMEOUT;
        connection.progress_handler(STEPS_PER_CHECK, Some(is_late))?;
        let mut prepared = connection.prepare_cached(statement)?;
        let columns = prepared.column_names().map(str::to_owned).collect::<Vec<_>>();
        let mut result = ResultSet { columns, rows: Vec::new() };
        let mut bytes = 0;
        let mut rows = prepared.query(params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(result.columns.len());
            for column in 0..result.columns.len() {
                let value = SqlValue::from(row.get_ref(column)?);
                bytes += value.bytes();
                values.push(value);
            }
            if bytes > RESULT_BYTES_MAX {
                return Err(Error::TooLarge("a result of the database has at most 16 MiB"));
            }
            result.rows.push(values);
        }
        Ok(result)
    }

    /// The id of the row that was inserted last.
    pub(crate) fn last_insert_rowid(&self) -> i64 {
        self.connection.as_ref().map_or(0, Connection::last_insert_rowid)
    }

    /// How many rows the last statement changed.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.as_ref().map_or(0, Connection::changes)
    }
}

impl Drop for GuestConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let is_reusable =
            connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if is_reusable {
            self.database.pool.put_back(connection);
        }
    }
}

impl SqlValue {
    /// Bytes that the value takes in memory.
    fn bytes(&self) -> usize {
        let on_heap = match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        };
        on_heap + size_of::<Self>()
    }
}

impl From<types::ValueRef<'_>> for SqlValue {
    fn from(value: types::ValueRef<'_>) -> Self {
        match value {
            types::ValueRef::Null => Self::Null,
            types::ValueRef::Integer(integer) => Self::Integer(integer),
            types::ValueRef::Real(real) => Self::Real(real),
            types::ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            types::ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl rusqlite::ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(match self {
            Self::Null => types::ValueRef::Null,
            Self::Integer(integer) => types::ValueRef::Integer(*integer),
            Self::Real(real) => types::ValueRef::Real(*real),
            Self::Text(text) => types::ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => types::ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, Arc<GuestDatabase>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(GuestDatabase::new(folder.path().join("database.sqlite")));
        (folder, database)
    }

    #[tokio::test]
    async fn values_are_read_as_they_were_written() {
        let (_folder, database) = database();
        let mut connection = database.connect().await.unwrap();
        connection.execute("CREATE TABLE t (a, b, c, d, e)", &[]).unwrap();
        let row = vec![
            SqlValue::Null,
            SqlValue::Integer(-7),
            SqlValue::Real(0.5),
            SqlValue::Text("é".into()),
            SqlValue::Blob(vec![0, 255]),
        ];
        connection.execute("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", &row).unwrap();
        assert_eq!((connection.last_insert_rowid(), connection.changes()), (1, 1));
        let result = connection.execute("SELECT * FROM t", &[]).unwrap();
        assert_eq!(result.columns, ["a", "b", "c", "d", "e"]);
        assert_eq!(result.rows, [row]);
    }

    #[tokio::test]
    async fn guest_can_name_no_other_file() {
        let (folder, database) = database();
        let mut connection = database.connect().await.unwrap();
        let other = folder.path().join("other.sqlite");
        for verb in ["ATTACH", "VACUUM INTO"] {
            let end = if verb == "ATTACH" { " AS o" } else { "" };
            let statement = format!("{verb} '{}'{end}", other.display());
            assert!(connection.execute(&statement, &[]).is_err(), "{statement}");
        }
        assert!(!other.exists());
    }

    #[tokio::test]
    async fn transaction_that_is_open_when_the_connection_drops_is_rolled_back() {
        let (_folder, database) = database();
        let mut connection = database.connect().await.unwrap();
        connection.execute("CREATE TABLE t (a)", &[]).unwrap();
        connection.execute("BEGIN", &[]).unwrap();
        connection.execute("INSERT INTO t VALUES (1)", &[]).unwrap();
        drop(connection);
        let mut connection = database.connect().await.unwrap();
        assert!(connection.execute("SELECT * FROM t", &[]).unwrap().rows.is_empty());
    }

    #[tokio::test]
    async fn results_statements_and_connections_have_their_caps() {
        let (_folder, database) = database();
        let mut connection = database.connect().await.unwrap();
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) \
                    SELECT zeroblob(100000) FROM n";
        assert!(matches!(connection.execute(many, &[]), Err(Error::TooLarge(_))));
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT count(*) FROM n";
        assert!(connection.execute(endless, &[]).is_err());
        let connections = (1..CONNECTIONS_MAX).map(|_| database.connect());
        let held = futures::future::try_join_all(connections).await.unwrap();
        let one_more = tokio::spawn(async move { database.connect().await.map(drop) });
        // The task runs until it waits, before the held connections are dropped.
        tokio::task::yield_now().await;
        assert!(!one_more.is_finished());
        drop(held);
        one_more.await.unwrap().unwrap();
    }
}
