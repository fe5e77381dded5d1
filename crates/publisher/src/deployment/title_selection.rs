//! Which titles of a catalog are meant: some by their ids or names, or the newest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::{Result, bail};
use catalog::Title;

/// Some titles of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TitleSelection {
    /// By id, or by name in any case.
    Named(Vec<String>),
    /// So many that were published last.
    Latest(usize),
}

impl TitleSelection {
    /// The titles meant, each once.
    pub(crate) fn of<'a>(&self, titles: &'a BTreeMap<String, Title>) -> Result<Vec<&'a Title>> {
        match self {
            Self::Named(names) => named(titles, names),
            Self::Latest(count) => Ok(latest(titles, *count)),
        }
    }
}

/// Titles by id or by name, each once.
fn named<'a>(titles: &'a BTreeMap<String, Title>, names: &[String]) -> Result<Vec<&'a Title>> {
    let mut found = BTreeMap::new();
    for name in names {
        let called = |title: &&Title| title.title.to_lowercase() == name.to_lowercase();
        let by_name: Vec<_> = titles.values().filter(called).collect();
        let by_name = by_name.as_slice();
        match (titles.get(name), by_name) {
            (Some(title), _) | (None, &[title]) => drop(found.insert(&title.id, title)),
            (None, []) => bail!("the catalog has no title `{name}`"),
            (None, several) => {
                let ids: Vec<_> = several.iter().map(|title| title.id.as_str()).collect();
                bail!("several titles are called `{name}`; name one by its id: {}", ids.join(", "))
            }
        }
    }
    Ok(found.into_values().collect())
}

/// So many titles that were published last, the newest first.
fn latest(titles: &BTreeMap<String, Title>, count: usize) -> Vec<&Title> {
    let mut titles: Vec<_> = titles.values().collect();
    titles.sort_by_key(|title| (Reverse(title.added_at_ms), &title.id));
    titles.truncate(count);
    titles
}

/// Ids of the episodes that play.
pub(crate) fn playable_episodes(titles: &[&Title]) -> Vec<String> {
    let episodes = titles.iter().flat_map(|title| {
        let plays = title.episodes.iter().filter(|e| e.sources.iter().any(|s| s.playable));
        plays.map(|episode| title.id_of(episode))
    });
    episodes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles() -> BTreeMap<String, Title> {
        let title = |id: &str, name: &str, added_at_ms| {
            let playing = catalog::Source { playable: true, ..catalog::Source::default() };
            let episode = |number, sources| catalog::Episode {
                number,
                sources,
                ..catalog::Episode::default()
            };
            let episodes = vec![episode(1, vec![playing]), episode(2, Vec::new())];
            let (id, title) = (id.to_owned(), name.to_owned());
            (id.clone(), Title { id, title, added_at_ms, episodes, ..Title::default() })
        };
        [title("a", "One", 1), title("b", "Two", 3), title("c", "two", 2), title("one", "Three", 0)]
            .into()
    }

    fn ids(titles: &[&Title]) -> Vec<String> {
        titles.iter().map(|title| title.id.clone()).collect()
    }

    #[test]
    fn titles_are_found_by_id_and_by_name_and_each_once() {
        let titles = titles();
        let named = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            named(&titles, &names).map(|found| ids(&found)).map_err(|error| error.to_string())
        };
        assert_eq!(named(&["b", "THREE", "one", "b"]).unwrap(), ["b", "one"]);
        assert!(named(&["two"]).unwrap_err().contains("b, c"));
        assert!(named(&["b", "four"]).unwrap_err().contains("`four`"));
    }

    #[test]
    fn latest_titles_come_first_and_only_their_playable_episodes_count() {
        let titles = titles();
        let latest = latest(&titles, 2);
        assert_eq!(ids(&latest), ["b", "c"]);
        assert_eq!(playable_episodes(&latest), ["b.1", "c.1"]);
    }
}
