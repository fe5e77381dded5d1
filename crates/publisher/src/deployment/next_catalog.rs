//! Merges the titles of a library into a catalog. Titles and episodes keep the ids that they have there:
//! an id stays with a film, whatever its file is called now, and is given to nothing else.

use std::collections::{BTreeSet, HashMap, HashSet};

use catalog::Title;

use super::current_catalog::Titles;
use super::{episode_keys, former_ids};

/// Titles whose old ids lead to the titles that they became part of: more than a person sorts anew.
const MOVED_COUNT_MAX: usize = 10_000;

/// A title to be published. Its id, and the names of its episodes, are those that its files give it.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewTitle {
    pub(crate) title: Title,
    /// Whether a person gave it its id.
    pub(crate) has_given_id: bool,
}

/// The titles of a folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewTitles {
    /// Names the folder.
    pub(crate) library: String,
    pub(crate) titles: Vec<NewTitle>,
    /// Whether titles of other folders go.
    pub(crate) replace: bool,
}

/// The titles of the next catalog: earlier ones unless they are replaced, and the new ones in place of
/// those with the same id, whose age they keep.
pub(crate) fn next_titles(current: &Titles, new: &NewTitles) -> Titles {
    let (ids, ids_before) = (title_ids(current, new), ids_by_source(current));
    let mut published = Titles::new();
    for (id, NewTitle { title, .. }) in ids.iter().zip(&new.titles) {
        let before = current.get(id);
        let mut title = Title { id: id.clone(), ..title.clone() };
        title.library = Some(new.library.clone());
        title.added_at_ms = before.map_or(title.added_at_ms, |before| before.added_at_ms);
        episode_keys::assign(&mut title, before, &ids_before);
        published.insert(id.clone(), title);
    }
    let ids_by_source = ids_by_source(&published);
    let mut next = Titles::new();
    for (id, title) in current {
        if !published.contains_key(id) {
            next.extend(staying(title, new, &ids_by_source).map(|title| (id.clone(), title)));
        }
    }
    for (id, title) in &mut published {
        if let Some(before) = current.get(id) {
            episode_keys::retire(title, before, &ids_by_source);
        }
    }
    next.extend(published);
    drop_dead_moves(&mut next);
    former_ids::note(&mut next);
    next
}

/// The titles of the next catalog, without these titles and episodes. A title without episodes goes.
pub(crate) fn without(
    current: &Titles,
    title_ids: &BTreeSet<String>,
    episode_ids: &BTreeSet<String>,
) -> Titles {
    let mut next = Titles::new();
    for (id, before) in current.iter().filter(|(id, _)| !title_ids.contains(*id)) {
        let mut title = before.clone();
        title.episodes.retain(|episode| !episode_ids.contains(&before.id_of(episode)));
        if title.episodes.len() < before.episodes.len() {
            episode_keys::retire(&mut title, before, &HashMap::new());
        }
        if !title.episodes.is_empty() || before.episodes.is_empty() {
            next.insert(id.clone(), title);
        }
    }
    drop_dead_moves(&mut next);
    former_ids::note(&mut next);
    next
}

/// The episode id of each source of these titles.
fn ids_by_source(titles: &Titles) -> HashMap<String, String> {
    let episodes = titles.values().flat_map(|title| title.episodes.iter().map(move |e| (title, e)));
    let sources = episodes.flat_map(|(title, episode)| {
        let id = title.id_of(episode);
        episode.sources.iter().map(move |source| (source.id.clone(), id.clone()))
    });
    sources.collect()
}

/// What stays of a title that is not in the library: all of it, its moves, or nothing.
fn staying(
    title: &Title,
    new: &NewTitles,
    ids_by_source: &HashMap<String, String>,
) -> Option<Title> {
    if title.moved_to.is_some() {
        return Some(title.clone());
    }
    let episode_id = |episode| episode_keys::episode_id(episode, ids_by_source);
    let found: Vec<_> = title.episodes.iter().map(episode_id).collect();
    let is_of_library = title.library.as_ref() == Some(&new.library);
    // Of another folder's titles nothing is known but what the catalog says.
    let has_moved = is_of_library && !found.is_empty() && found.iter().all(Option::is_some);
    if !(new.replace || has_moved) {
        return Some(title.clone());
    }
    let to = found.into_iter().flatten().next()?;
    let (moved_to, _) = catalog::parse_episode_id(&to)?;
    let mut moved = Title {
        id: title.id.clone(),
        added_at_ms: title.added_at_ms,
        moved_to: Some(moved_to.to_owned()),
        ..Title::default()
    };
    episode_keys::retire(&mut moved, title, ids_by_source);
    moved.retired.retain(|episode| episode.moved_to.is_some());
    Some(moved)
}

/// Drops moves to titles that are gone, and the oldest beyond the limit.
fn drop_dead_moves(titles: &mut Titles) {
    let mut moves: Vec<_> = titles
        .values()
        .filter_map(|title| Some((title.added_at_ms, title.id.clone(), title.moved_to.clone()?)))
        .collect();
    moves.sort_unstable();
    let excess = moves.len().saturating_sub(MOVED_COUNT_MAX);
    for (position, (_, id, to)) in moves.into_iter().enumerate() {
        if position < excess || !titles.contains_key(&to) {
            titles.remove(&id);
        }
    }
}

/// The id of each new title: the one that a person gave it; else that of the title that has its films;
/// else the one that its name gives, if no other title is called so.
fn title_ids(current: &Titles, new: &NewTitles) -> Vec<String> {
    let owners = owners(current);
    let mut ids = Ids { ids: vec![None; new.titles.len()], taken: HashSet::new() };
    ids.choose(new, |new, _| new.has_given_id.then(|| new.title.id.clone()));
    ids.choose(new, |NewTitle { title, .. }, _| {
        owners_of(&owners, title).find(|owner| *owner == title.id).map(str::to_owned)
    });
    ids.choose(new, |NewTitle { title, .. }, taken| {
        let is_same = |owner: &&str| {
            let before = current.get(*owner).filter(|_| !taken.contains(*owner));
            before.is_some_and(|before| is_renamed(before, title, &new.library))
        };
        owners_of(&owners, title).find(is_same).map(str::to_owned)
    });
    ids.choose(new, |NewTitle { title, .. }, _| Some(title.id.clone()));
    ids.choose(new, |NewTitle { title, .. }, taken| {
        let is_free = |id: &String| !taken.contains(id) && !current.contains_key(id);
        (2..=u32::MAX).map(|n| format!("{}-{n}", title.id)).find(is_free)
    });
    ids.ids.into_iter().flatten().collect()
}

/// The ids that are chosen so far, each once.
struct Ids {
    ids: Vec<Option<String>>,
    taken: HashSet<String>,
}

impl Ids {
    /// Gives each title without an id the one that `choose` finds, unless another title has it.
    fn choose(
        &mut self,
        new: &NewTitles,
        choose: impl Fn(&NewTitle, &HashSet<String>) -> Option<String>,
    ) {
        for (id, title) in self.ids.iter_mut().zip(&new.titles).filter(|(id, _)| id.is_none()) {
            *id = choose(title, &self.taken).filter(|id| self.taken.insert(id.clone()));
        }
    }
}

/// Ids of the titles that have a source, by its id.
fn owners(titles: &Titles) -> HashMap<&str, Vec<&str>> {
    let mut owners: HashMap<&str, Vec<&str>> = HashMap::new();
    for title in titles.values() {
        for source in sources(title) {
            owners.entry(source).or_default().push(&title.id);
        }
    }
    owners
}

fn owners_of<'a>(
    owners: &'a HashMap<&str, Vec<&'a str>>,
    title: &'a Title,
) -> impl Iterator<Item = &'a str> {
    sources(title).filter_map(|source| owners.get(source)).flatten().copied()
}

/// Source ids of a title's films.
pub(crate) fn sources(title: &Title) -> impl Iterator<Item = &str> {
    title.episodes.iter().flat_map(|episode| &episode.sources).map(|source| source.id.as_str())
}

/// Whether a title of the same folder has most of these films, so that only its name changed.
fn is_renamed(before: &Title, title: &Title, library: &str) -> bool {
    let is_of_library = before.library.as_ref().is_none_or(|of| of == library);
    let films: HashSet<&str> = sources(before).collect();
    let shared = sources(title).filter(|source| films.contains(source)).count();
    is_of_library && 2 * shared > before.episodes.len().max(title.episodes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::{Episode, Source};

    /// A title by its id, with films that are named as they are.
    fn title(id: &str, films: &[&str]) -> Title {
        let episode = |(number, film): (u32, &&str)| Episode {
            number,
            name: Some((*film).to_lowercase()),
            sources: vec![Source { id: film.to_lowercase(), ..Source::default() }],
            ..Episode::default()
        };
        let episodes = (1..).zip(films).map(episode).collect();
        Title { id: id.to_owned(), added_at_ms: 9, episodes, ..Title::default() }
    }

    fn new(titles: &[(&str, &[&str])], replace: bool) -> NewTitles {
        let new = |(id, films): &(&str, &[&str])| NewTitle {
            title: title(id, films),
            has_given_id: id.starts_with("given"),
        };
        let titles = titles.iter().map(new).collect();
        NewTitles { library: "l".to_owned(), titles, replace }
    }

    fn ids(titles: &Titles) -> Vec<&str> {
        titles.keys().map(String::as_str).collect()
    }

    #[test]
    fn earlier_titles_stay_and_a_replaced_title_keeps_its_age() {
        let old = |id: &str| Title { added_at_ms: 1, ..title(id, &[]) };
        let current: Titles = ["a", "b"].map(|id| (id.to_owned(), old(id))).into();
        let next = next_titles(&current, &new(&[("a", &["X"]), ("c", &["Z"])], false));
        assert_eq!(ids(&next), ["a", "b", "c"]);
        assert_eq!((next["a"].added_at_ms, next["c"].added_at_ms), (1, 9));
        assert_eq!(next["b"], current["b"]);
        assert_eq!(ids(&next_titles(&current, &new(&[("a", &["X"])], true))), ["a"]);
    }

    #[test]
    fn title_keeps_its_id_when_its_films_are_called_otherwise() {
        let first = next_titles(&Titles::new(), &new(&[("a", &["X"]), ("a-2", &["Y"])], false));
        let one = next_titles(&first, &new(&[("a", &["Y"])], true));
        assert_eq!(ids(&one), ["a-2"], "the film that was second is not the first now");
        let swapped = next_titles(&first, &new(&[("a", &["Y"]), ("a-2", &["X"])], false));
        assert_eq!(swapped["a"].episodes[0].sources[0].id, "x");
        let other = next_titles(&first, &new(&[("b", &["X"]), ("a", &["Z"])], false));
        assert_eq!(ids(&other), ["a", "a-2", "a-3"]);
        assert_eq!(other["a-3"].episodes[0].sources[0].id, "z");
        let mut foreign = first.clone();
        for title in foreign.values_mut() {
            title.library = Some("other".to_owned());
        }
        let copied = next_titles(&foreign, &new(&[("b", &["X"])], false));
        assert_eq!(
            ids(&copied),
            ["a", "a-2", "b"],
            "a copy in another folder is a title of its own"
        );
    }

    #[test]
    fn removed_episode_is_remembered_and_a_title_without_episodes_goes() {
        let current =
            next_titles(&Titles::new(), &new(&[("a", &["X", "Y"]), ("b", &["Z"])], false));
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let next = without(&current, &set(&[]), &set(&["a.x"]));
        assert_eq!((next["a"].episodes.len(), next["a"].retired[0].key.as_str()), (1, "x"));
        assert_eq!(ids(&without(&next, &set(&["b"]), &set(&["a.y"]))), Vec::<&str>::new());
        assert_eq!(without(&current, &set(&["gone"]), &set(&["b.gone"])), current);
    }

    #[test]
    fn moved_titles_are_bounded() {
        let moved = |n: u64| {
            let id = format!("m{n}");
            let moved_to = Some("a".to_owned());
            (id.clone(), Title { id, added_at_ms: n, moved_to, ..Title::default() })
        };
        let mut current: Titles = (0..=MOVED_COUNT_MAX as u64).map(moved).collect();
        current.insert("a".to_owned(), title("a", &["X"]));
        let next = next_titles(&current, &new(&[("a", &["X"])], false));
        assert_eq!(next.len(), MOVED_COUNT_MAX + 1);
        assert!(!next.contains_key("m0"), "the oldest goes first");
    }

    #[test]
    fn ids_of_titles_that_became_part_of_another_lead_there() {
        let first = next_titles(&Titles::new(), &new(&[("x", &["X"]), ("y", &["Y"])], false));
        let second = next_titles(&first, &new(&[("both", &["X", "Y"])], false));
        assert_eq!(ids(&second), ["both", "x", "y"]);
        assert_eq!(second["x"].moved_to.as_deref(), Some("both"));
        let moved: Vec<_> = second["y"].moved_episodes().collect();
        assert_eq!(moved, [("y.y".to_owned(), "both.y")]);
        catalog::build(second.values().cloned().collect()).unwrap();
        let third = next_titles(&second, &new(&[("given", &["X", "Y"])], false));
        assert_eq!(third["both"].moved_to.as_deref(), Some("given"));
        assert_eq!(third["x"].moved_to.as_deref(), Some("both"), "moves are followed one by one");
        let back = next_titles(&second, &new(&[("x", &["X"]), ("y", &["Y"])], true));
        assert_eq!(ids(&back), ["both", "x", "y"]);
        assert_eq!(back["x"].id_of(&back["x"].episodes[0]), "x.x", "it has its first id again");
        let gone = next_titles(&second, &new(&[("z", &["Z"])], true));
        assert_eq!(ids(&gone), ["z"], "a move to nothing is dropped");
    }
}
