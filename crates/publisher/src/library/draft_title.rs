//! Titles and episodes to be, each with its file.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;

use api::Registration;

use crate::cli::report::Refusal;

/// Name of the file in which a person says what the titles are.
pub(super) const CATALOG: &str = "catalog.toml";

/// A title to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Draft {
    /// Catalogue id, unique in the library.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) synopsis: String,
    pub(super) genres: Vec<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) cover: Option<Place>,
    /// A wide picture.
    pub(super) banner: Option<Place>,
    /// At least one, in order, numbers ascending.
    pub(super) episodes: Vec<DraftEpisode>,
}

/// Where a picture lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, relative to the library.
    Here(PathBuf),
    /// With a provider of the deployment.
    Elsewhere(Registration),
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(file) => write!(f, "{}", file.display()),
            Self::Elsewhere(asked) => write!(f, "{} of {}", asked.file, asked.provider),
        }
    }
}

/// An episode to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DraftEpisode {
    /// Relative to the library.
    pub(super) file: PathBuf,
    pub(super) number: u32,
    pub(super) title: String,
    pub(super) released_at: Option<String>,
}

/// Everything that a folder says.
#[derive(Debug, Default)]
pub(super) struct Library {
    pub(super) drafts: Vec<Draft>,
    pub(super) refused: Vec<Refusal>,
    /// Films that lie there and that `catalog.toml` does not name.
    pub(super) unnamed: usize,
}
