//! Titles and episodes that a folder is to become, each episode with its file.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;

use api::ProviderFile;

/// Name of the file that lists the titles of a folder.
pub(crate) const CATALOG_FILE: &str = "catalog.toml";

/// A title to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DraftTitle {
    /// Catalog id, unique in the library.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) synopsis: String,
    pub(crate) genres: Vec<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) cover: Option<PictureLocation>,
    /// A wide picture.
    pub(crate) banner: Option<PictureLocation>,
    /// At least one, in order, numbers ascending.
    pub(crate) episodes: Vec<DraftEpisode>,
}

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PictureLocation {
    /// A file, relative to the library.
    File(PathBuf),
    /// A file of one of the deployment's providers.
    Provider(ProviderFile),
}

impl Display for PictureLocation {
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
    /// Relative to the library.
    pub(crate) file: PathBuf,
    pub(crate) number: u32,
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
