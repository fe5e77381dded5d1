//! What one viewer did and wants: sessions, history, watchlist.

use serde::{Deserialize, Serialize};

/// `POST /api/v2/session/anonymous`: a viewer without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// What the viewer's later requests send as `X-Client-Token`: 48 hexadecimal digits.
    pub client_token: String,
    /// `anon_` and a number.
    pub client_id: String,
}

/// `POST /api/v2/history`: how far somebody came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The title; that of the episode.
    pub catalog_id: String,
    /// The episode.
    pub episode_id: String,
    /// Where in the episode.
    pub position_seconds: f64,
}

/// `GET /api/v2/history` and `GET /api/v2/continue-watching`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Newest first, one for each title.
    pub items: Vec<Watched>,
}

/// One episode that somebody watched, or should go on with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    /// The title.
    pub catalog_id: String,
    /// The episode.
    pub episode_id: String,
    /// Name of the title.
    pub title: String,
    /// Name of the episode.
    pub episode_title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Where to go on; 0 is the start.
    pub position_seconds: f64,
    /// Length of the episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Whether it was watched to its end.
    pub played: bool,
    /// Who holds it.
    pub provider: String,
    /// When, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// `POST /api/v2/watchlist`: a title to come back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// The title.
    pub catalog_id: String,
}

/// `GET /api/v2/watchlist`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watchlist {
    /// Newest first.
    pub items: Vec<Wished>,
}

/// One title to come back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wished {
    /// The title.
    pub catalog_id: String,
    /// Its name.
    pub title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Who holds it.
    pub provider: String,
    /// When it was put there, milliseconds since the Unix epoch.
    pub updated_at_ms: u64,
}

/// `DELETE /api/v2/history/{catalogId}` and `DELETE /api/v2/watchlist/{catalogId}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Always true: it is not there any more, and perhaps never was.
    pub deleted: bool,
}
