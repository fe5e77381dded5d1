//! Titles and episodes, as the page sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always `firstframe`.
    pub service: String,
    /// Version of the edge that answered.
    pub version: String,
    /// Where it really keeps how films of others begin and end; none where its settings cannot be
    /// read.
    #[serde(default)]
    pub startup_store: Option<StartupStore>,
}

/// The setting `startup_store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartupStore {
    /// In this place only.
    Local,
    /// In the object store of the films, too.
    Durable,
    /// In an object store of their own, too.
    Apart,
}

/// One title in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Catalogue id.
    pub id: String,
    /// For people.
    pub title: String,
    /// URL of a poster on this origin; empty where there is none.
    pub cover_image: String,
    /// Such as `Film`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_label: Option<String>,
    /// Such as `12 episodes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode_label: Option<String>,
    /// Who holds it.
    pub provider: String,
}

/// `GET /api/v2/home`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Home {
    /// First on the page.
    pub featured: Vec<Card>,
    /// Titles with more than one episode.
    pub ongoing: Vec<Card>,
    /// Newest first.
    pub recent: Vec<Card>,
}

/// One episode; a film is a title of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    /// Episode id, unique in the deployment: `{catalogId}.{number}`.
    pub id: String,
    /// The title it belongs to.
    pub catalog_id: String,
    /// Place in the title, from 1.
    pub number: u32,
    /// For people.
    pub title: String,
    /// Such as `1080p`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Date, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// `GET /api/v2/catalog/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// Catalogue id.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people; may be empty.
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
    /// In order.
    pub episodes: Vec<Episode>,
    /// Other titles.
    pub recommendations: Vec<Card>,
    /// Who holds it.
    pub provider: String,
}

/// `GET /api/v2/catalog/{id}/episodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Episodes {
    /// The title they belong to.
    pub catalog_id: String,
    /// In order.
    pub items: Vec<Episode>,
}
