//! The data folder: its lock, the paths of its files, and what is removed when its time is over.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use api::data_folder::LOCK_FILE;

use super::{
    BlobWriter, Error, IndexDatabase, Result, blob_metadata, clock,
    open_files::OpenFiles,
    private_files::{private_database, private_file, private_folder},
};

/// Name of the database of objects and key-value pairs.
pub(crate) const INDEX_DATABASE: &str = "firstframe.sqlite";
/// Name of the component's SQL database.
pub(crate) const GUEST_DATABASE: &str = "database.sqlite";
/// Name of the folder of blobs.
pub(super) const OBJECTS: &str = "objects";
/// Name of a file that is there from the beginning of a restore until all files are.
pub(crate) const UNFINISHED_RESTORE: &str = "restore.unfinished";
/// Age at which a file in `incoming/` that no publisher has copied is removed: one day.
const INCOMING_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// How often the lock is tried: a client that asks whether a server runs holds it for a moment.
const LOCK_ATTEMPTS: usize = 10;
/// The pause between two attempts.
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// The data folder, which this process has locked.
pub(crate) struct DataFolder {
    pub(super) database: IndexDatabase,
    pub(super) objects: PathBuf,
    pub(super) incoming: PathBuf,
    pub(super) quarantine: PathBuf,
    pub(super) open_files: OpenFiles,
    objects_bytes_max: Option<u64>,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder at `root`, made when absent. Its objects may take `objects_bytes_max`.
    pub(crate) fn open(root: &Path, objects_bytes_max: Option<u64>) -> Result<Self> {
        private_folder(root)?;
        let [objects, incoming, quarantine] =
            [OBJECTS, "incoming", "quarantine"].map(|name| root.join(name));
        let lock = try_lock(&root.join(LOCK_FILE))?.ok_or(Error::Conflict(
            "another firstframe serves this data folder; stop it, or name another folder by --data",
        ))?;
        if root.join(UNFINISHED_RESTORE).exists() {
            return Err(Error::Conflict(
                "a restore of this data folder has not ended; run `firstframe restore` again",
            ));
        }
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&incoming)?;
        for database in [INDEX_DATABASE, GUEST_DATABASE] {
            private_database(&root.join(database))?;
        }
        let folder = Self {
            database: IndexDatabase::open(root.join(INDEX_DATABASE))?,
            objects,
            incoming,
            quarantine,
            open_files: OpenFiles::default(),
            objects_bytes_max,
            _lock: lock,
        };
        folder.remove_expired()?;
        folder.quarantine_unexplained_blobs()?;
        folder.note_metadata()?;
        Ok(folder)
    }

    /// The database of the folder, which also has the key-value pairs.
    pub(crate) fn database(&self) -> &IndexDatabase {
        &self.database
    }

    /// When the folder was made, where the file system knows it.
    pub(crate) fn created(&self) -> Result<Option<SystemTime>> {
        Ok(fs::metadata(&self.objects)?.created().ok())
    }

    /// Creates a blob of at most `size_max` bytes, or fewer where `objects_bytes_max` leaves fewer.
    pub(crate) fn create_blob(&self, size_max: u64) -> Result<BlobWriter> {
        let free = match self.objects_bytes_max {
            None => u64::MAX,
            Some(most) => most.saturating_sub(self.used_bytes()?),
        };
        BlobWriter::new(&self.objects, size_max.min(free))
    }

    fn used_bytes(&self) -> Result<u64> {
        let sum = "SELECT (SELECT coalesce(sum(size), 0) FROM objects) \
                   + (SELECT coalesce(sum(size), 0) FROM parts)";
        Ok(self.database.query_first(sum, [], |row| row.get(0))?.unwrap_or_default())
    }

    /// Removes what has a time, when it is over: uploads that are not complete, files in
    /// `incoming/`, and a few leftovers of crashes in `quarantine/`.
    pub(crate) fn remove_expired(&self) -> Result<()> {
        let now = clock::now_ms();
        self.remove_old_uploads(now)?;
        self.remove_old_leftovers(now)?;
        for entry in entries(&self.incoming)? {
            if changed_ms(&entry)? < now - INCOMING_MS_MAX {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the file of a blob that no row names any more.
    pub(super) fn remove_blob(&self, blob: &str) {
        blob_metadata::remove(&self.objects, blob);
        if let Err(error) = fs::remove_file(self.objects.join(blob)) {
            self.open_files.clear();
            tracing::warn!(blob, %error, "cannot remove a blob; the next start moves it to quarantine");
        }
    }
}

/// Locks the file at `path`, made when absent, until the returned file is dropped; `None` where
/// another process has the lock.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = private_file(path)?;
    for attempt in 1..=LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => thread::sleep(LOCK_RETRY),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// The entries of a folder; none where there is no folder.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// When a file got its place, in milliseconds since 1970: a rename or a link changes this time, and
/// leaves the time of the film's last write.
pub(super) fn changed_ms(entry: &fs::DirEntry) -> io::Result<i64> {
    Ok(entry.metadata()?.ctime().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_folder_is_open_in_one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = DataFolder::open(root.path(), None).unwrap();
        assert!(matches!(DataFolder::open(root.path(), None), Err(Error::Conflict(_))));
        drop(first);
        DataFolder::open(root.path(), None).unwrap();
    }

    #[test]
    fn unfinished_writes_are_removed_and_new_incoming_files_stay() {
        let root = tempfile::tempdir().unwrap();
        drop(DataFolder::open(root.path(), None).unwrap());
        let partial = root.path().join("objects/00112233445566778899aabbccddeeff.part");
        let arrival = root.path().join("incoming/film");
        fs::write(&partial, b"half").unwrap();
        fs::write(&arrival, b"whole").unwrap();
        DataFolder::open(root.path(), None).unwrap();
        assert!(!partial.exists());
        assert!(arrival.exists());
    }

    #[test]
    fn folder_with_an_unfinished_restore_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(UNFINISHED_RESTORE), b"").unwrap();
        assert!(matches!(DataFolder::open(root.path(), None), Err(Error::Conflict(_))));
        assert!(!root.path().join(INDEX_DATABASE).exists());
    }

    #[test]
    fn blob_is_refused_beyond_the_cap_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), Some(10)).unwrap();
        let mut blob = folder.create_blob(100).unwrap();
        blob.write(b"12345678").unwrap();
        folder.put_object("media/a", None, blob).unwrap();
        let mut blob = folder.create_blob(100).unwrap();
        assert!(matches!(blob.write(b"123"), Err(Error::DiskFull)));
        folder.delete_object("media/a").unwrap();
        folder.create_blob(100).unwrap().write(b"123").unwrap();
    }
}
