//! The data folder: who holds it, what lies where, and what is swept at the start.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Draft, Error, Index, Result, clock, opened::Recent};

/// A file in `incoming/` that nobody has brought in for a day belongs to nobody.
const INCOMING_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// An upload that nobody has finished in a week belongs to nobody.
const UPLOAD_MS_MAX: i64 = 7 * INCOMING_MS_MAX;

/// The data folder, held by this process alone.
pub(crate) struct Folder {
    pub(super) index: Index,
    pub(super) objects: PathBuf,
    pub(super) incoming: PathBuf,
    pub(super) recent: Recent,
    bytes_max: Option<u64>,
    _lock: File,
}

impl Folder {
    /// Opens the folder at `root`, made when absent, whose objects may take `bytes_max`.
    pub(crate) fn open(root: &Path, bytes_max: Option<u64>) -> Result<Self> {
        let (objects, incoming) = (root.join("objects"), root.join("incoming"));
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&incoming)?;
        let lock = lock(&root.join("lock"))?;
        let index = Index::open(root.join("firstframe.sqlite"))?;
        let recent = Recent::default();
        let folder = Self { index, objects, incoming, recent, bytes_max, _lock: lock };
        folder.sweep()?;
        Ok(folder)
    }

    /// The key-value pairs beside the objects.
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Begins a file that may have `size_max` bytes, or what is left for objects.
    pub(crate) fn draft(&self, size_max: u64) -> Result<Draft> {
        let left = match self.bytes_max {
            None => u64::MAX,
            Some(most) => most.saturating_sub(self.used()?),
        };
        Draft::new(&self.objects, size_max.min(left))
    }

    fn used(&self) -> Result<u64> {
        self.index.with(|connection| {
            let sum = "SELECT (SELECT coalesce(sum(size), 0) FROM objects) \
                       + (SELECT coalesce(sum(size), 0) FROM parts)";
            connection.query_row(sum, [], |row| row.get(0))
        })
    }

    /// Removes what a process that was killed left half-done.
    fn sweep(&self) -> Result<()> {
        let now = clock::now_ms();
        self.index.with(|connection| {
            let old = "DELETE FROM uploads WHERE created_ms < ?1";
            connection.execute(old, [now - UPLOAD_MS_MAX])
        })?;
        let named: HashSet<String> = self.index.with(|connection| {
            let all = "SELECT blob FROM objects UNION SELECT blob FROM parts";
            connection.prepare(all)?.query_map([], |row| row.get(0))?.collect()
        })?;
        remove_if(&self.objects, |entry| {
            Ok(entry.file_name().to_str().is_none_or(|name| !named.contains(name)))
        })?;
        remove_if(&self.incoming, |entry| {
            // The time of the link, not of the film: a link keeps the film's own mtime.
            let changed_ms = entry.metadata()?.ctime().saturating_mul(1000);
            Ok(changed_ms < now - INCOMING_MS_MAX)
        })?;
        Ok(())
    }

    /// Removes a blob that no row names any more.
    pub(super) fn discard(&self, blob: &str) {
        if let Err(error) = fs::remove_file(self.objects.join(blob)) {
            self.recent.clear();
            tracing::warn!(blob, %error, "a blob stays until the next start sweeps it");
        }
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::Conflict("another firstframe serves this data folder"))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn remove_if(folder: &Path, gone: impl Fn(&fs::DirEntry) -> io::Result<bool>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if gone(&entry)? {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_holds_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let held = Folder::open(root.path(), None).unwrap();
        assert!(matches!(Folder::open(root.path(), None), Err(Error::Conflict(_))));
        drop(held);
        Folder::open(root.path(), None).unwrap();
    }

    #[test]
    fn files_that_no_row_names_are_swept_and_fresh_arrivals_stay() {
        let root = tempfile::tempdir().unwrap();
        drop(Folder::open(root.path(), None).unwrap());
        let orphan = root.path().join("objects/0123.part");
        let arrival = root.path().join("incoming/film");
        fs::write(&orphan, b"half").unwrap();
        fs::write(&arrival, b"whole").unwrap();
        Folder::open(root.path(), None).unwrap();
        assert!(!orphan.exists());
        assert!(arrival.exists());
    }

    #[test]
    fn uploads_stop_where_the_folder_is_full() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), Some(10)).unwrap();
        let mut draft = folder.draft(100).unwrap();
        draft.write(b"12345678").unwrap();
        folder.put("media/a", None, draft).unwrap();
        let mut draft = folder.draft(100).unwrap();
        assert!(matches!(draft.write(b"123"), Err(Error::Full)));
        folder.delete("media/a").unwrap();
        folder.draft(100).unwrap().write(b"123").unwrap();
    }
}
