//! Titles and episodes that a folder is to become, each episode with its file.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use api::ProviderFile;

/// Name of the file that lists the titles of a folder.
pub(crate) const CATALOG_FILE: &str = "catalog.toml";

/// A title to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DraftTitle {
    /// Catalog id, unique in the library. A title that was published keeps the id that it has.
    pub(crate) id: String,
    /// Whether a person gave it the id.
    pub(crate) has_given_id: bool,
    pub(crate) title: String,
    pub(crate) synopsis: String,
    pub(crate) genres: Vec<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) cover: Option<FileLocation>,
    /// A wide picture.
    pub(crate) banner: Option<FileLocation>,
    /// At least one, in order, numbers ascending.
    pub(crate) episodes: Vec<DraftEpisode>,
}

/// Where a film or a picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileLocation {
    /// A file, relative to the library.
    File(PathBuf),
    /// A file of one of the deployment's providers.
    Provider(ProviderFile),
}

impl FileLocation {
    /// The file's name, without folders and extension.
    pub(crate) fn stem(&self) -> &str {
        let path = match self {
            Self::File(file) => file.as_path(),
            Self::Provider(file) => Path::new(&file.file),
        };
        path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }
}

impl Default for FileLocation {
    fn default() -> Self {
        Self::File(PathBuf::new())
    }
}

impl Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Provider(file) => write!(f, "{} of {}", file.file, file.provider),
        }
    }
}

/// An episode to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DraftEpisode {
    pub(crate) file: FileLocation,
    /// Its number, or its place among the others.
    pub(crate) number: u32,
    /// What names it among the episodes of its title, as `catalog::Episode::name` has it.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) released_at: Option<String>,
}

/// A file that is not published, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkippedFile {
    /// Relative to the library.
    pub(crate) file: String,
    pub(crate) reason: String,
}

/// Titles to be, and the files that are part of none.
#[derive(Debug, Default)]
pub(crate) struct DraftTitles {
    pub(crate) titles: Vec<DraftTitle>,
    pub(crate) skipped: Vec<SkippedFile>,
}
