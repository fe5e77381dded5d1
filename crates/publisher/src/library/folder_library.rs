//! The films of a folder as titles: they come from `catalog.toml` where there is one, else from names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::draft_title::{CATALOG_FILE, DraftTitle, DraftTitles, FileLocation, SkippedFile};
use super::folder_scan::{self, FolderScan};
use super::{catalog_toml, titles_from_names};
use crate::library_folder::{LibraryFolder, SymbolicLinks};

/// A folder that was read: the titles that it is to become. Its films are not opened yet.
pub struct Library {
    pub(crate) folder: LibraryFolder,
    pub(crate) titles: Vec<DraftTitle>,
    pub(crate) skipped: Vec<SkippedFile>,
    /// Films in the folder that `catalog.toml` does not name.
    pub(crate) unnamed: usize,
}

impl Library {
    /// Reads the folder at `path`. Files behind links that lead elsewhere count where `links` says so.
    ///
    /// # Errors
    /// It is not a folder, has no film, or its `catalog.toml` has a fault.
    pub fn read(path: &Path, links: SymbolicLinks) -> Result<Self> {
        let folder = LibraryFolder::new(path, links)?;
        let scan = folder_scan::scan(&folder)?;
        let (drafts, unnamed) = match catalog_toml::read(&folder)? {
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
                folder.root.display()
            );
        }
        Ok(Self { folder, titles, skipped, unnamed })
    }

    /// Names the folder: titles of the same one are known to be its own at the next publish.
    pub(crate) fn id(&self) -> String {
        let hash = blake3::hash(self.folder.root.as_os_str().as_encoded_bytes()).to_hex();
        hash.get(..16).unwrap_or_default().to_owned()
    }
}

/// Number of films in the folder that are part of no title.
fn unnamed_films(scan: &FolderScan, titles: &[DraftTitle]) -> usize {
    let episodes = titles.iter().flat_map(|title| &title.episodes);
    let named: HashSet<&PathBuf> = episodes
        .map(|episode| &episode.file)
        .filter_map(|file| match file {
            FileLocation::File(file) => Some(file),
            FileLocation::Provider(_) => None,
        })
        .collect();
    let films = scan
        .folders
        .iter()
        .flat_map(|folder| folder.films.iter().map(|film| folder.path.join(film)));
    films.filter(|film| !named.contains(film)).count()
}
