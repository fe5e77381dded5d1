//! One viewer: session, playback history and watchlist.

use serde::{Deserialize, Serialize};

/// Response of `POST /api/v2/session/anonymous`: a viewer without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Token that later requests send as `X-Client-Token`: 48 hexadecimal digits.
    pub client_token: String,
    /// `anon_` and 16 hexadecimal digits, which say nothing of other viewers.
    pub client_id: String,
}

/// Body of `POST /api/v2/session`: a viewer of a private library signs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The name of the viewer's account, where viewers have accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The password of the account, or of the library.
    pub password: String,
}

/// Response of `GET`, `POST` and `DELETE /api/v2/session`. The cookie is in `Set-Cookie`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Whether the viewer may watch now.
    pub signed_in: bool,
    /// Whether signing in takes a name.
    pub needs_name: bool,
    /// The name of the viewer's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Body of `POST /api/v2/history`: where playback of an episode stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackPosition {
    /// Id of the episode's title.
    pub catalog_id: String,
    /// Id of the episode.
    pub episode_id: String,
    /// Position in the episode, in seconds.
    pub position_seconds: f64,
}

/// Response of `GET /api/v2/history` and `GET /api/v2/continue-watching`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Newest first, one for each title.
    pub items: Vec<HistoryEntry>,
}

/// One episode that a viewer played, or plays next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Id of the title.
    pub catalog_id: String,
    /// Id of the episode.
    pub episode_id: String,
    /// Name of the title.
    pub title: String,
    /// Name of the episode.
    pub episode_title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Where playback resumes, in seconds; 0 is the beginning.
    pub position_seconds: f64,
    /// Length of the episode, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Whether the viewer played it to its end.
    pub played: bool,
    /// Name of the provider that holds it.
    pub provider: String,
    /// When the viewer last played it, in milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// Body of `POST /api/v2/watchlist`: a title to put on the watchlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewWatchlistEntry {
    /// Id of the title.
    pub catalog_id: String,
}

/// Response of `GET /api/v2/watchlist`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watchlist {
    /// Newest first.
    pub items: Vec<WatchlistEntry>,
}

/// One title on the watchlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchlistEntry {
    /// Id of the title.
    pub catalog_id: String,
    /// Name of the title.
    pub title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Name of the provider that holds it.
    pub provider: String,
    /// When the viewer put it on the list, in milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// Response of `DELETE` of an entry of history or watchlist, and of a film or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Always true: it is not there now, whether or not it was before.
    pub deleted: bool,
}
