//! SQL statements on tables that each instance creates before its first statement, and the values of
//! their rows.

use std::cell::Cell;

use crate::{
    error::Error,
    platform::{Database, Platform, Row, Value},
};

/// The largest integer that every platform stores exactly.
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Runs one statement. Where `exist` is not set yet, creates the tables first and sets it.
pub(crate) async fn query<P: Platform>(
    platform: &P,
    tables: &[&str],
    exist: &Cell<bool>,
    sql: &str,
    values: &[Value],
) -> Result<Vec<Row>, Error> {
    if !exist.get() {
        for table in tables {
            platform.database().query(table, &[]).await?;
        }
        exist.set(true);
    }
    Ok(platform.database().query(sql, values).await?)
}

/// A text to bind.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A number to bind, at most the largest that every platform stores.
pub(crate) fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX).min(INTEGER_MAX))
}

/// The integer in a column.
pub(crate) fn integer_at(row: &Row, column: usize) -> Option<i64> {
    if let Value::Integer(number) = row.get(column)? { Some(*number) } else { None }
}

/// The integer in a column, where it is not negative.
pub(crate) fn unsigned_at(row: &Row, column: usize) -> Option<u64> {
    u64::try_from(integer_at(row, column)?).ok()
}

/// The text in a column.
pub(crate) fn text_at(row: &Row, column: usize) -> Option<String> {
    if let Value::Text(text) = row.get(column)? { Some(text.clone()) } else { None }
}
