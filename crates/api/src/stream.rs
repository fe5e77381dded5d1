//! What to play for an episode.

use serde::{Deserialize, Serialize};

/// `GET /api/v2/stream/{episodeId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// The episode asked for.
    pub episode_id: String,
    /// The candidate to play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_stream: Option<Candidate>,
    /// Every candidate, best first.
    pub candidates: Vec<Candidate>,
    /// Why the preferred one is preferred.
    pub selection_reason: SelectionReason,
    /// Who holds it.
    pub provider: String,
    /// How the preferred one starts where the viewer left it, if that is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

/// How a film starts, in the wire form of `docs/formats.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// One window of about ten seconds, base64 (RFC 4648 §4); none where it is large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
    /// Where the same is to be had.
    pub headers_url: String,
    /// The same, and the bytes of the film behind it.
    pub start_url: String,
}

/// One file that carries the episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Where its bytes are, on this origin.
    pub url: String,
    /// Such as `mp4`.
    pub container: String,
    /// Such as `720p`.
    pub quality: String,
    /// RFC 6381 names, such as `avc1.64001f, mp4a.40.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Whether `url` serves the file itself, by ranges.
    pub is_direct: bool,
    /// Whether a browser with Media Source Extensions can be expected to play it.
    pub playable: bool,
    /// Less is better.
    pub estimated_priority: u32,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Length of the file in bytes: with it the player asks for the tail by a closed range.
    pub size_bytes: u64,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// `POST /api/v2/stream/window`: what is watched now, and what may come next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// What is watched.
    pub current_episode_id: String,
    /// What comes then, in order; two are made ready.
    pub next_episode_ids: Vec<String>,
}

/// The answer: what is made ready, now or within the last half minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Windowed {
    /// Those of the next that are known.
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
