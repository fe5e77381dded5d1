//! Films and pictures that a catalog had and the next one has not: they are deleted when it is current.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::{self, Display};

use catalog::Title;

use super::admin_api::AdminApi;
use super::current_catalog::Titles;
use crate::output::console::Console;
use crate::output::format::{Bytes, count_of};

/// What no title has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DroppedMedia {
    /// Bytes of each film, by its source id.
    pub(crate) films: BTreeMap<String, u64>,
    /// Image ids.
    pub(crate) pictures: BTreeSet<String>,
}

impl DroppedMedia {
    /// What the titles `before` have and those `after` have not.
    pub(crate) fn between(before: &Titles, after: &Titles) -> Self {
        let named: HashSet<&str> = after.values().flat_map(Title::media).collect();
        let is_dropped = |id: &String| !named.contains(id.as_str());
        let episodes = before.values().flat_map(|title| &title.episodes);
        let films = episodes
            .flat_map(|episode| &episode.sources)
            .map(|source| (source.id.clone(), source.size_bytes));
        let pictures = before.values().flat_map(|title| title.cover.iter().chain(&title.banner));
        Self {
            films: films.filter(|(id, _)| is_dropped(id)).collect(),
            pictures: pictures.filter(|id| is_dropped(id)).cloned().collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.films.is_empty() && self.pictures.is_empty()
    }

    /// Deletes all of it, and reports what failed; whether nothing did.
    pub(crate) fn delete(&self, admin: &AdminApi<'_>, console: &Console) -> bool {
        let films = self.films.keys().map(|id| ("film", id, admin.remove_film(id)));
        let pictures = self.pictures.iter().map(|id| ("picture", id, admin.remove_picture(id)));
        let failed = films.chain(pictures).filter_map(|(what, id, result)| {
            let error = result.err()?;
            console.line(format_args!("  {what} {id} is not removed: {error:#}"));
            Some(())
        });
        failed.count() == 0
    }
}

impl Display for DroppedMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let films = count_of(self.films.len(), "film");
        let pictures = count_of(self.pictures.len(), "picture");
        write!(f, "{films} of {} and {pictures}", Bytes(self.films.values().sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::{Episode, Source};

    #[test]
    fn film_that_another_title_has_is_not_dropped() {
        let title = |id: &str, films: &[&str], cover: &str| {
            let source =
                |film: &&str| Source { id: (*film).to_owned(), size_bytes: 7, ..Source::default() };
            let sources = films.iter().map(source).collect();
            let episodes = vec![Episode { number: 1, sources, ..Episode::default() }];
            let cover = Some(cover.to_owned());
            (id.to_owned(), Title { id: id.to_owned(), episodes, cover, ..Title::default() })
        };
        let before: Titles = [title("a", &["x", "y"], "c"), title("b", &["y"], "d")].into();
        let after: Titles = [title("b", &["y"], "d")].into();
        let dropped = DroppedMedia::between(&before, &after);
        assert_eq!(dropped.films, BTreeMap::from([("x".to_owned(), 7)]));
        assert_eq!(dropped.pictures, BTreeSet::from(["c".to_owned()]));
        assert_eq!(dropped.to_string(), "1 film of 7 B and 1 picture");
        assert!(DroppedMedia::between(&before, &before).is_empty());
    }
}
