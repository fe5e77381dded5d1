//! Removes titles and episodes from the catalog, and then their films and pictures from every store.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog::{self, Titles};
use crate::deployment::dropped_media::DroppedMedia;
use crate::deployment::next_catalog::without;
use crate::deployment::target::ApiAccess;
use crate::deployment::title_selection::TitleSelection;
use crate::output::console::Console;
use crate::output::format::count_of;

/// Titles and episodes that are removed.
#[derive(Debug, Default)]
struct Selection {
    titles: BTreeSet<String>,
    episodes: BTreeSet<String>,
}

/// Removes titles, by id or name, and episodes, by id, and reports on standard output. Films and pictures
/// that no other title has are deleted from every store. The answer is whether all of them were.
///
/// # Errors
/// The deployment does not answer, or a title is not in its catalog. Then nothing was done.
pub fn remove(access: &ApiAccess, names: &[String], dry_run: bool) -> Result<bool> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    let current = current_catalog::read(&admin, admin.first_root()?)?;
    let selection = Selection::of(&current.shown(), names)?;
    selection.report(&console, &current.titles);
    let next = |titles: &Titles| without(titles, &selection.titles, &selection.episodes);
    if dry_run {
        let dropped = DroppedMedia::between(&current.titles, &next(&current.titles));
        console.line(format_args!("Would remove {selection}: {dropped} would be deleted."));
        return Ok(true);
    }
    let (before, after) = current_catalog::publish(&admin, &console, current, next)?;
    let dropped = DroppedMedia::between(&before.titles, &after);
    let is_done = dropped.delete(&admin, &console);
    console.line(format_args!("Removed {selection}: {dropped} deleted."));
    Ok(is_done)
}

impl Selection {
    fn of(titles: &Titles, names: &[String]) -> Result<Self> {
        let mut selection = Self::default();
        for name in names {
            let episode = catalog::parse_episode_id(name)
                .and_then(|(id, key)| titles.get(id)?.episode(key))
                .filter(|_| !titles.contains_key(name));
            if episode.is_some() {
                selection.episodes.insert(name.clone());
                continue;
            }
            let found = TitleSelection::Named(vec![name.clone()]).of(titles);
            let found = found.context("name a title by its id or name, an episode by its id")?;
            selection.titles.extend(found.into_iter().map(|title| title.id.clone()));
        }
        Ok(selection)
    }

    fn report(&self, console: &Console, titles: &Titles) {
        for title in self.titles.iter().filter_map(|id| titles.get(id)) {
            let episodes = count_of(title.episodes.len(), "episode");
            console.line(format_args!("{}: {}, {episodes}", title.id, title.title));
        }
        for id in &self.episodes {
            let episode = catalog::parse_episode_id(id)
                .and_then(|(title, key)| titles.get(title)?.episode(key));
            console.line(format_args!("{id}: {}", episode.map_or("", |episode| &episode.title)));
        }
    }
}

impl std::fmt::Display for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let titles = count_of(self.titles.len(), "title");
        let episodes = count_of(self.episodes.len(), "episode");
        match (self.titles.is_empty(), self.episodes.is_empty()) {
            (_, true) => f.write_str(&titles),
            (true, false) => f.write_str(&episodes),
            (false, false) => write!(f, "{titles} and {episodes}"),
        }
    }
}
