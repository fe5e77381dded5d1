//! Preconditions of writes: what must be true of a key when its row is written (RFC 9110 §13.1).

use rusqlite::{OptionalExtension as _, Transaction};

use super::{Error, Result};

/// What the key must name, for a write to it to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum WriteCondition {
    /// Anything or nothing.
    #[default]
    None,
    /// No object: `If-None-Match: *`.
    Absent,
    /// Any object: `If-Match: *`.
    Exists,
    /// The object with this `ETag`: `If-Match`.
    ETag(String),
}

impl WriteCondition {
    /// The inner result is an error where the condition is false.
    pub(super) fn check(
        &self,
        transaction: &Transaction<'_>,
        key: &str,
    ) -> rusqlite::Result<Result<()>> {
        if *self == Self::None {
            return Ok(Ok(()));
        }
        let select = "SELECT etag FROM objects WHERE key = ?1";
        let mut select = transaction.prepare_cached(select)?;
        let current: Option<String> = select.query_row([key], |row| row.get(0)).optional()?;
        Ok(match (self, current) {
            (Self::Absent | Self::None, None) | (Self::Exists | Self::None, Some(_)) => Ok(()),
            (Self::ETag(expected), Some(etag)) if *expected == etag => Ok(()),
            (Self::Exists | Self::ETag(_), None) => Err(Error::NotFound("object")),
            (Self::Absent | Self::ETag(_), Some(_)) => Err(Error::PreconditionFailed),
        })
    }
}
