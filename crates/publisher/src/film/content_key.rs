//! The key under which `publish` stores a file, from the file's bytes alone.

use std::path::Path;

use super::{picture, probe};
use crate::library_folder::{LibraryFolder, SymbolicLinks};

/// Key in the object store of the film or the picture at `path`, as `publish` makes it; `None` where
/// the file is neither.
pub fn content_key(path: &Path) -> Option<String> {
    if let Some(source_id) = probe::source_id_of(path) {
        return Some(api::paths::media_key(&source_id));
    }
    let folder = LibraryFolder::new(path.parent()?, SymbolicLinks::Inside).ok()?;
    let picture = picture::read(&folder, Path::new(path.file_name()?)).ok()?;
    Some(api::paths::image_key(&picture.id))
}
