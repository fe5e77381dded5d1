//! Metadata of an object: header fields that its reads repeat, and what its client calls its own.

use std::collections::BTreeMap;

use rusqlite::{Row, types::Type};
use serde::{Deserialize, Serialize};

/// Header fields and user metadata of an object. The database has the content type in a column of
/// its own, and everything else as JSON.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct ObjectMetadata {
    #[serde(skip)]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    /// Values by name, without `x-amz-meta-`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) user: BTreeMap<String, String>,
}

impl ObjectMetadata {
    /// The value of the column `metadata`.
    pub(super) fn to_column(&self) -> rusqlite::Result<Option<String>> {
        let only_type = Self::from(self.content_type.clone());
        if *self == only_type {
            return Ok(None);
        }
        let json = serde_json::to_string(self);
        json.map(Some).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }

    /// Reads the columns `content_type` and `metadata`, which have these indexes.
    pub(super) fn from_columns(
        row: &Row<'_>,
        content_type: usize,
        metadata: usize,
    ) -> rusqlite::Result<Self> {
        let json: Option<String> = row.get(metadata)?;
        let mut read: Self = match json {
            None => Self::default(),
            Some(json) => serde_json::from_str(&json).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(metadata, Type::Text, error.into())
            })?,
        };
        read.content_type = row.get(content_type)?;
        Ok(read)
    }
}

impl From<Option<String>> for ObjectMetadata {
    /// Metadata with a content type and nothing else.
    fn from(content_type: Option<String>) -> Self {
        Self { content_type, ..Self::default() }
    }
}
