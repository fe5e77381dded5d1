//! Ids that episodes had in other titles: a viewer's positions and links may still have them.

use std::collections::HashMap;

use catalog::parse_episode_id;

use super::current_catalog::Titles;

/// Ids that an episode remembers, the last in order of their names: more than a person sorts a library
/// anew.
const FORMER_COUNT_MAX: usize = 8;
/// Moves that are followed from an old id.
const MOVES_MAX: usize = 8;

/// Says of each episode which ids of other titles lead to it.
pub(crate) fn note(titles: &mut Titles) {
    let moves: HashMap<String, String> = titles
        .values()
        .flat_map(|title| title.moved_episodes().map(|(from, to)| (from, to.to_owned())))
        .collect();
    let mut former: HashMap<String, Vec<String>> = HashMap::new();
    for from in moves.keys() {
        if let Some(to) = destination(titles, &moves, from) {
            former.entry(to).or_default().push(from.clone());
        }
    }
    for title in titles.values_mut() {
        let id = title.id.clone();
        for episode in &mut title.episodes {
            let mut ids =
                former.remove(&catalog::episode_id(&id, episode.key())).unwrap_or_default();
            ids.sort_unstable();
            ids.drain(..ids.len().saturating_sub(FORMER_COUNT_MAX));
            episode.former_ids = ids;
        }
    }
}

/// The id of the episode that an old id leads to.
fn destination(titles: &Titles, moves: &HashMap<String, String>, from: &str) -> Option<String> {
    let mut id = from;
    for _ in 0..=MOVES_MAX {
        let (catalog_id, key) = parse_episode_id(id)?;
        if titles.get(catalog_id)?.episode(key).is_some() {
            return (id != from).then(|| id.to_owned());
        }
        id = moves.get(id)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::{Episode, RetiredEpisode, Title};

    /// A title that became part of another: its episode is this one now.
    fn moved(id: &str, to: &str) -> (String, Title) {
        let moved_to = Some(to.to_owned());
        let retired = vec![RetiredEpisode { key: "1".to_owned(), name: None, moved_to }];
        (id.to_owned(), Title { id: id.to_owned(), retired, ..Title::default() })
    }

    fn shown(id: &str) -> (String, Title) {
        let former_ids = vec!["stale.1".to_owned()];
        let episodes = vec![Episode { number: 1, former_ids, ..Episode::default() }];
        (id.to_owned(), Title { id: id.to_owned(), episodes, ..Title::default() })
    }

    fn former_ids(titles: &Titles) -> Vec<&str> {
        titles["a"].episodes[0].former_ids.iter().map(String::as_str).collect()
    }

    #[test]
    fn episode_knows_the_ids_that_lead_to_it_over_several_moves() {
        let mut titles: Titles =
            [shown("a"), moved("b", "a.1"), moved("c", "b.1"), moved("d", "gone.1")].into();
        note(&mut titles);
        assert_eq!(former_ids(&titles), ["b.1", "c.1"]);
        let noted = titles.clone();
        note(&mut titles);
        assert_eq!(titles, noted);
        titles.retain(|id, _| id == "a");
        note(&mut titles);
        assert_eq!(former_ids(&titles), Vec::<&str>::new());
    }

    #[test]
    fn former_ids_are_bounded_and_moves_in_a_circle_end() {
        let mut titles: Titles = (0..20).map(|n| moved(&format!("m{n:02}"), "a.1")).collect();
        titles.extend([shown("a"), moved("x", "y.1"), moved("y", "x.1")]);
        note(&mut titles);
        assert_eq!(former_ids(&titles).len(), FORMER_COUNT_MAX);
        assert_eq!(former_ids(&titles).last(), Some(&"m19.1"));
    }
}
