//! `firstframe purge`: has the edge remove the start data of titles, which it fetches and makes again
//! when it is needed.

use std::collections::BTreeMap;

use anyhow::Result;
use catalog::Title;

use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog;
use crate::deployment::target::ApiAccess;
use crate::deployment::title_selection::{self, TitleSelection};
use crate::output::console::Console;

/// Titles whose start data is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurgeSelection {
    /// Every title.
    All,
    /// Some titles.
    Titles(TitleSelection),
}

/// Purges titles, and reports each on standard output. The answer is whether all of them were purged.
///
/// # Errors
/// The deployment does not answer, or a title is not in its catalog. Then nothing was done.
pub fn purge(access: &ApiAccess, selection: &PurgeSelection, dry_run: bool) -> Result<bool> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    let shown = current_catalog::read(&admin, admin.first_root()?)?.shown();
    match selection {
        PurgeSelection::All => purge_all(&admin, &console, shown.len(), dry_run),
        PurgeSelection::Titles(titles) if dry_run => rehearse(&console, &shown, titles),
        PurgeSelection::Titles(titles) => purge_titles(&admin, &console, &shown, titles),
    }
}

fn purge_all(admin: &AdminApi<'_>, console: &Console, count: usize, dry_run: bool) -> Result<bool> {
    if dry_run {
        console.line(format_args!("Would purge all {count} titles."));
    } else {
        admin.purge(None)?;
        console.line(format_args!("Purged all {count} titles."));
    }
    Ok(true)
}

/// Reports the titles that would be purged.
fn rehearse(
    console: &Console,
    titles: &BTreeMap<String, Title>,
    selection: &TitleSelection,
) -> Result<bool> {
    let titles = selection.of(titles)?;
    for (n, title) in (1..).zip(&titles) {
        let episodes = title_selection::playable_episodes(&[title]).len();
        console.line(format_args!("[{n}/{}] {}: {episodes} episodes", titles.len(), title.id));
    }
    console.line(format_args!("Would purge {} titles.", titles.len()));
    Ok(true)
}

fn purge_titles(
    admin: &AdminApi<'_>,
    console: &Console,
    titles: &BTreeMap<String, Title>,
    selection: &TitleSelection,
) -> Result<bool> {
    let titles = selection.of(titles)?;
    let (mut purged, mut films, mut failed) = (0, 0, 0);
    for (n, title) in (1..).zip(&titles) {
        let name = format!("[{n}/{}] {}", titles.len(), title.id);
        match admin.purge(Some(&title.id)) {
            Ok(done) => {
                let count = done.films.unwrap_or_default();
                (purged, films) = (purged + 1, films + count);
                console.line(format_args!("{name}: {count} films"));
            }
            Err(error) => {
                failed += 1;
                console.line(format_args!("{name}: {error:#}"));
            }
        }
    }
    console.line(format_args!("Purged {purged} titles with {films} films; {failed} failed."));
    Ok(failed == 0)
}
