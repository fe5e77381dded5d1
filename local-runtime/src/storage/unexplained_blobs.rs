//! Blobs that no row explains: each start moves them to `quarantine/`, and `--rebuild` makes rows
//! for them again.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirEntry},
    path::Path,
};

use super::{
    DataFolder, Object, ObjectMetadata, Result,
    blob::{self, Blob},
    blob_metadata,
    blob_name::{BlobLabel, is_partial, labelled_name},
    clock,
    data_folder::{changed_ms, entries},
};

/// Blobs that one crash leaves at most: a request writes one, and the disk has 32 threads. A
/// quarantine of more than these has films in it, and is never emptied by itself.
const LEFTOVERS_MAX: usize = 32;
/// Age at which leftovers of crashes are removed: thirty days.
const LEFTOVER_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1000;

/// What a rebuild has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rebuilt {
    /// Objects that have a row again.
    pub(crate) objects: usize,
    /// Blobs that stay in quarantine: nothing says what they are, or there is a newer one.
    pub(crate) unexplained: usize,
}

impl DataFolder {
    /// The files in `objects/` that no row explains. Files of unfinished writes are not among them:
    /// this removes them.
    fn unexplained_blobs(&self) -> Result<Vec<DirEntry>> {
        // The files first: a blob has its name before it has its row.
        let files = entries(&self.objects)?;
        let select = "SELECT blob FROM objects UNION SELECT blob FROM parts";
        let blobs = self.database.query_all(select, [], |row| row.get(0))?;
        let blobs: HashSet<String> = blobs.into_iter().collect();
        let mut unexplained = Vec::new();
        for entry in files {
            match entry.file_name().to_str() {
                Some(name) if blobs.contains(name) => {}
                Some(name) if is_partial(name) => fs::remove_file(entry.path())?,
                Some(_) | None => unexplained.push(entry),
            }
        }
        Ok(unexplained)
    }

    /// Moves the blobs that no row explains to `quarantine/`, and logs what is there.
    pub(super) fn quarantine_unexplained_blobs(&self) -> Result<()> {
        let blobs = self.unexplained_blobs()?;
        if !blobs.is_empty() {
            fs::create_dir_all(&self.quarantine)?;
            for entry in blobs {
                fs::rename(entry.path(), self.quarantine.join(entry.file_name()))?;
            }
            blob::sync_folder(&self.quarantine)?;
            blob::sync_folder(&self.objects)?;
        }
        self.warn_of_quarantine()
    }

    fn warn_of_quarantine(&self) -> Result<()> {
        let files = entries(&self.quarantine)?;
        if files.is_empty() {
            return Ok(());
        }
        let mut bytes = 0;
        for entry in &files {
            bytes += entry.metadata()?.len();
        }
        let (count, megabytes) = (files.len(), bytes.div_ceil(1_000_000));
        let end = if count <= LEFTOVERS_MAX && self.has_objects()? {
            "they are removed thirty days after they came there"
        } else {
            "they stay until you delete them"
        };
        let folder = self.quarantine.display();
        tracing::warn!(
            count,
            megabytes,
            "files in {folder} belong to no row of firstframe.sqlite. A crash leaves a few such \
             files; a database that was lost, or restored from an old copy, leaves all films. Start \
             `firstframe serve --rebuild` once to make rows for them again; {end}"
        );
        Ok(())
    }

    /// Removes old leftovers of crashes. Where they are many, or the database has no object, they
    /// are what is left of a library, and stay.
    pub(super) fn remove_old_leftovers(&self, now: i64) -> Result<()> {
        let files = entries(&self.quarantine)?;
        if files.len() > LEFTOVERS_MAX || files.is_empty() || !self.has_objects()? {
            return Ok(());
        }
        for entry in files {
            if changed_ms(&entry)? < now - LEFTOVER_MS_MAX {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn has_objects(&self) -> Result<bool> {
        Ok(self.database.query_first("SELECT 1 FROM objects", [], |_| Ok(()))?.is_some())
    }

    /// Makes rows for the blobs in quarantine, and moves these back. `content_key` tells the key of
    /// a file from its bytes, where they say it. A row that exists is not replaced.
    pub(crate) fn rebuild(&self, content_key: impl Fn(&Path) -> Option<String>) -> Result<Rebuilt> {
        let mut newest: HashMap<String, (DirEntry, Object)> = HashMap::new();
        let files = entries(&self.quarantine)?;
        let count = files.len();
        for entry in files {
            let Some(object) = explain(&entry, &content_key)? else { continue };
            let key = object.key.clone();
            let is_known =
                newest.get(&key).is_some_and(|(_, other)| other.modified_ms >= object.modified_ms);
            if !is_known && !self.has_file(&key)? {
                newest.insert(key, (entry, object));
            }
        }
        let objects = newest.len();
        self.restore_rows(newest.into_values().collect())?;
        Ok(Rebuilt { objects, unexplained: count - objects })
    }

    /// Whether the key has a row, and the blob of that row is there.
    fn has_file(&self, key: &str) -> Result<bool> {
        let row = self.object_row(key)?;
        Ok(row.is_some_and(|object| self.objects.join(object.blob).exists()))
    }

    /// Moves blobs back, and then writes their rows.
    fn restore_rows(&self, rebuilt: Vec<(DirEntry, Object)>) -> Result<()> {
        for (entry, object) in &rebuilt {
            fs::rename(entry.path(), self.objects.join(&object.blob))?;
        }
        blob::sync_folder(&self.objects)?;
        self.database.transaction(|transaction| {
            rebuilt.iter().try_for_each(|(_, object)| object.write_row(transaction).map(drop))
        })
    }
}

/// The object of a blob without a row: its name says it, or else its bytes do.
fn explain(
    entry: &DirEntry,
    content_key: impl Fn(&Path) -> Option<String>,
) -> Result<Option<Object>> {
    let (name, path) = (entry.file_name(), entry.path());
    let metadata = entry.metadata()?;
    let (true, Some(name)) = (metadata.is_file(), name.to_str()) else { return Ok(None) };
    let (name, label) = if let Some(label) = BlobLabel::parse(name) {
        (name.to_owned(), label)
    } else if let Some(key) = content_key(&path) {
        let label = BlobLabel { key, content_type: None, modified_ms: clock::now_ms() };
        (labelled_name(&label)?, label)
    } else {
        return Ok(None);
    };
    let (size, mtime_ns) = (metadata.len(), blob::mtime_ns(&metadata));
    let blob = Blob { name, size, mtime_ns, etag: blob::etag_of_bytes(&path)? };
    let BlobLabel { key, content_type, modified_ms } = label;
    let noted = blob_metadata::of(&path).unwrap_or_default();
    let metadata = ObjectMetadata { content_type, ..noted };
    Ok(Some(Object { modified_ms, ..Object::new(&key, metadata, blob) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 40;

    fn put(folder: &DataFolder, key: &str, bytes: &[u8]) -> Object {
        let mut blob = folder.create_blob(1 << 20).unwrap();
        blob.write(bytes).unwrap();
        folder.put_object(key, Some("video/mp4".to_owned()), blob).unwrap()
    }

    fn remove_database(root: &Path) {
        for suffix in ["", "-wal", "-shm"] {
            let _absent = fs::remove_file(root.join(format!("firstframe.sqlite{suffix}")));
        }
    }

    fn count(folder: &Path) -> usize {
        entries(folder).unwrap().len()
    }

    #[test]
    fn library_whose_database_is_lost_is_quarantined_and_rebuilt() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let stored: Vec<_> = (0..KEYS)
            .map(|number| put(&folder, &format!("media/{number}"), number.to_string().as_bytes()))
            .collect();
        drop(folder);
        remove_database(root.path());
        for _ in 0..2 {
            let folder = DataFolder::open(root.path(), None).unwrap();
            folder.remove_old_leftovers(i64::MAX).unwrap();
            assert_eq!((count(&folder.objects), count(&folder.quarantine)), (0, KEYS));
        }
        let folder = DataFolder::open(root.path(), None).unwrap();
        let rebuilt = folder.rebuild(|_| None).unwrap();
        assert_eq!(rebuilt, Rebuilt { objects: KEYS, unexplained: 0 });
        assert_eq!((count(&folder.objects), count(&folder.quarantine)), (KEYS, 0));
        for before in stored {
            let after = &folder.open_object(&before.key).unwrap().unwrap().object;
            assert_eq!((&after.etag, after.size), (&before.etag, before.size));
            assert_eq!(after.metadata, before.metadata);
        }
        drop(folder);
        let folder = DataFolder::open(root.path(), None).unwrap();
        assert_eq!((count(&folder.objects), count(&folder.quarantine)), (KEYS, 0));
    }

    #[test]
    fn metadata_of_each_link_to_a_file_is_rebuilt() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let metadata = |note: &str| ObjectMetadata {
            content_type: Some("video/mp4".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            user: [("note".to_owned(), note.to_owned())].into(),
            ..ObjectMetadata::default()
        };
        let mut blob = folder.create_blob(100).unwrap();
        blob.write(b"film").unwrap();
        folder.put_object("media/a", metadata("first"), blob).unwrap();
        let source = folder.open_object("media/a").unwrap().unwrap();
        for note in ["second", "third"] {
            folder.copy_object(&source, "media/b", Some(metadata(note))).unwrap();
        }
        drop((source, folder));
        remove_database(root.path());
        let folder = DataFolder::open(root.path(), None).unwrap();
        assert_eq!(folder.rebuild(|_| None).unwrap(), Rebuilt { objects: 2, unexplained: 0 });
        for (key, note) in [("media/a", "first"), ("media/b", "third")] {
            let object = folder.open_object(key).unwrap().unwrap();
            assert_eq!(object.object.metadata, metadata(note), "{key}");
        }
    }

    #[test]
    fn rebuild_takes_the_newest_blob_of_a_key_and_replaces_no_row() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        fs::create_dir_all(&folder.quarantine).unwrap();
        let strays = [("media/a", 1, "old"), ("media/a", 2, "new"), ("media/b", 3, "b")];
        for (key, modified_ms, bytes) in strays {
            let label = BlobLabel { key: key.to_owned(), content_type: None, modified_ms };
            fs::write(folder.quarantine.join(labelled_name(&label).unwrap()), bytes).unwrap();
        }
        let id = "00112233445566778899aabbccddeeff";
        fs::write(folder.quarantine.join(id), "unlabelled").unwrap();
        fs::write(folder.quarantine.join("other"), "nobody's").unwrap();
        let row = put(&folder, "media/b", b"row");
        let content_key =
            |path: &Path| (path.file_name().unwrap() == id).then(|| "media/c".to_owned());
        let rebuilt = folder.rebuild(content_key).unwrap();
        assert_eq!(rebuilt, Rebuilt { objects: 2, unexplained: 3 });
        let size = |key: &str| folder.open_object(key).unwrap().unwrap().object.size;
        assert_eq!((size("media/a"), size("media/b"), size("media/c")), (3, row.size, 10));
    }

    #[test]
    fn film_that_was_replaced_since_the_copy_of_the_database_is_rebuilt() {
        let root = tempfile::tempdir().unwrap();
        let copy = root.path().join("copy.sqlite");
        let folder = DataFolder::open(root.path(), None).unwrap();
        put(&folder, "media/a", b"old");
        folder.database.checkpoint().unwrap();
        fs::copy(root.path().join("firstframe.sqlite"), &copy).unwrap();
        put(&folder, "media/a", b"newer");
        drop(folder);
        remove_database(root.path());
        fs::rename(copy, root.path().join("firstframe.sqlite")).unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        assert!(folder.open_object("media/a").is_err(), "the old film is gone");
        let rebuilt = folder.rebuild(|_| None).unwrap();
        assert_eq!(rebuilt, Rebuilt { objects: 1, unexplained: 0 });
        assert_eq!(folder.open_object("media/a").unwrap().unwrap().object.size, 5);
    }

    #[test]
    fn leftovers_of_a_crash_are_removed_after_thirty_days() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        put(&folder, "media/a", b"film");
        fs::write(folder.objects.join("leftover"), b"blob").unwrap();
        folder.quarantine_unexplained_blobs().unwrap();
        assert_eq!((count(&folder.objects), count(&folder.quarantine)), (1, 1));
        folder.remove_old_leftovers(clock::now_ms() + LEFTOVER_MS_MAX - 60_000).unwrap();
        assert_eq!(count(&folder.quarantine), 1);
        folder.remove_old_leftovers(clock::now_ms() + LEFTOVER_MS_MAX + 60_000).unwrap();
        assert_eq!(count(&folder.quarantine), 0);
    }
}
