//! The catalog of a deployment: reads the current one, and makes the next one current.

use std::collections::{BTreeMap, HashSet};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use api::{CatalogRoot, RootUpdate};
use catalog::{BuiltCatalog, Manifest, Title};

use super::admin_api::{AdminApi, UpdateOutcome};
use crate::output::console::Console;
use crate::parallel::in_parallel;

/// Packs that are sent or fetched at once.
const PARALLEL: usize = 4;
/// How long another publisher's root update may be under way that compared before this one wrote: a
/// store without transactions compares and writes in two steps, and the later write wins.
const SETTLE_TIME: Duration = Duration::from_millis(300);
/// Root updates that are tried, where other publishers are faster.
const UPDATES_MAX: usize = 8;

/// Titles by their ids.
pub(crate) type Titles = BTreeMap<String, Title>;

/// The catalog that is current.
#[derive(Debug, Default)]
pub(crate) struct CurrentCatalog {
    manifest: Option<String>,
    /// Hashes of its packs, which need not be stored again.
    packs: HashSet<String>,
    /// By their ids; those that became part of another title are among them.
    pub(crate) titles: Titles,
}

impl CurrentCatalog {
    /// The titles that people see.
    pub(crate) fn shown(&self) -> Titles {
        let shown = self.titles.iter().filter(|(_, title)| title.moved_to.is_none());
        shown.map(|(id, title)| (id.clone(), title.clone())).collect()
    }
}

/// Reads the catalog that `root` names.
pub(crate) fn read(admin: &AdminApi<'_>, root: Option<CatalogRoot>) -> Result<CurrentCatalog> {
    let Some(root) = root else { return Ok(CurrentCatalog::default()) };
    let manifest = Manifest::parse(&admin.pack(&root.manifest)?)
        .with_context(|| format!("the current manifest {}", root.manifest))?;
    let packs: HashSet<String> = manifest.packs().map(str::to_owned).collect();
    let title_packs: Vec<&String> = packs.iter().filter(|hash| **hash != manifest.home).collect();
    let titles = in_parallel(title_packs, PARALLEL, |hash| titles_in(&admin.pack(hash)?))?;
    let titles: Titles =
        titles.into_iter().flatten().map(|title| (title.id.clone(), title)).collect();
    if titles.len() != manifest.title_count {
        bail!(
            "the current manifest names {} titles, its packs {}",
            manifest.title_count,
            titles.len()
        );
    }
    Ok(CurrentCatalog { manifest: Some(root.manifest), packs, titles })
}

/// The titles of a title pack.
fn titles_in(pack: &[u8]) -> Result<Vec<Title>> {
    pack.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).context("a pack of the current catalog"))
        .collect()
}

/// Makes the catalog current that `next` makes of the current one; returns the catalog before it and its
/// titles.
///
/// Each round names the catalog that it builds upon; the deployment refuses the update where another
/// one is current, and the next round builds upon that one.
pub(crate) fn publish(
    admin: &AdminApi<'_>,
    console: &Console,
    mut current: CurrentCatalog,
    next: impl Fn(&Titles) -> Titles,
) -> Result<(CurrentCatalog, Titles)> {
    for _ in 0..UPDATES_MAX {
        let titles = next(&current.titles);
        let built = catalog::build(titles.values().cloned().collect());
        let built = built.context("building the catalog")?;
        if current.manifest.as_ref() == Some(&built.manifest.hash) {
            return Ok((current, titles));
        }
        put_packs(admin, &current, &built)?;
        let previous = current.manifest.clone();
        let update = RootUpdate { manifest: built.manifest.hash, previous };
        let is_done = admin.update_root(&update)? == UpdateOutcome::Done;
        if is_done && is_still_current(admin, &update)? {
            return Ok((current, titles));
        }
        if !is_done {
            // The publisher that claimed this root may not have written the next one yet.
            thread::sleep(SETTLE_TIME);
        }
        let later = read(admin, admin.root()?)?;
        // Another publisher was later and built upon this catalog.
        if is_done && next(&later.titles) == later.titles {
            return Ok((current, later.titles));
        }
        current = later;
        console.line("  another publisher changed the catalog: merging again");
    }
    bail!(
        "other publishers changed the catalog {UPDATES_MAX} times during this run: publish again \
         when they are done"
    )
}

/// Stores the packs that the deployment does not have, and then the manifest that names them.
fn put_packs(admin: &AdminApi<'_>, current: &CurrentCatalog, built: &BuiltCatalog) -> Result<()> {
    let missing: Vec<_> =
        built.packs.iter().filter(|pack| !current.packs.contains(&pack.hash)).collect();
    in_parallel(missing, PARALLEL, |pack| admin.put_pack(pack))?;
    admin.put_pack(&built.manifest)
}

/// Whether the catalog is current when updates that were under way have ended.
fn is_still_current(admin: &AdminApi<'_>, update: &RootUpdate) -> Result<bool> {
    thread::sleep(SETTLE_TIME);
    Ok(admin.root()?.is_some_and(|root| root.manifest == update.manifest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(id: &str, text: &str, added_at_ms: u64) -> Title {
        Title { id: id.to_owned(), title: text.to_owned(), added_at_ms, ..Title::default() }
    }

    #[test]
    fn titles_are_read_from_the_packs_that_hold_them() {
        let titles: Vec<_> = (0..500).map(|n| title(&format!("t{n:03}"), "x", n)).collect();
        let build = catalog::build(titles.clone()).unwrap();
        let manifest = Manifest::parse(&build.manifest.bytes).unwrap();
        let mut read: Vec<Title> = build
            .packs
            .iter()
            .filter(|pack| pack.hash != manifest.home)
            .flat_map(|pack| titles_in(&pack.bytes).unwrap())
            .collect();
        read.sort_by(|left, right| left.id.cmp(&right.id));
        assert_eq!(read, titles);
    }
}
