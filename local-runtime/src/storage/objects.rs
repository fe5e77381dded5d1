//! Objects: each is a row of the index database that names a blob. An object without a row does not
//! exist.

use std::{
    fs::{self, File, Metadata},
    io::ErrorKind,
    path::Path,
    sync::Arc,
};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{
    BlobWriter, DataFolder, Error, ObjectMetadata, OpenObject, Result, WriteCondition,
    blob::{self, Blob},
    blob_metadata,
    blob_name::{BlobLabel, labelled_name},
    clock,
};

/// Bytes of a key: S3's cap.
const KEY_BYTES_MAX: usize = 1024;
/// How often a read looks the row up again because its blob is gone: each time, another request has
/// replaced the object between the two steps.
const OPEN_ATTEMPTS: usize = 8;

pub(super) const COLUMNS: &str =
    "key, blob, size, blob_mtime_ns, etag, content_type, modified_ms, metadata";

/// An object, as its row describes it.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(super) blob: String,
    pub(crate) size: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) etag: String,
    pub(crate) metadata: ObjectMetadata,
    pub(crate) modified_ms: i64,
}

impl Object {
    pub(super) fn new(key: &str, metadata: ObjectMetadata, blob: Blob) -> Self {
        let Blob { name, size, mtime_ns, etag } = blob;
        let modified_ms = clock::now_ms();
        Self { key: key.to_owned(), blob: name, size, mtime_ns, etag, metadata, modified_ms }
    }

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            blob: row.get(1)?,
            size: row.get(2)?,
            mtime_ns: row.get(3)?,
            etag: row.get(4)?,
            metadata: ObjectMetadata::from_columns(row, 5, 7)?,
            modified_ms: row.get(6)?,
        })
    }

    /// Writes the row; returns the name of the blob that it replaces.
    pub(super) fn write_row(
        &self,
        transaction: &Transaction<'_>,
    ) -> rusqlite::Result<Option<String>> {
        let replaced = transaction
            .prepare_cached("SELECT blob FROM objects WHERE key = ?1")?
            .query_row([&self.key], |row| row.get(0))
            .optional()?;
        let insert = format!(
            "INSERT OR REPLACE INTO objects ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        );
        transaction.prepare_cached(&insert)?.execute(params![
            self.key,
            self.blob,
            self.size,
            self.mtime_ns,
            self.etag,
            self.metadata.content_type,
            self.modified_ms,
            self.metadata.to_column()?
        ])?;
        Ok(replaced)
    }
}

impl DataFolder {
    /// The object under `key`, if its file is open. Never waits for the disk.
    pub(crate) fn open_object_if_cached(&self, key: &str) -> Option<Arc<OpenObject>> {
        self.open_files.get(key)
    }

    /// Opens the object under `key`.
    pub(crate) fn open_object(&self, key: &str) -> Result<Option<Arc<OpenObject>>> {
        for _ in 0..OPEN_ATTEMPTS {
            let Some(object) = self.object_row(key)? else { return Ok(None) };
            let path = self.objects.join(&object.blob);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let object = Arc::new(OpenObject { object, file, path });
            if object.is_unchanged()? {
                self.open_files.insert(&object);
                return Ok(Some(object));
            }
            self.update_changed_row(&object)?;
        }
        Err(Error::NotFound("file of this object"))
    }

    pub(super) fn object_row(&self, key: &str) -> Result<Option<Object>> {
        let select = format!("SELECT {COLUMNS} FROM objects WHERE key = ?1");
        self.database.query_first(&select, [key], Object::from_row)
    }

    /// Writes the row of an object whose file its owner has changed: a film that was linked into
    /// the store is still the owner's file. The object gets a new `ETag`.
    fn update_changed_row(&self, OpenObject { object, file, .. }: &OpenObject) -> Result<()> {
        let metadata = file.metadata()?;
        let (size, mtime_ns) = (metadata.len(), blob::mtime_ns(&metadata));
        let etag = blob::etag_of_metadata(&object.blob, size, mtime_ns);
        let update = "UPDATE objects SET size = ?2, blob_mtime_ns = ?3, etag = ?4, \
                      modified_ms = ?5 WHERE blob = ?1";
        let now = clock::now_ms();
        self.database.execute(update, params![object.blob, size, mtime_ns, etag, now])?;
        Ok(())
    }

    /// Makes `blob` the object under `key`, whatever it names now.
    #[cfg(test)]
    pub(crate) fn put_object(
        &self,
        key: &str,
        metadata: impl Into<ObjectMetadata>,
        blob: BlobWriter,
    ) -> Result<Object> {
        self.put_object_if(key, metadata, blob, &WriteCondition::None)
    }

    /// Makes `blob` the object under `key`, where `condition` is true of the key.
    pub(crate) fn put_object_if(
        &self,
        key: &str,
        metadata: impl Into<ObjectMetadata>,
        blob: BlobWriter,
        condition: &WriteCondition,
    ) -> Result<Object> {
        let metadata = metadata.into();
        let blob = blob.finish(&new_label(key, &metadata)?)?;
        self.put_blob(key, metadata, blob, condition, |_| Ok(()))
    }

    /// Moves the file `name` of `incoming/` into the store, as the object under `key`. Its bytes are
    /// neither read nor copied.
    pub(crate) fn import_incoming(
        &self,
        key: &str,
        own_metadata: impl Into<ObjectMetadata>,
        name: &str,
    ) -> Result<Object> {
        if !api::limits::is_id(name) {
            return Err(Error::NotFound("file in incoming"));
        }
        let own_metadata = own_metadata.into();
        let label = new_label(key, &own_metadata)?;
        let source = self.incoming.join(name);
        let metadata = regular_file_metadata(&source)?;
        let (size, mtime_ns) = (metadata.len(), blob::mtime_ns(&metadata));
        let etag = blob::etag_of_metadata(name, size, mtime_ns);
        File::open(&source)?.sync_all()?;
        let name = blob::rename_to_blob(&source, &self.objects, labelled_name(&label)?)?;
        let blob = Blob { name, size, mtime_ns, etag };
        self.put_blob(key, own_metadata, blob, &WriteCondition::None, |_| Ok(()))
    }

    /// Makes a finished blob the object under `key`, where `condition` is true of the key. `also`
    /// writes more rows in the same transaction. The blob that is left without a row is removed: the
    /// old one, or the new one after an error.
    pub(super) fn put_blob(
        &self,
        key: &str,
        metadata: ObjectMetadata,
        blob: Blob,
        condition: &WriteCondition,
        also: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Object> {
        let object = Object::new(key, metadata, blob);
        if let Ok(Some(json)) = object.metadata.to_column() {
            blob_metadata::note(&self.objects, &object.blob, &json);
        }
        let written = self.database.transaction(|transaction| {
            if let Err(refusal) = condition.check(transaction, key)? {
                return Ok(Err(refusal));
            }
            also(transaction)?;
            Ok(Ok(object.write_row(transaction)?))
        });
        self.remove_unnamed_blob(&object.blob, written.flatten())?;
        Ok(object)
    }

    /// After the row of `blob` was written: removes the blob that it replaced, or `blob` itself
    /// where writing failed.
    pub(super) fn remove_unnamed_blob(
        &self,
        blob: &str,
        written: Result<Option<String>>,
    ) -> Result<()> {
        match written {
            Ok(replaced) => {
                if let Some(replaced) = replaced {
                    self.remove_blob(&replaced);
                }
                Ok(())
            }
            Err(error) => {
                self.remove_blob(blob);
                Err(error)
            }
        }
    }

    /// Deletes the object under `key`, if there is one.
    pub(crate) fn delete_object(&self, key: &str) -> Result<()> {
        let delete = "DELETE FROM objects WHERE key = ?1 RETURNING blob";
        let blob: Option<String> = self.database.query_first(delete, [key], |row| row.get(0))?;
        if let Some(blob) = blob {
            self.remove_blob(&blob);
        }
        Ok(())
    }
}

/// Refuses a key that no list could show: XML has no character for most control characters.
pub(crate) fn check_key(key: &str) -> Result<()> {
    let is_good = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    if (1..=KEY_BYTES_MAX).contains(&key.len()) && key.chars().all(is_good) {
        return Ok(());
    }
    Err(Error::Conflict("the key of an object has 1 to 1,024 bytes, and no control characters"))
}

/// The label of an object that is stored now.
pub(super) fn new_label(key: &str, metadata: &ObjectMetadata) -> Result<BlobLabel> {
    check_key(key)?;
    let content_type = metadata.content_type.clone();
    Ok(BlobLabel { key: key.to_owned(), content_type, modified_ms: clock::now_ms() })
}

/// The metadata of a regular file in `incoming/`; symbolic links are not followed.
fn regular_file_metadata(path: &Path) -> Result<Metadata> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata),
        Ok(_) => Err(Error::NotFound("file in incoming")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::NotFound("file in incoming"))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        (root, folder)
    }

    fn put(folder: &DataFolder, key: &str, bytes: &[u8]) -> Object {
        let mut blob = folder.create_blob(1 << 20).unwrap();
        blob.write(bytes).unwrap();
        folder.put_object(key, Some("video/mp4".to_owned()), blob).unwrap()
    }

    fn get(folder: &DataFolder, key: &str) -> (Object, Vec<u8>) {
        let open = folder.open_object(key).unwrap().unwrap();
        let mut bytes = Vec::new();
        { &open.file }.read_to_end(&mut bytes).unwrap();
        (open.object.clone(), bytes)
    }

    #[test]
    fn keys_have_a_length_and_no_control_characters() {
        for good in ["a", "media/Ünïcode & more", &"k".repeat(1024)] {
            check_key(good).unwrap();
        }
        let bad = ["", "a\nb", "\u{1b}[2J", "\u{85}", "\u{fffe}", "a\0", &"k".repeat(1025)];
        for bad in bad {
            assert!(matches!(check_key(bad), Err(Error::Conflict(_))), "{bad:?}");
        }
    }

    #[test]
    fn object_is_the_one_that_was_put_last_and_equal_bytes_have_equal_etags() {
        let (root, folder) = folder();
        let first = put(&folder, "media/a", b"one");
        let reader = folder.open_object("media/a").unwrap().unwrap();
        assert!(folder.open_object_if_cached("media/a").is_some());
        let second = put(&folder, "media/a", b"two");
        assert_ne!(first.etag, second.etag);
        assert!(folder.open_object_if_cached("media/a").is_none(), "the object was replaced");
        assert_eq!(get(&folder, "media/a").1, b"two");
        let mut old = String::new();
        { &reader.file }.read_to_string(&mut old).unwrap();
        assert_eq!(old, "one", "an open object keeps its bytes");
        assert_eq!(put(&folder, "media/b", b"one").etag, first.etag);
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 2);
        folder.delete_object("media/a").unwrap();
        assert!(folder.open_object_if_cached("media/a").is_none());
        folder.delete_object("media/a").unwrap();
        assert!(folder.open_object("media/a").unwrap().is_none());
    }

    #[test]
    fn imported_film_is_moved_and_gets_a_new_etag_when_its_file_changes() {
        let (root, folder) = folder();
        let own = root.path().join("film.mp4");
        fs::write(&own, b"frames").unwrap();
        fs::hard_link(&own, root.path().join("incoming/0abc")).unwrap();
        let before = folder.import_incoming("media/a", None, "0abc").unwrap();
        assert!(!root.path().join("incoming/0abc").exists());
        assert_eq!(get(&folder, "media/a").0.etag, before.etag);
        assert!(folder.open_object_if_cached("media/a").is_some());
        fs::write(&own, b"other frames").unwrap();
        assert!(folder.open_object_if_cached("media/a").is_none());
        let (after, bytes) = get(&folder, "media/a");
        assert_ne!(after.etag, before.etag);
        assert_eq!((after.size, bytes.as_slice()), (12, b"other frames".as_slice()));
        assert_eq!(get(&folder, "media/a").0.etag, after.etag);
    }

    #[test]
    fn only_a_regular_file_of_incoming_is_imported() {
        let (root, folder) = folder();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("incoming/link")).unwrap();
        for name in ["absent", "link", "../firstframe.sqlite", "..", ""] {
            let imported = folder.import_incoming("media/a", None, name);
            assert!(matches!(imported, Err(Error::NotFound(_))), "{name}");
        }
    }
}
