//! What `publish` says to a deployment.

use serde::{Deserialize, Serialize};

/// Which catalogue is current: the one mutable record of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Root {
    /// Hash of the manifest pack.
    pub manifest: String,
    /// When the flip happened, milliseconds since the Unix epoch.
    pub flipped_at_ms: u64,
}

/// `PUT /api/v2/admin/root`: make another catalogue current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flip {
    /// Hash of the manifest pack, which must be there, with every pack that it names.
    pub manifest: String,
    /// The manifest that the sender built upon; null where there was none. Otherwise 409.
    pub previous: Option<String>,
}

/// `POST /api/v2/admin/sources` and `POST /api/v2/admin/pictures`: a file that lies with a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// What the setting `providers` calls it.
    pub provider: String,
    /// What it calls the file.
    pub file: String,
}

/// The answer: the file as a catalogue names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// Source id, or image id.
    pub id: String,
    /// Length of the file.
    pub size_bytes: u64,
}

/// `GET | POST /api/v2/admin/prewarm/{episodeId}`: how ready an episode's films are to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Those that play.
    pub films: Vec<Ready>,
}

/// How ready a film is to start, and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// Source id.
    pub id: String,
    /// Bytes of its startup blocks that are not kept here; none of a film of the own store.
    pub missing_bytes: u64,
    /// What is stored for its starts.
    pub starts: Starts,
    /// Requests to its provider.
    pub requests: u32,
    /// Bytes that these brought.
    pub size_bytes: u64,
}

/// What is stored for a film's starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Starts {
    /// All that there is.
    Stored,
    /// Nothing yet.
    Missing,
    /// Nothing, for this reason.
    Refused(String),
}

/// The answer to a purge: how many films it was made sure of; none where it was all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// Films.
    pub films: Option<usize>,
}
