//! The admin API: the catalog root, files of providers, start data, accounts of viewers.

use serde::{Deserialize, Serialize};

/// `GET /api/v2/admin/root`: which catalog is current. It is the one mutable record of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogRoot {
    /// Hash of the manifest pack.
    pub manifest: String,
    /// When this catalog became current, in milliseconds since the Unix epoch.
    pub flipped_at_ms: u64,
}

/// Body of `PUT /api/v2/admin/root`: makes another catalog current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootUpdate {
    /// Hash of the manifest pack. The deployment must have it, and every pack that it names.
    pub manifest: String,
    /// Hash of the manifest that the sender built upon; null where there was no catalog. The edge
    /// responds 409 when another one is current.
    pub previous: Option<String>,
}

/// Body of `POST /api/v2/admin/sources` and `POST /api/v2/admin/pictures`: a file of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderFile {
    /// Name of the provider in the setting `providers`.
    pub provider: String,
    /// Name of the file at that provider.
    pub file: String,
}

/// Response to a [`ProviderFile`]: the file that the edge ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestedFile {
    /// Source id, or image id, by which titles name the file.
    pub id: String,
    /// Length of the file in bytes.
    pub size_bytes: u64,
}

/// The response of `POST /api/v2/admin/sources`: an [`IngestedFile`], and what its start index says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestedFilm {
    /// Source id, by which titles name the film.
    pub id: String,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Lines of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// RFC 6381 names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
}

/// Response of `GET /api/v2/admin/sources?provider=…`: films of a provider, in order of their names there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestedFilms {
    /// At most 500; the next ones come with `&after=` and the last name.
    pub items: Vec<IngestedName>,
}

/// A film that was ingested, by its name at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestedName {
    /// Name of the file at the provider.
    pub file: String,
    /// Source id.
    pub id: String,
    /// Length of the file in bytes.
    pub size_bytes: u64,
}

/// Response of `GET | POST /api/v2/admin/prewarm/{episodeId}`: how ready an episode is to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeReadiness {
    /// The films of the episode that play.
    pub films: Vec<FilmReadiness>,
}

/// How ready a film is to start, and what the request fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilmReadiness {
    /// Source id.
    pub id: String,
    /// Bytes of its startup blocks that the edge has not stored; 0 for a film of the own store.
    pub missing_bytes: u64,
    /// Whether its start index is stored.
    #[serde(rename = "starts")]
    pub start_index: StartIndexState,
    /// Requests that the edge sent to the provider.
    pub requests: u32,
    /// Bytes that these requests fetched.
    pub size_bytes: u64,
}

/// Whether the start index of a film is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StartIndexState {
    /// All of it is stored.
    Stored,
    /// It is not made yet.
    Missing,
    /// None can be made, for this reason.
    Refused(String),
}

/// Response of `DELETE /api/v2/admin/startup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeResult {
    /// How many films of a title were purged; null where everything was.
    pub films: Option<usize>,
}

/// Body of `POST /api/v2/admin/accounts`: an account of a viewer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// By which the viewer signs in. It has the form of an id.
    pub name: String,
    /// The hash of the password, as `firstframe hash-password` makes it.
    pub password_hash: String,
}

/// Body of `PUT /api/v2/admin/accounts/{name}`: another password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPassword {
    /// The hash of the password, as `firstframe hash-password` makes it.
    pub password_hash: String,
}

/// Response of `GET /api/v2/admin/accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// In order of their names.
    pub items: Vec<Account>,
}

/// An account of a viewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// By which the viewer signs in.
    pub name: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}
