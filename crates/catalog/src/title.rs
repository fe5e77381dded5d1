//! The stored form of titles, episodes and sources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One film or series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// Catalog id. It is the first field, because `find_title` searches for it.
    pub id: String,
    /// Name, for viewers.
    pub title: String,
    /// Synopsis, for viewers; may be empty.
    #[serde(default)]
    pub synopsis: String,
    /// Such as `Animation`.
    #[serde(default)]
    pub genres: Vec<String>,
    /// Further facts by name, such as `year`.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Image id of a poster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    /// Image id of a wide picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<String>,
    /// When it was first published, in milliseconds since the Unix epoch.
    pub added_at_ms: u64,
    /// In order of their numbers.
    pub episodes: Vec<Episode>,
}

impl Title {
    /// The episode with this number.
    pub fn episode(&self, number: u32) -> Option<&Episode> {
        self.episodes.iter().find(|episode| episode.number == number)
    }
}

/// One episode; a film is a title of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// Number in the title, from 1.
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
    /// The files that carry it.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// One file that carries an episode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Source id: names the bytes in the object store.
    pub id: String,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// Such as `mp4`.
    pub container: String,
    /// Lines of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// RFC 6381 names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Whether a browser with Media Source Extensions can be expected to play it.
    pub playable: bool,
    /// Why it is not playable, for viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The id of an episode, unique in the deployment.
pub fn episode_id(catalog_id: &str, number: u32) -> String {
    format!("{catalog_id}.{number}")
}

/// The catalog id and number in an episode id; `None` where it is malformed.
pub fn parse_episode_id(episode_id: &str) -> Option<(&str, u32)> {
    let (catalog_id, digits) = episode_id.rsplit_once('.')?;
    let number: u32 = digits.parse().ok()?;
    // One spelling for each episode: no sign, no leading zero.
    let canonical = number >= 1 && digits == number.to_string();
    (canonical && api::limits::is_id(catalog_id)).then_some((catalog_id, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn episode_id_is_split_at_its_last_dot() {
        assert_eq!(parse_episode_id("mr.robot.12"), Some(("mr.robot", 12)));
        assert_eq!(parse_episode_id(&episode_id("a", 1)), Some(("a", 1)));
    }

    #[test]
    fn malformed_episode_ids_are_refused() {
        for id in ["", "a", "a.", "a.0", "a.01", "a.+1", ".1", "A.1", "a.4294967296"] {
            assert_eq!(parse_episode_id(id), None, "{id}");
        }
    }
}
