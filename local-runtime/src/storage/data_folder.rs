//! The data folder: its lock, the paths of its files, and the cleanup at each start.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{BlobWriter, Error, IndexDatabase, Result, clock, open_files::OpenFiles};

/// Age at which a file in `incoming/` that no publisher has copied is removed: one day.
const INCOMING_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// Age at which a multipart upload that is not complete is removed: one week.
const UPLOAD_MS_MAX: i64 = 7 * INCOMING_MS_MAX;

/// The data folder, which this process has locked.
pub(crate) struct DataFolder {
    pub(super) database: IndexDatabase,
    pub(super) objects: PathBuf,
    pub(super) incoming: PathBuf,
    pub(super) open_files: OpenFiles,
    objects_bytes_max: Option<u64>,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder at `root`, made when absent. Its objects may take `objects_bytes_max`.
    pub(crate) fn open(root: &Path, objects_bytes_max: Option<u64>) -> Result<Self> {
        let (objects, incoming) = (root.join("objects"), root.join("incoming"));
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&incoming)?;
        let lock = lock(&root.join("lock"))?;
        let database = IndexDatabase::open(root.join("firstframe.sqlite"))?;
        let open_files = OpenFiles::default();
        let folder =
            Self { database, objects, incoming, open_files, objects_bytes_max, _lock: lock };
        folder.remove_leftovers()?;
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

    /// Removes blobs without a row, which a killed process leaves, and old uploads and incoming
    /// files.
    fn remove_leftovers(&self) -> Result<()> {
        let now = clock::now_ms();
        let old_uploads = "DELETE FROM uploads WHERE created_ms < ?1";
        self.database.execute(old_uploads, [now - UPLOAD_MS_MAX])?;
        let blobs = "SELECT blob FROM objects UNION SELECT blob FROM parts";
        let blobs = self.database.query_all(blobs, [], |row| row.get(0))?;
        let blobs: HashSet<String> = blobs.into_iter().collect();
        remove_if(&self.objects, |entry| {
            Ok(entry.file_name().to_str().is_none_or(|name| !blobs.contains(name)))
        })?;
        remove_if(&self.incoming, |entry| {
            // The change time is that of the link; its modification time is that of the film.
            let changed_ms = entry.metadata()?.ctime().saturating_mul(1000);
            Ok(changed_ms < now - INCOMING_MS_MAX)
        })?;
        Ok(())
    }

    /// Removes the file of a blob that no row names any more.
    pub(super) fn remove_blob(&self, blob: &str) {
        if let Err(error) = fs::remove_file(self.objects.join(blob)) {
            self.open_files.clear();
            tracing::warn!(blob, %error, "cannot remove a blob; the next start tries again");
        }
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Conflict(
            "another firstframe serves this data folder; stop it, or name another folder by --data",
        )),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn remove_if(
    folder: &Path,
    is_leftover: impl Fn(&fs::DirEntry) -> io::Result<bool>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_leftover(&entry)? {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
    fn blobs_without_a_row_are_removed_and_new_incoming_files_stay() {
        let root = tempfile::tempdir().unwrap();
        drop(DataFolder::open(root.path(), None).unwrap());
        let orphan = root.path().join("objects/0123.part");
        let arrival = root.path().join("incoming/film");
        fs::write(&orphan, b"half").unwrap();
        fs::write(&arrival, b"whole").unwrap();
        DataFolder::open(root.path(), None).unwrap();
        assert!(!orphan.exists());
        assert!(arrival.exists());
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
