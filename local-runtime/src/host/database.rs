//! The port `spin:sqlite`, on the guest database.

use std::sync::{Arc, Mutex};

use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::{
    bindings::spin::sqlite::sqlite::{
        Error, Host as Sqlite, HostConnection, HostConnectionWithStore, QueryResult, RowResult,
        Value,
    },
    instance_state::{HostState, Ports},
};
use crate::storage::{self, GuestConnection, GuestDatabase, ResultSet, SqlValue, run_blocking};

/// The name of the only database.
const NAME: &str = "default";

/// An open connection; statements on one connection run one after the other.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(SharedConnection);

type SharedConnection = Arc<Mutex<GuestConnection>>;

impl Sqlite for &mut HostState {}

/// Columns, a stream of rows, and how the stream ended.
type RowStream = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

async fn open(name: String, database: Arc<GuestDatabase>) -> Result<Connection, Error> {
    if name != NAME {
        return Err(Error::NoSuchDatabase);
    }
    Ok(Connection(Arc::new(Mutex::new(database.connect().await?))))
}

async fn execute(
    connection: SharedConnection,
    statement: String,
    parameters: Vec<Value>,
) -> Result<ResultSet, Error> {
    let parameters: Vec<_> = parameters.into_iter().map(SqlValue::from).collect();
    let result = run_blocking(move || {
        let mut connection = connection.lock().map_err(|_| storage::Error::TaskFailed)?;
        connection.execute(&statement, &parameters)
    });
    Ok(result.await?)
}

/// Reads a property of the connection, after the statement that runs on it.
async fn read_property<T: Send + 'static>(
    connection: SharedConnection,
    read: impl FnOnce(&GuestConnection) -> T + Send + 'static,
) -> wasmtime::Result<T> {
    let value = run_blocking(move || {
        let connection = connection.lock().map_err(|_| storage::Error::TaskFailed)?;
        Ok(read(&connection))
    });
    Ok(value.await?)
}

impl HostState {
    fn guest_connection(
        &self,
        connection: &Resource<Connection>,
    ) -> wasmtime::Result<SharedConnection> {
        Ok(Arc::clone(&self.table.get(connection)?.0))
    }
}

/// The synchronous functions.
impl HostConnection for &mut HostState {
    async fn open(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match open(name, Arc::clone(&self.services.database)).await {
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
        let result = execute(self.guest_connection(&connection)?, statement, parameters).await;
        Ok(result.map(|ResultSet { columns, rows }| QueryResult {
            columns,
            rows: rows.into_iter().map(RowResult::from).collect(),
        }))
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        read_property(self.guest_connection(&connection)?, GuestConnection::last_insert_rowid).await
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        read_property(self.guest_connection(&connection)?, GuestConnection::changes).await
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        let connection = self.table.delete(connection)?;
        // Dropping a connection may roll a transaction back, which waits for the disk.
        tokio::task::spawn_blocking(move || drop(connection));
        Ok(())
    }
}

/// The asynchronous functions.
impl<U: Send> HostConnectionWithStore<U> for Ports {
    async fn open_async(
        host: &Accessor<U, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let database = host.with(|mut access| Arc::clone(&access.get().services.database));
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
    ) -> wasmtime::Result<Result<RowStream, Error>> {
        let connection = host.with(|mut access| access.get().guest_connection(&connection))?;
        let ResultSet { columns, rows } = match execute(connection, statement, parameters).await {
            Ok(result) => result,
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
        let connection = host.with(|mut access| access.get().guest_connection(&connection))?;
        read_property(connection, GuestConnection::last_insert_rowid).await
    }

    async fn changes_async(
        host: &Accessor<U, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        let connection = host.with(|mut access| access.get().guest_connection(&connection))?;
        read_property(connection, GuestConnection::changes).await
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::DiskFull => Self::DatabaseFull,
            storage::Error::TooLarge(_)
            | storage::Error::NotFound(_)
            | storage::Error::Conflict(_)
            | storage::Error::PreconditionFailed
            | storage::Error::Io(_)
            | storage::Error::Sqlite(_)
            | storage::Error::TaskFailed => Self::Io(error.to_string()),
        }
    }
}

impl From<Vec<SqlValue>> for RowResult {
    fn from(values: Vec<SqlValue>) -> Self {
        Self { values: values.into_iter().map(Value::from).collect() }
    }
}

impl From<Value> for SqlValue {
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

impl From<SqlValue> for Value {
    fn from(value: SqlValue) -> Self {
        match value {
            SqlValue::Null => Self::Null,
            SqlValue::Integer(integer) => Self::Integer(integer),
            SqlValue::Real(real) => Self::Real(real),
            SqlValue::Text(text) => Self::Text(text),
            SqlValue::Blob(bytes) => Self::Blob(bytes),
        }
    }
}
