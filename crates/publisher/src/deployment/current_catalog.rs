//! The catalogue of a deployment: read back, merged with what is new, made current.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use api::{CatalogRoot, RootUpdate};
use catalog::{Manifest, Title};

use super::admin_api::{AdminApi, FlipOutcome};
use crate::output::console::Console;

/// Packs on their way at once.
const PARALLEL: usize = 4;
/// How long a flip of another publisher may be under way that read the catalogue before this one
/// was current: the stores compare and write in two steps, so that the later one wins.
const SETTLED: Duration = Duration::from_millis(300);
/// How often somebody else may be faster.
const FLIPS_MAX: usize = 8;

/// A catalogue as it is.
#[derive(Debug, Default)]
pub(crate) struct CurrentCatalog {
    manifest: Option<String>,
    /// Hashes of its packs: these need not be stored again.
    packs: HashSet<String>,
    /// By their ids.
    pub(crate) titles: BTreeMap<String, Title>,
}

/// Reads the catalogue that `root` names.
pub(crate) fn read(admin: &AdminApi<'_>, root: Option<CatalogRoot>) -> Result<CurrentCatalog> {
    let Some(root) = root else { return Ok(CurrentCatalog::default()) };
    let manifest = Manifest::parse(&admin.pack(&root.manifest)?)
        .with_context(|| format!("the current manifest {}", root.manifest))?;
    let packs: HashSet<String> = manifest.packs().map(str::to_owned).collect();
    let details: Vec<&String> = packs.iter().filter(|hash| **hash != manifest.home).collect();
    let titles = in_parallel(details, |hash| titles_in(&admin.pack(hash)?))?;
    let titles: BTreeMap<String, Title> =
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

/// The titles of a detail pack.
fn titles_in(pack: &[u8]) -> Result<Vec<Title>> {
    pack.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).context("a pack of the current catalogue"))
        .collect()
}

/// What the catalogue is to be: the titles published earlier, unless they are to go, and the new
/// ones in the place of those with the same id, each as old as it was.
fn merged(current: &CurrentCatalog, new: &[Title], replace: bool) -> Vec<Title> {
    let mut titles = if replace { BTreeMap::new() } else { current.titles.clone() };
    for title in new {
        let added_at_ms =
            current.titles.get(&title.id).map_or(title.added_at_ms, |t| t.added_at_ms);
        titles.insert(title.id.clone(), Title { added_at_ms, ..title.clone() });
    }
    titles.into_values().collect()
}

/// Makes a catalogue with `new` in it current; how many titles it has.
pub(crate) fn publish(
    admin: &AdminApi<'_>,
    console: &Console,
    mut current: CurrentCatalog,
    new: &[Title],
    replace: bool,
) -> Result<usize> {
    for _ in 0..FLIPS_MAX {
        let titles = merged(&current, new, replace);
        let count = titles.len();
        let build = catalog::build(titles).context("building the catalogue")?;
        if current.manifest.as_ref() == Some(&build.manifest.hash) {
            return Ok(count);
        }
        let missing: Vec<_> =
            build.packs.iter().filter(|pack| !current.packs.contains(&pack.hash)).collect();
        in_parallel(missing, |pack| admin.put_pack(pack))?;
        admin.put_pack(&build.manifest)?;
        let flip = RootUpdate { manifest: build.manifest.hash, previous: current.manifest };
        let flipped = admin.flip(&flip)?;
        if flipped == FlipOutcome::Done {
            thread::sleep(SETTLED);
            if admin.root()?.is_some_and(|root| root.manifest == flip.manifest) {
                return Ok(count);
            }
        }
        current = read(admin, admin.root()?)?;
        // Another publisher was later and built upon this catalogue.
        if flipped == FlipOutcome::Done && new.iter().all(|t| current.titles.contains_key(&t.id)) {
            return Ok(current.titles.len());
        }
        console.line("  the catalogue was changed meanwhile: merging again");
    }
    bail!("the catalogue was changed {FLIPS_MAX} times meanwhile; is another publish running?")
}

/// Does `work` for each item, a few at once; the first failure ends it.
fn in_parallel<I: Send, T: Send>(
    items: Vec<I>,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let workers = PARALLEL.min(items.len());
    let state = Mutex::new((items.into_iter(), Vec::new(), None));
    let worker = || loop {
        let item = match state.lock() {
            Ok(mut state) if state.2.is_none() => state.0.next(),
            _ => None,
        };
        let Some(item) = item else { return };
        let result = work(item);
        let Ok(mut state) = state.lock() else { return };
        match result {
            Ok(done) => state.1.push(done),
            Err(error) => drop(state.2.get_or_insert(error)),
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    let (_, done, failed) = state.into_inner().map_err(|_| anyhow!("a thread has panicked"))?;
    failed.map_or(Ok(done), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(id: &str, text: &str, added_at_ms: u64) -> Title {
        Title { id: id.to_owned(), title: text.to_owned(), added_at_ms, ..Title::default() }
    }

    fn current(titles: &[Title]) -> CurrentCatalog {
        let titles = titles.iter().map(|title| (title.id.clone(), title.clone())).collect();
        CurrentCatalog { titles, ..CurrentCatalog::default() }
    }

    #[test]
    fn earlier_titles_stay_and_the_same_id_is_replaced_at_its_age() {
        let current = current(&[title("a", "old", 1), title("b", "kept", 2)]);
        let titles = merged(&current, &[title("a", "new", 9), title("c", "c", 9)], false);
        assert_eq!(titles, [title("a", "new", 1), title("b", "kept", 2), title("c", "c", 9)]);
        let titles = merged(&current, &[title("a", "new", 9)], true);
        assert_eq!(titles, [title("a", "new", 1)]);
    }

    #[test]
    fn titles_are_read_back_from_the_packs_that_hold_them() {
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

    #[test]
    fn the_first_failure_ends_parallel_work() {
        let done = in_parallel((0..100).collect(), Ok::<i32, _>).unwrap();
        assert_eq!(done.len(), 100);
        let failed =
            in_parallel((0..100).collect::<Vec<i32>>(), |n| (n != 3).then_some(n).context("three"));
        assert!(failed.is_err());
    }
}
