//! `spin:sqlite`, on the guest's own file.

use std::sync::{Arc, Mutex};

use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::{
    bindings::spin::sqlite::sqlite::{
        Error, Host as Sqlite, HostConnection, HostConnectionWithStore, QueryResult, RowResult,
        Value,
    },
    state::{Host, Ports},
};
use crate::storage::{self, Answer, Database, Session, blocking};

/// The one database.
const NAME: &str = "default";

/// An open connection; statements on one connection run one after the other.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(Arc<Mutex<Session>>);

impl Sqlite for &mut Host {}

/// Rows with their columns, as a stream, and how it ended.
type Streamed = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

async fn open(name: String, database: Arc<Database>) -> Result<Connection, Error> {
    if name != NAME {
        return Err(Error::NoSuchDatabase);
    }
    Ok(Connection(Arc::new(Mutex::new(database.session().await?))))
}

async fn execute(
    session: Arc<Mutex<Session>>,
    statement: String,
    parameters: Vec<Value>,
) -> Result<Answer, Error> {
    let parameters: Vec<_> = parameters.into_iter().map(storage::Value::from).collect();
    let done = blocking(move || {
        let mut session = session.lock().map_err(|_| storage::Error::Stopped)?;
        session.execute(&statement, &parameters)
    });
    Ok(done.await?)
}

/// What `read` says of the connection, once the statement that runs on it is through.
async fn ask<T: Send + 'static>(
    session: Arc<Mutex<Session>>,
    read: impl FnOnce(&Session) -> T + Send + 'static,
) -> wasmtime::Result<T> {
    let asked = blocking(move || {
        let session = session.lock().map_err(|_| storage::Error::Stopped)?;
        Ok(read(&session))
    });
    Ok(asked.await?)
}

impl Host {
    fn session(&self, connection: &Resource<Connection>) -> wasmtime::Result<Arc<Mutex<Session>>> {
        Ok(Arc::clone(&self.table.get(connection)?.0))
    }
}

/// The functions that a guest calls and waits for.
impl HostConnection for &mut Host {
    async fn open(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match open(name, Arc::clone(&self.shared.database)).await {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let answer = execute(self.session(&connection)?, statement, parameters).await;
        Ok(answer.map(|Answer { columns, rows }| QueryResult {
            columns,
            rows: rows.into_iter().map(RowResult::from).collect(),
        }))
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        ask(self.session(&connection)?, Session::last_insert_rowid).await
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        ask(self.session(&connection)?, Session::changes).await
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        let connection = self.table.delete(connection)?;
        // Closing may roll back, which waits for the disk.
        tokio::task::spawn_blocking(move || drop(connection));
        Ok(())
    }
}

/// The same for guests that do other work meanwhile.
impl<U: Send> HostConnectionWithStore<U> for Ports {
    async fn open_async(
        host: &Accessor<U, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let database = host.with(|mut access| Arc::clone(&access.get().shared.database));
        match open(name, database).await {
            Ok(connection) => {
                host.with(|mut access| Ok(Ok(access.get().table.push(connection)?)))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute_async(
        host: &Accessor<U, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Streamed, Error>> {
        let session = host.with(|mut access| access.get().session(&connection))?;
        let Answer { columns, rows } = match execute(session, statement, parameters).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let rows: Vec<_> = rows.into_iter().map(RowResult::from).collect();
        host.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let end = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
            Ok(Ok((columns, rows, end)))
        })
    }

    async fn last_insert_rowid_async(
        host: &Accessor<U, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let session = host.with(|mut access| access.get().session(&connection))?;
        ask(session, Session::last_insert_rowid).await
    }

    async fn changes_async(
        host: &Accessor<U, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        let session = host.with(|mut access| access.get().session(&connection))?;
        ask(session, Session::changes).await
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Full => Self::DatabaseFull,
            storage::Error::TooLarge(_)
            | storage::Error::Missing(_)
            | storage::Error::Conflict(_)
            | storage::Error::Io(_)
            | storage::Error::Sqlite(_)
            | storage::Error::Stopped => Self::Io(error.to_string()),
        }
    }
}

impl From<Vec<storage::Value>> for RowResult {
    fn from(values: Vec<storage::Value>) -> Self {
        Self { values: values.into_iter().map(Value::from).collect() }
    }
}

impl From<Value> for storage::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(integer) => Self::Integer(integer),
            Value::Real(real) => Self::Real(real),
            Value::Text(text) => Self::Text(text),
            Value::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl From<storage::Value> for Value {
    fn from(value: storage::Value) -> Self {
        match value {
            storage::Value::Null => Self::Null,
            storage::Value::Integer(integer) => Self::Integer(integer),
            storage::Value::Real(real) => Self::Real(real),
            storage::Value::Text(text) => Self::Text(text),
            storage::Value::Blob(bytes) => Self::Blob(bytes),
        }
    }
}
