//! What to play for an episode.

use serde::{Deserialize, Serialize};

/// Response of `GET /api/v2/stream/{episodeId}`: the files that carry an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// Id of the episode.
    pub episode_id: String,
    /// The candidate to play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_stream: Option<Candidate>,
    /// Every candidate, best first.
    pub candidates: Vec<Candidate>,
    /// Why the preferred one is preferred.
    pub selection_reason: SelectionReason,
    /// Name of the provider that holds it.
    pub provider: String,
    /// How playback of the preferred one starts, at the viewer's resume position where the edge knows
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StreamStart>,
}

/// How playback of a film starts, in the wire form of `docs/formats.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamStart {
    /// Headers of one window of about ten seconds, in base64 (RFC 4648 §4); left out where they are
    /// large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
    /// URL of these headers.
    pub headers_url: String,
    /// URL of these headers with the film's bytes behind them.
    pub start_url: String,
}

/// One file that carries the episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// URL of its bytes, on this origin.
    pub url: String,
    /// `mp4`, `matroska` or `webm`.
    pub container: String,
    /// Such as `720p`.
    pub quality: String,
    /// RFC 6381 names, such as `avc1.64001f, mp4a.40.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Kinds of tracks that it has and Media Source Extensions do not play.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<crate::MissingKind>,
    /// Whether `url` serves the file itself, with range requests.
    pub is_direct: bool,
    /// Whether a browser with Media Source Extensions can be expected to play it.
    pub playable: bool,
    /// Lower is better.
    pub estimated_priority: u32,
    /// Label, for viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Length of the file in bytes: with it the player requests the tail by a closed range.
    pub size_bytes: u64,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// Body of `POST /api/v2/stream/window`: the episode that plays, and those that may play next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrefetchRequest {
    /// Id of the episode that plays.
    pub current_episode_id: String,
    /// Ids of the next episodes, in order; the edge prefetches two.
    pub next_episode_ids: Vec<String>,
}

/// Response to a [`PrefetchRequest`]: what the edge prefetches now, or did within 30 seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrefetchResponse {
    /// Ids of the next episodes that exist.
    pub next_episode_ids: Vec<String>,
}

/// Why the preferred stream is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectionReason {
    /// A playable MP4 of 720 lines: quick to start, good on most screens.
    #[serde(rename = "preferred_720p_direct_mp4")]
    Preferred720pDirectMp4,
    /// A playable MP4.
    PreferredDirectMp4,
    /// Nothing better was there.
    HighestRankedCandidate,
    /// The episode has no file.
    NoCandidate,
}
