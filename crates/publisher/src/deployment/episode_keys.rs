//! Keys of the episodes of one title: the last parts of their ids. An episode is the same one where its
//! film is, or where its name is. Any other gets a key that no episode of the title ever had.

use std::collections::{HashMap, HashSet};

use api::limits::ID_CHARS_MAX;
use catalog::{Episode, RetiredEpisode, Title};

/// Former episodes that a title remembers, the newest: ten years of a daily series.
const RETIRED_COUNT_MAX: usize = 4_000;
/// Numbers that are tried behind a name that is given already.
const NUMBERS: std::ops::RangeInclusive<u32> = 2..=99;

/// Gives each episode of `title` its key. Its name is that which its file gives it; `before` is the title
/// as it was published, and `ids_by_source` has the episode id that each source had then.
pub(crate) fn assign(
    title: &mut Title,
    before: Option<&Title>,
    ids_by_source: &HashMap<String, String>,
) {
    let mut keys = Keys::of(before);
    let mut chosen: Vec<Option<String>> = vec![None; title.episodes.len()];
    let rules: [fn(&mut Keys<'_>, &Episode) -> Option<String>; 4] = [
        |keys, new| keys.take(|old| has_same_film(old, new) && has_same_name(old, new)),
        |keys, new| keys.take(|old| has_same_film(old, new)),
        |keys, new| keys.take(|old| has_same_name(old, new)),
        |keys, new| keys.take_retired(new),
    ];
    for rule in rules {
        let open = chosen.iter_mut().zip(&title.episodes).filter(|(key, _)| key.is_none());
        open.for_each(|(key, episode)| *key = rule(&mut keys, episode));
    }
    for (key, episode) in chosen.iter_mut().zip(&title.episodes).filter(|(key, _)| key.is_none()) {
        *key = episode_id(episode, ids_by_source).and_then(|id| keys.take_returned(&id));
    }
    let room = ID_CHARS_MAX.saturating_sub(title.id.len() + 1);
    for (key, episode) in chosen.into_iter().zip(&mut title.episodes) {
        let name = episode.name().map_or_else(|| episode.number.to_string(), str::to_owned);
        let key = key.unwrap_or_else(|| keys.make(&name, room));
        episode.name = Some(name).filter(|name| *name != key);
        episode.key = Some(key);
    }
}

/// Has `title` remember the episodes of `before` that it does not have. `ids_by_source` has the episode id of
/// each source of the catalog.
pub(crate) fn retire(title: &mut Title, before: &Title, ids_by_source: &HashMap<String, String>) {
    let present: HashSet<_> = title.episodes.iter().map(|e| e.key().into_owned()).collect();
    let gone = before.episodes.iter().map(|episode| RetiredEpisode {
        key: episode.key().into_owned(),
        name: episode.name().map(str::to_owned),
        moved_to: episode_id(episode, ids_by_source),
    });
    let all = before.retired.iter().cloned().chain(gone);
    let mut retired: Vec<_> = all.filter(|episode| !present.contains(&episode.key)).collect();
    retired.drain(..retired.len().saturating_sub(RETIRED_COUNT_MAX));
    title.retired = retired;
}

/// The episode id of an episode's film.
pub(crate) fn episode_id(
    episode: &Episode,
    ids_by_source: &HashMap<String, String>,
) -> Option<String> {
    episode.sources.iter().find_map(|source| ids_by_source.get(&source.id)).cloned()
}

/// The keys that a title has given.
struct Keys<'a> {
    /// Published episodes whose keys are not taken again yet.
    open: Vec<&'a Episode>,
    retired: Vec<&'a RetiredEpisode>,
    given: HashSet<String>,
}

impl<'a> Keys<'a> {
    fn of(before: Option<&'a Title>) -> Self {
        let open: Vec<_> = before.iter().flat_map(|title| &title.episodes).collect();
        let retired: Vec<_> = before.iter().flat_map(|title| &title.retired).collect();
        let given = open.iter().map(|episode| episode.key().into_owned());
        let given = given.chain(retired.iter().map(|episode| episode.key.clone())).collect();
        Self { open, retired, given }
    }

    fn take(&mut self, is_same: impl Fn(&Episode) -> bool) -> Option<String> {
        let at = self.open.iter().position(|before| is_same(before))?;
        Some(self.open.remove(at).key().into_owned())
    }

    fn take_retired(&mut self, new: &Episode) -> Option<String> {
        let name = new.name()?;
        self.take_if(|old| old.moved_to.is_none() && old.name.as_deref() == Some(name))
    }

    /// The key of an episode that comes back from the id that it had moved to.
    fn take_returned(&mut self, id: &str) -> Option<String> {
        self.take_if(|old| old.moved_to.as_deref() == Some(id))
    }

    fn take_if(&mut self, is_same: impl Fn(&RetiredEpisode) -> bool) -> Option<String> {
        let at = self.retired.iter().position(|old| is_same(old))?;
        Some(self.retired.remove(at).key.clone())
    }

    /// A key that was never given: the name, a number behind it, or a hash where neither fits.
    fn make(&mut self, name: &str, room: usize) -> String {
        let hash = |n: u32| catalog::hash(format!("{name} {n}").as_bytes());
        let hashes = (0..).filter_map(|n| Some(format!("x{}", hash(n).get(..8)?)));
        let key = std::iter::once(name.to_owned())
            .chain(NUMBERS.map(|n| format!("{name}-{n}")))
            .filter(|key| key.len() <= room)
            .chain(hashes)
            .find(|key| !self.given.contains(key))
            .unwrap_or_default();
        self.given.insert(key.clone());
        key
    }
}

fn has_same_film(old: &Episode, new: &Episode) -> bool {
    new.sources.iter().any(|new| old.sources.iter().any(|old| old.id == new.id))
}

/// Whether both have the same name. The number of an episode of the first releases may be its position:
/// it counts where the titles are the same too.
fn has_same_name(old: &Episode, new: &Episode) -> bool {
    match old.name() {
        Some(name) => Some(name) == new.name(),
        None => Some(old.key().as_ref()) == new.name() && old.title == new.title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Episodes by film and name, numbered in order.
    fn title(episodes: &[(&str, &str)]) -> Title {
        let episode = |(number, (film, name)): (u32, &(&str, &str))| Episode {
            number,
            name: Some((*name).to_owned()),
            title: (*name).to_owned(),
            sources: vec![catalog::Source { id: (*film).to_owned(), ..catalog::Source::default() }],
            ..Episode::default()
        };
        let episodes = (1..).zip(episodes).map(episode).collect();
        Title { id: "t".to_owned(), episodes, ..Title::default() }
    }

    /// The title after it was published over `before`.
    fn published(before: Option<&Title>, episodes: &[(&str, &str)]) -> Title {
        let mut title = title(episodes);
        assign(&mut title, before, &HashMap::new());
        if let Some(before) = before {
            retire(&mut title, before, &HashMap::new());
        }
        title
    }

    fn keys(title: &Title) -> Vec<String> {
        title.episodes.iter().map(|episode| episode.key().into_owned()).collect()
    }

    #[test]
    fn keys_stay_with_films_and_names_and_are_given_once() {
        let first = published(None, &[("A", "river"), ("B", "sea"), ("C", "sky")]);
        assert_eq!(keys(&first), ["river", "sea", "sky"]);
        let less = published(Some(&first), &[("B", "sea"), ("C", "sky")]);
        assert_eq!(keys(&less), ["sea", "sky"], "one fewer moves nothing");
        let renamed = published(Some(&less), &[("C", "heaven"), ("B", "sea")]);
        assert_eq!(keys(&renamed), ["sky", "sea"], "a renamed file is the same film");
        let encoded = published(Some(&renamed), &[("D", "heaven"), ("B", "sea"), ("E", "sky")]);
        assert_eq!(keys(&encoded), ["sky", "sea", "sky-2"], "another film under the same name");
        let back = published(Some(&encoded), &[("F", "river"), ("G", "lake")]);
        assert_eq!(keys(&back), ["river", "lake"], "what comes back has its key again");
        let retired: Vec<_> = back.retired.iter().map(|episode| episode.key.as_str()).collect();
        assert_eq!(retired, ["sky", "sea", "sky-2"]);
    }

    #[test]
    fn positions_of_the_first_releases_stay_with_their_films_and_are_given_to_no_other() {
        let mut before = title(&[("A", "river"), ("B", "sea"), ("C", "Episode 3")]);
        for episode in &mut before.episodes {
            episode.name = None;
        }
        let after = published(Some(&before), &[("B", "sea"), ("D", "1")]);
        assert_eq!(keys(&after), ["2", "1-2"], "1 was the river");
        let mut numbered = title(&[("D", "3")]);
        numbered.episodes[0].title = "Episode 3".to_owned();
        assign(&mut numbered, Some(&before), &HashMap::new());
        assert_eq!(keys(&numbered), ["3"], "another film of the same episode");
    }

    #[test]
    fn former_episodes_are_bounded_and_the_oldest_are_forgotten() {
        let old = |n: usize| RetiredEpisode { key: format!("e{n}"), ..RetiredEpisode::default() };
        let mut before = published(None, &[("A", "river")]);
        before.retired = (0..RETIRED_COUNT_MAX).map(old).collect();
        let after = published(Some(&before), &[("B", "sea")]);
        assert_eq!(after.retired.len(), RETIRED_COUNT_MAX);
        assert_eq!(after.retired.first().map(|one| one.key.as_str()), Some("e1"));
        assert_eq!(after.retired.last().map(|one| one.key.as_str()), Some("river"));
    }

    #[test]
    fn key_fits_behind_the_id_of_its_title() {
        let mut title = title(&[("A", &"long-".repeat(20)), ("B", "1003")]);
        title.id = "t".repeat(117);
        assign(&mut title, None, &HashMap::new());
        for episode in &title.episodes {
            assert!(api::limits::is_id(&title.id_of(episode)), "{}", title.id_of(episode));
        }
        assert_eq!(title.episodes[1].key(), "1003");
    }
}
