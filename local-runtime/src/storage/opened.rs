//! Objects with their files open. Those that were read last stay so: a film is asked for range by
//! range, and is not looked up each time.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{Object, blob::mtime_ns};

/// Objects that stay open: the films that are watched at a time.
const COUNT_MAX: usize = 64;

/// An object and its file: what is read from it is that object, whatever becomes of the key.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) object: Object,
    pub(crate) file: File,
    pub(super) path: PathBuf,
}

impl Opened {
    /// Whether the file is as the row has it.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        Ok(self.has(&self.file.metadata()?))
    }

    /// Whether this is still the object under its key: one that is not has lost its name, which no
    /// other gets, before whoever replaced it was answered.
    fn is_current(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| self.has(&metadata))
    }

    fn has(&self, metadata: &Metadata) -> bool {
        (metadata.len(), mtime_ns(metadata)) == (self.object.size, self.object.mtime_ns)
    }
}

/// Those that were read last, by key.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<String, Arc<Opened>>>);

impl Recent {
    pub(super) fn get(&self, key: &str) -> Option<Arc<Opened>> {
        let mut all = self.0.lock().ok()?;
        if all.get(key)?.is_current() {
            return all.get(key).cloned();
        }
        all.remove(key);
        None
    }

    pub(super) fn keep(&self, opened: &Arc<Opened>) {
        let Ok(mut all) = self.0.lock() else { return };
        if all.len() >= COUNT_MAX {
            all.clear();
        }
        all.insert(opened.object.key.clone(), Arc::clone(opened));
    }

    pub(super) fn clear(&self) {
        if let Ok(mut all) = self.0.lock() {
            all.clear();
        }
    }
}
