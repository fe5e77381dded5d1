//! Database port on D1, binding `DB`.
//!
//! # Limits of this platform
//! Numbers are doubles: integers beyond 2^53 lose their last digits.

use worker::{D1Type, Env};

use crate::platform::{Database, PortError, Row, Value};

pub(super) struct D1(pub(super) Env);

impl Database for D1 {
    async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, PortError> {
        let denied = |error| PortError::Denied(format!("the binding DB: {error}"));
        let database = self.0.d1("DB").map_err(denied)?;
        let values: Vec<D1Type<'_>> = values.iter().map(bound).collect();
        let statement = database.prepare(sql).bind_refs(&values).map_err(port_error)?;
        let rows: Vec<Vec<serde_json::Value>> = statement.raw().await.map_err(port_error)?;
        Ok(rows.into_iter().map(|row| row.into_iter().map(read).collect()).collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "the port promises integers up to 2^53 only")]
fn bound(value: &Value) -> D1Type<'_> {
    match value {
        Value::Null => D1Type::Null,
        Value::Integer(number) => D1Type::Real(*number as f64),
        Value::Text(text) => D1Type::Text(text),
    }
}

fn read(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Number(number) => number.as_i64().map_or(Value::Null, Value::Integer),
        // No statement here makes the others.
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => Value::Null,
    }
}

fn port_error(error: worker::Error) -> PortError {
    let message = format!("D1: {error}");
    // D1 has no codes: these are its own words and SQLite's for it.
    let is_full = message.contains("maximum DB size") || message.contains("SQLITE_FULL");
    if is_full { PortError::Full(message) } else { PortError::Unavailable(message) }
}
