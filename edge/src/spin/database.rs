//! Database port on Spin's SQLite database `default`.

use spin_sdk::sqlite::{Connection, Error, Value as SpinValue};

use crate::platform::{Database, PortError, Row, Value};

pub(super) struct SpinDatabase;

impl Database for SpinDatabase {
    async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, PortError> {
        let connection = Connection::open_default().await.map_err(port_error)?;
        let result = connection.execute(sql, values.iter().map(bound)).await.map_err(port_error)?;
        let rows = result.collect().await.map_err(port_error)?;
        Ok(rows.into_iter().map(|row| row.values.into_iter().map(read).collect()).collect())
    }
}

fn bound(value: &Value) -> SpinValue {
    match value {
        Value::Null => SpinValue::Null,
        Value::Integer(number) => SpinValue::Integer(*number),
        Value::Text(text) => SpinValue::Text(text.clone()),
    }
}

fn read(value: SpinValue) -> Value {
    match value {
        SpinValue::Integer(number) => Value::Integer(number),
        SpinValue::Text(text) => Value::Text(text),
        // No statement here makes the others.
        SpinValue::Null | SpinValue::Real(_) | SpinValue::Blob(_) => Value::Null,
    }
}

fn port_error(error: Error) -> PortError {
    match error {
        Error::AccessDenied | Error::NoSuchDatabase => {
            PortError::Denied(format!("the database `default`: {error}"))
        }
        Error::DatabaseFull => PortError::Full("the database is full".to_owned()),
        Error::InvalidConnection | Error::Io(_) => {
            PortError::Unavailable(format!("the database: {error}"))
        }
    }
}
