//! The stored form of titles, episodes and sources.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

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
    /// Names the folder that it was published from; stores of the first releases do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// Id of the title that this one became part of. It then has no episodes, and no list has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// Episodes that it had. Their keys are given to nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<RetiredEpisode>,
}

impl Title {
    /// The episode with this key.
    pub fn episode(&self, key: &str) -> Option<&Episode> {
        self.episodes.iter().find(|episode| episode.key() == key)
    }

    /// The id of one of its episodes.
    pub fn id_of(&self, episode: &Episode) -> String {
        episode_id(&self.id, episode.key())
    }

    /// The ids of episodes that it had, with the ids that these have in other titles now.
    pub fn moved_episodes(&self) -> impl Iterator<Item = (String, &str)> {
        self.retired.iter().filter_map(|episode| {
            let to = episode.moved_to.as_deref()?;
            Some((episode_id(&self.id, &episode.key), to))
        })
    }

    /// Source ids of its films, and image ids of its pictures.
    pub fn media(&self) -> impl Iterator<Item = &str> {
        let sources = self.episodes.iter().flat_map(|episode| &episode.sources);
        sources.map(|source| &source.id).chain(&self.cover).chain(&self.banner).map(String::as_str)
    }
}

/// An episode that a title had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredEpisode {
    /// The last part of its id.
    pub key: String,
    /// See [`Episode::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its episode id in another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

/// One episode; a film is a title of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// Number in the title, from 1. It may change when another episode comes or goes.
    pub number: u32,
    /// The last part of its id, which it keeps; none in stores of the first releases, where it is the
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What names this episode among those of its title: its number, or a slug. It is left out where
    /// the key is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Episode ids that it had in other titles; stores of the first releases do not say them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_ids: Vec<String>,
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

impl Episode {
    /// The last part of its id.
    pub fn key(&self) -> Cow<'_, str> {
        self.key.as_deref().map_or_else(|| self.number.to_string().into(), Cow::from)
    }

    /// What names it; `None` in stores of the first releases, whose numbers may be positions.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.key.as_deref())
    }
}

/// One file that carries an episode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Source id: names the bytes in the object store.
    pub id: String,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// `mp4`, `matroska` or `webm`.
    pub container: String,
    /// Lines of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// RFC 6381 names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Kinds of tracks that it has and Media Source Extensions do not play.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<api::MissingKind>,
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
pub fn episode_id(catalog_id: &str, key: impl Display) -> String {
    format!("{catalog_id}.{key}")
}

/// The catalog id and the key in an episode id; `None` where it is malformed.
pub fn parse_episode_id(episode_id: &str) -> Option<(&str, &str)> {
    let (catalog_id, key) = episode_id.rsplit_once('.')?;
    (is_key(key) && api::limits::is_id(catalog_id)).then_some((catalog_id, key))
}

/// Whether `key` has the form of an episode's key: a number from 1, or letters, digits and hyphens.
fn is_key(key: &str) -> bool {
    if key.bytes().all(|byte| byte.is_ascii_digit()) {
        // One spelling for each number: no leading zero.
        return key.parse().is_ok_and(|number: u32| number >= 1 && key == number.to_string());
    }
    api::limits::is_id(key) && !key.contains(['.', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn episode_id_is_split_at_its_last_dot() {
        assert_eq!(parse_episode_id("mr.robot.12"), Some(("mr.robot", "12")));
        assert_eq!(parse_episode_id(&episode_id("a", 1)), Some(("a", "1")));
        assert_eq!(parse_episode_id("a.s02e01"), Some(("a", "s02e01")));
    }

    #[test]
    fn malformed_episode_ids_are_refused() {
        for id in ["", "a", "a.", "a.0", "a.01", "a.+1", ".1", "A.1", "a.B", "a.-b", "a.4294967296"]
        {
            assert_eq!(parse_episode_id(id), None, "{id}");
        }
    }
}
