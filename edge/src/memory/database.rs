//! Database port on SQLite in memory.

use std::cell::RefCell;

use rusqlite::{Connection, params_from_iter, types::ValueRef};

use super::{Access, FailureSwitch};
use crate::platform::{Database, PortError, Row, Value};

/// One database, empty at first.
#[derive(Debug)]
pub struct MemoryDatabase {
    connection: RefCell<rusqlite::Result<Connection>>,
    /// Fails on demand.
    pub failing: FailureSwitch,
}

impl Default for MemoryDatabase {
    fn default() -> Self {
        let connection = RefCell::new(Connection::open_in_memory());
        Self { connection, failing: FailureSwitch::default() }
    }
}

impl Database for MemoryDatabase {
    async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, PortError> {
        let writes = sql.starts_with("INSERT") || sql.starts_with("UPDATE");
        self.failing.answer(if writes { Access::Write } else { Access::Read }).await?;
        let connection = self.connection.borrow();
        let connection = connection.as_ref().map_err(unavailable)?;
        let mut statement = connection.prepare_cached(sql).map_err(|e| unavailable(&e))?;
        let count = statement.column_count();
        let rows = statement
            .query_map(params_from_iter(values.iter().map(bound)), |row| {
                (0..count).map(|column| Ok(read(row.get_ref(column)?))).collect()
            })
            .map_err(|e| unavailable(&e))?;
        rows.collect::<rusqlite::Result<Vec<Row>>>().map_err(|e| unavailable(&e))
    }
}

fn bound(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(number) => rusqlite::types::Value::Integer(*number),
        Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
    }
}

fn read(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        // No statement here makes these.
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
    }
}

fn unavailable(error: &rusqlite::Error) -> PortError {
    PortError::Unavailable(error.to_string())
}
