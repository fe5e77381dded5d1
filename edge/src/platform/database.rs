//! Port: rows in SQLite.

use super::PortError;

/// What is in a column. Integers beyond 2^53 do not survive every platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

/// Columns in the order of the statement.
pub type Row = Vec<Value>;

/// One statement at a time, in SQLite's dialect, each whole or not at all.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Database {
    /// Runs one statement with `?1`, `?2` … bound to `values`, and returns every row: the
    /// statement limits how many there can be.
    async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, PortError>;
}
