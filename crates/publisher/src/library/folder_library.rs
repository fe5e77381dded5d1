//! The films of a folder as titles: they come from `catalog.toml` where there is one, else from names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::draft_title::{CATALOG_FILE, DraftTitle, DraftTitles, SkippedFile};
use super::folder_scan::{self, FolderScan};
use super::{catalog_toml, titles_from_names};

/// A folder that was read: the titles that it is to become. Its films are not opened yet.
pub struct Library {
    /// The folder, without links in its path, so that paths inside and outside can be distinguished.
    pub(crate) root: PathBuf,
    pub(crate) titles: Vec<DraftTitle>,
    pub(crate) skipped: Vec<SkippedFile>,
    /// Films in the folder that `catalog.toml` does not name.
    pub(crate) unnamed: usize,
}

impl Library {
    /// Reads `folder`.
    ///
    /// # Errors
    /// It is not a folder, has no film, or its `catalog.toml` has a fault.
    pub fn read(folder: &Path) -> Result<Self> {
        let root = folder.canonicalize().with_context(|| format!("{}", folder.display()))?;
        if !root.is_dir() {
            bail!("{} is not a folder", folder.display());
        }
        let scan = folder_scan::scan(&root)?;
        let (drafts, unnamed) = match catalog_toml::read(&root)? {
            Some(drafts) => {
                let unnamed = unnamed_films(&scan, &drafts.titles);
                (drafts, unnamed)
            }
            None => (titles_from_names::titles(scan), 0),
        };
        let DraftTitles { titles, skipped } = drafts;
        if titles.is_empty() && skipped.is_empty() {
            bail!(
                "there is no film in {}: put MP4 files there, or a {CATALOG_FILE} that names them",
                root.display()
            );
        }
        Ok(Self { root, titles, skipped, unnamed })
    }
}

/// Number of films in the folder that are part of no title.
fn unnamed_films(scan: &FolderScan, titles: &[DraftTitle]) -> usize {
    let named: HashSet<&PathBuf> =
        titles.iter().flat_map(|title| &title.episodes).map(|episode| &episode.file).collect();
    let films = scan
        .folders
        .iter()
        .flat_map(|folder| folder.films.iter().map(|film| folder.path.join(film)));
    films.filter(|film| !named.contains(film)).count()
}
