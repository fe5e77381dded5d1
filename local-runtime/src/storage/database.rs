//! `database.sqlite`: the guest's own SQL, in a file where it can reach nothing of ours.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rusqlite::{Connection, limits::Limit, params_from_iter, types};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Error, Result, blocking};

/// Connections that guests hold at once; who wants one more waits. There is one writer at a time,
/// and half of the threads that wait for the disk are left to the films.
const SESSIONS_MAX: usize = 16;
/// How long one waits for a connection.
const SESSION_TIME: Duration = Duration::from_secs(5);
/// Connections kept open between uses.
const IDLE_MAX: usize = 8;
/// Bytes of one answer: an eighth of the guest's memory.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Bytes of one statement and of one value, as D1 has them (100 KB and 2 MB), rounded up.
const STATEMENT_BYTES_MAX: i32 = 1 << 17;
const VALUE_BYTES_MAX: i32 = 2 << 20;
/// How long one statement may run.
const STATEMENT_TIME: Duration = Duration::from_secs(5);
/// Steps of the virtual machine between two looks at the clock: about a tenth of a millisecond.
const STEPS: i32 = 10_000;

/// One value of a parameter or a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// What a statement gave back.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The guest's database.
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    sessions: Arc<Semaphore>,
}

/// One guest's connection; what it left open is rolled back when it goes.
pub(crate) struct Session {
    database: Arc<Database>,
    connection: Option<Connection>,
    _place: OwnedSemaphorePermit,
}

impl Database {
    /// The database at `path`, made at its first use.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), sessions: Arc::new(Semaphore::new(SESSIONS_MAX)) }
    }

    /// A connection to it, once there is one to spare.
    pub(crate) async fn session(self: &Arc<Self>) -> Result<Session> {
        let place = timeout(SESSION_TIME, Arc::clone(&self.sessions).acquire_owned()).await;
        let place = place
            .map_err(|_| Error::Conflict("too many connections to the database are open"))?
            .map_err(|_| Error::Stopped)?;
        let database = Arc::clone(self);
        blocking(move || {
            let kept = database.idle.lock().map_err(|_| Error::Stopped)?.pop();
            let connection = kept.map_or_else(|| database.connect(), Ok)?;
            Ok(Session { database, connection: Some(connection), _place: place })
        })
        .await
    }

    fn connect(&self) -> Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(STATEMENT_TIME)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // No ATTACH, and so no VACUUM INTO: the guest names no file.
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES_MAX)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        Ok(connection)
    }
}

impl Session {
    /// Runs one statement.
    pub(crate) fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<Answer> {
        let connection = self.connection.as_mut().ok_or(Error::Stopped)?;
        let begun = Instant::now();
        connection.progress_handler(STEPS, Some(move || begun.elapsed() > STATEMENT_TIME))?;
        let mut prepared = connection.prepare_cached(statement)?;
        let columns = prepared.column_names().map(str::to_owned).collect::<Vec<_>>();
        let mut answer = Answer { columns, rows: Vec::new() };
        let mut bytes = 0;
        let mut rows = prepared.query(params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(answer.columns.len());
            for column in 0..answer.columns.len() {
                let value = Value::from(row.get_ref(column)?);
                bytes += value.bytes();
                values.push(value);
            }
            if bytes > ANSWER_BYTES_MAX {
                return Err(Error::TooLarge("an answer of the database has at most 16 MiB"));
            }
            answer.rows.push(values);
        }
        Ok(answer)
    }

    /// The row that was inserted last.
    pub(crate) fn last_insert_rowid(&self) -> i64 {
        self.connection.as_ref().map_or(0, Connection::last_insert_rowid)
    }

    /// Rows that the last statement changed.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.as_ref().map_or(0, Connection::changes)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let clean = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if let Ok(mut idle) = self.database.idle.lock()
            && clean
            && idle.len() < IDLE_MAX
        {
            idle.push(connection);
        }
    }
}

impl Value {
    fn bytes(&self) -> usize {
        let beside = match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        };
        beside + size_of::<Self>()
    }
}

impl From<types::ValueRef<'_>> for Value {
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

impl rusqlite::ToSql for Value {
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

    fn database() -> (tempfile::TempDir, Arc<Database>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::new(folder.path().join("database.sqlite")));
        (folder, database)
    }

    #[tokio::test]
    async fn values_come_back_as_they_went_in() {
        let (_folder, database) = database();
        let mut session = database.session().await.unwrap();
        session.execute("CREATE TABLE t (a, b, c, d, e)", &[]).unwrap();
        let row = vec![
            Value::Null,
            Value::Integer(-7),
            Value::Real(0.5),
            Value::Text("é".into()),
            Value::Blob(vec![0, 255]),
        ];
        session.execute("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", &row).unwrap();
        assert_eq!((session.last_insert_rowid(), session.changes()), (1, 1));
        let answer = session.execute("SELECT * FROM t", &[]).unwrap();
        assert_eq!(answer.columns, ["a", "b", "c", "d", "e"]);
        assert_eq!(answer.rows, [row]);
    }

    #[tokio::test]
    async fn a_guest_names_no_other_file() {
        let (folder, database) = database();
        let mut session = database.session().await.unwrap();
        let other = folder.path().join("other.sqlite");
        for verb in ["ATTACH", "VACUUM INTO"] {
            let end = if verb == "ATTACH" { " AS o" } else { "" };
            let statement = format!("{verb} '{}'{end}", other.display());
            assert!(session.execute(&statement, &[]).is_err(), "{statement}");
        }
        assert!(!other.exists());
    }

    #[tokio::test]
    async fn what_a_session_left_open_is_rolled_back() {
        let (_folder, database) = database();
        let mut session = database.session().await.unwrap();
        session.execute("CREATE TABLE t (a)", &[]).unwrap();
        session.execute("BEGIN", &[]).unwrap();
        session.execute("INSERT INTO t VALUES (1)", &[]).unwrap();
        drop(session);
        let answer = database.session().await.unwrap().execute("SELECT * FROM t", &[]).unwrap();
        assert!(answer.rows.is_empty());
    }

    #[tokio::test]
    async fn answers_statements_and_sessions_have_their_caps() {
        let (_folder, database) = database();
        let mut session = database.session().await.unwrap();
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) \
                    SELECT zeroblob(100000) FROM n";
        assert!(matches!(session.execute(many, &[]), Err(Error::TooLarge(_))));
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT count(*) FROM n";
        assert!(session.execute(endless, &[]).is_err());
        let sessions = (1..SESSIONS_MAX).map(|_| database.session());
        let held = futures::future::try_join_all(sessions).await.unwrap();
        let one_more = tokio::spawn(async move { database.session().await.map(drop) });
        // It has its turn to ask before the others end.
        tokio::task::yield_now().await;
        assert!(!one_more.is_finished());
        drop(held);
        one_more.await.unwrap().unwrap();
    }
}
