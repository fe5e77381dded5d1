//! Recently read objects, with their files open: a player reads a film range by range, and only the
//! first read looks the object up in the database.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{Object, blob::mtime_ns};

/// Files that stay open: about the number of films that are watched at the same time.
const OPEN_FILES_MAX: usize = 64;

/// An object and its open file. Reads from the file are reads of this object, even after its key
/// has got another one.
#[derive(Debug)]
pub(crate) struct OpenObject {
    pub(crate) object: Object,
    pub(crate) file: File,
    pub(super) path: PathBuf,
}

impl OpenObject {
    /// Whether the file still has the size and time of change of its row.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        Ok(self.matches(&self.file.metadata()?))
    }

    /// Whether the key still names this object. A blob's name is used once, and its file is removed
    /// before the request that replaced or deleted the object is answered.
    fn is_current(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| self.matches(&metadata))
    }

    fn matches(&self, metadata: &Metadata) -> bool {
        (metadata.len(), mtime_ns(metadata)) == (self.object.size, self.object.mtime_ns)
    }
}

/// The objects that were read last, by key.
#[derive(Default)]
pub(super) struct OpenFiles(Mutex<HashMap<String, Arc<OpenObject>>>);

impl OpenFiles {
    /// The open object under `key`, if there is one and it is current.
    pub(super) fn get(&self, key: &str) -> Option<Arc<OpenObject>> {
        let mut open = self.0.lock().ok()?;
        if open.get(key)?.is_current() {
            return open.get(key).cloned();
        }
        open.remove(key);
        None
    }

    /// Adds an object. When there are [`OPEN_FILES_MAX`], all others are closed first.
    pub(super) fn insert(&self, object: &Arc<OpenObject>) {
        let Ok(mut open) = self.0.lock() else { return };
        if open.len() >= OPEN_FILES_MAX {
            open.clear();
        }
        open.insert(object.object.key.clone(), Arc::clone(object));
    }

    /// Closes every file.
    pub(super) fn clear(&self) {
        if let Ok(mut open) = self.0.lock() {
            open.clear();
        }
    }
}
