//! The envelope around every JSON response.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ErrorBody;

/// `{"data": …, "meta": {…}, "error": null | {…}}`: exactly one of `data` and `error` is not null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// Payload; null when there is an error.
    pub data: Option<T>,
    /// Facts about the payload, such as `provider`.
    #[serde(default)]
    pub meta: BTreeMap<String, String>,
    /// What went wrong; null when there is data.
    pub error: Option<ErrorBody>,
}

impl<T> Envelope<T> {
    /// A response with a payload.
    pub const fn data(data: T) -> Self {
        Self { data: Some(data), meta: BTreeMap::new(), error: None }
    }

    /// The same response with one more fact.
    #[must_use]
    pub fn with_meta(mut self, name: &str, value: &str) -> Self {
        self.meta.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A response with an error.
    pub const fn error(error: ErrorBody) -> Self {
        Self { data: None, meta: BTreeMap::new(), error: Some(error) }
    }
}
