//! The identity of an upstream film: not its URL, but what its provider says of its bytes.

use serde::{Deserialize, Serialize};

use crate::http::ResponseHead;

/// How the id of such a film begins; no id of an own one does.
const PREFIX: &str = "up.";
/// Hexadecimal digits of the hash: 128 bits.
const DIGITS: usize = 32;

/// What tells one state of a file from another (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// Length of the file.
    pub size_bytes: u64,
    /// `ETag` as it was sent, weak or strong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

impl Validators {
    /// Those of an answer about a file of this size.
    pub fn of(head: &ResponseHead, size_bytes: u64) -> Self {
        let text = |name| head.get(name).map(|value| value.trim().to_owned());
        Self { size_bytes, etag: text("etag"), modified: text("last-modified") }
    }
}

/// Whether this is the id of an upstream film or picture.
pub fn is_upstream(source_id: &str) -> bool {
    source_id.starts_with(PREFIX)
}

/// The id of a film: its provider, its size, its validators, and a hash of its first block. That is
/// one more validator, of our own: an `ETag` distinguishes states of one file, not one file from
/// another (§8.8.3).
pub fn source_id(provider: &str, validators: &Validators, first_block: &[u8]) -> String {
    let mut text = Vec::new();
    let size_bytes = validators.size_bytes.to_string();
    let block = catalog::hash(first_block);
    let etag = validators.etag.as_deref().unwrap_or_default();
    let modified = validators.modified.as_deref().unwrap_or_default();
    for part in [provider, size_bytes.as_str(), etag, modified, block.as_str()] {
        // With its length in front, no part can run into the next one.
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    let hash = catalog::hash(&text);
    format!("{PREFIX}{}", hash.get(..DIGITS).unwrap_or(&hash))
}
