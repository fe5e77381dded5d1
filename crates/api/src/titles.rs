//! Titles and episodes, as the page sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Response of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always `firstframe`.
    pub service: String,
    /// Version of the edge that answered.
    pub version: String,
    /// Where the edge really stores the startup blocks of upstream films; null where its settings
    /// cannot be read.
    #[serde(default)]
    pub startup_store: Option<StartupStore>,
}

/// Where the edge stores the startup blocks of upstream films: the setting `startup_store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartupStore {
    /// In the key-value store only.
    Local,
    /// In the object store of the films as well.
    Durable,
    /// In an object store of their own as well. The wire has an older word for it.
    #[serde(rename = "apart")]
    Separate,
}

/// One title in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TitleCard {
    /// Catalog id.
    pub id: String,
    /// Name, for viewers.
    pub title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Such as `Film`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_label: Option<String>,
    /// Such as `12 episodes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode_label: Option<String>,
    /// Name of the provider that holds it.
    pub provider: String,
}

/// Response of `GET /api/v2/home`: the rows of the page's first view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Home {
    /// Cards at the top of the page.
    pub featured: Vec<TitleCard>,
    /// Titles with more than one episode.
    pub ongoing: Vec<TitleCard>,
    /// Newest first.
    pub recent: Vec<TitleCard>,
}

/// One episode; a film is a title of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    /// Episode id, unique in the deployment: `{catalogId}.{key}`. It stays with the film.
    pub id: String,
    /// Id of the title it belongs to.
    pub catalog_id: String,
    /// Number in the title, from 1. It changes when an episode before it comes or goes.
    pub number: u32,
    /// Name, for viewers.
    pub title: String,
    /// Such as `1080p`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Release date, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Of the file that plays: RFC 6381 names, such as `avc1.64001f, mp4a.40.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Kinds of tracks of that file that Media Source Extensions do not play.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingKind>,
    /// Why no browser plays it, where it has files and none plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplayable: Option<String>,
}

/// A kind of track that a film has and Media Source Extensions do not play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingKind {
    /// `pictures` or `sound`.
    pub kind: String,
    /// The codec, or what is wrong, for viewers: `PCM audio`, `it is damaged`.
    pub name: String,
    /// Engines whose own players play it: `chromium`, `firefox`, `webkit`.
    pub own_players: Vec<String>,
}

/// Response of `GET /api/v2/catalog/{id}`: one title with its episodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TitleDetail {
    /// Catalog id.
    pub id: String,
    /// Name, for viewers.
    pub title: String,
    /// Synopsis, for viewers; may be empty.
    pub synopsis: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// URL of a wide picture on this origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner_image: Option<String>,
    /// Such as `Animation`.
    pub genres: Vec<String>,
    /// Further facts by name, such as `year`.
    pub metadata: BTreeMap<String, String>,
    /// In order of their numbers.
    pub episodes: Vec<Episode>,
    /// Episode ids by ids that are no longer used: those of episodes that this title had, and those that
    /// its episodes had in other titles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved_episodes: BTreeMap<String, String>,
    /// Cards of other titles.
    pub recommendations: Vec<TitleCard>,
    /// Name of the provider that holds it.
    pub provider: String,
}

/// Response of `GET /api/v2/catalog/{id}/episodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EpisodeList {
    /// Id of the title they belong to.
    pub catalog_id: String,
    /// In order of their numbers.
    pub items: Vec<Episode>,
}
