//! Objects: a row in the index that names a blob. No row, no object.

use std::{
    fs::{self, File},
    io::ErrorKind,
    sync::Arc,
};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{
    Draft, Error, Folder, Opened, Result,
    blob::{self, Blob},
    clock,
};

/// Objects and prefixes in one page of a list, as S3 has it.
pub(crate) const PAGE_MAX: usize = 1000;
/// How often a blob may vanish between its row and its file before that is an error: each time
/// another writer has replaced the object.
const TRIES: usize = 8;

const COLUMNS: &str = "key, blob, size, blob_mtime_ns, etag, content_type, modified_ms";

/// An object as its row has it.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    blob: String,
    pub(crate) size: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    pub(crate) modified_ms: i64,
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Object>,
    pub(crate) prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

impl Object {
    fn new(key: &str, content_type: Option<String>, blob: Blob) -> Self {
        let Blob { name, size, mtime_ns, etag } = blob;
        let modified_ms = clock::now_ms();
        Self { key: key.to_owned(), blob: name, size, mtime_ns, etag, content_type, modified_ms }
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            blob: row.get(1)?,
            size: row.get(2)?,
            mtime_ns: row.get(3)?,
            etag: row.get(4)?,
            content_type: row.get(5)?,
            modified_ms: row.get(6)?,
        })
    }

    /// Writes the row; answers the blob that it replaces.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<Option<String>> {
        let old = transaction
            .prepare_cached("SELECT blob FROM objects WHERE key = ?1")?
            .query_row([&self.key], |row| row.get(0))
            .optional()?;
        let insert = "INSERT OR REPLACE INTO objects VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        transaction.prepare_cached(insert)?.execute(params![
            self.key,
            self.blob,
            self.size,
            self.mtime_ns,
            self.etag,
            self.content_type,
            self.modified_ms
        ])?;
        Ok(old)
    }
}

impl Folder {
    /// The object under `key`, if it was read lately. Does not wait for the disk.
    pub(crate) fn opened(&self, key: &str) -> Option<Arc<Opened>> {
        self.recent.get(key)
    }

    /// The object under `key`.
    pub(crate) fn open_object(&self, key: &str) -> Result<Option<Arc<Opened>>> {
        for _ in 0..TRIES {
            let Some(object) = self.row(key)? else { return Ok(None) };
            let path = self.objects.join(&object.blob);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let opened = Arc::new(Opened { object, file, path });
            if opened.is_unchanged()? {
                self.recent.keep(&opened);
                return Ok(Some(opened));
            }
            self.renew(&opened)?;
        }
        Err(Error::Missing("file of this object"))
    }

    fn row(&self, key: &str) -> Result<Option<Object>> {
        self.index.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM objects WHERE key = ?1"))?
                .query_row([key], Object::of)
                .optional()
        })
    }

    /// A film that was moved in may be written to by its owner: it is another object then.
    fn renew(&self, Opened { object, file, .. }: &Opened) -> Result<()> {
        let metadata = file.metadata()?;
        let (size, mtime_ns) = (metadata.len(), blob::mtime_ns(&metadata));
        let etag = blob::stat_etag(&object.blob, size, mtime_ns);
        self.index.with(|connection| {
            let update = "UPDATE objects SET size = ?2, blob_mtime_ns = ?3, etag = ?4, \
                          modified_ms = ?5 WHERE blob = ?1";
            let now = clock::now_ms();
            connection.execute(update, params![object.blob, size, mtime_ns, etag, now])
        })?;
        Ok(())
    }

    /// Makes `draft` the object under `key`.
    pub(crate) fn put(
        &self,
        key: &str,
        content_type: Option<String>,
        draft: Draft,
    ) -> Result<Object> {
        let blob = draft.finish()?;
        let object = Object::new(key, content_type, blob);
        self.commit(object, |_| Ok(()))
    }

    /// Makes the file `name` of `incoming/` the object under `key`, without reading it.
    pub(crate) fn take_in(
        &self,
        key: &str,
        content_type: Option<String>,
        name: &str,
    ) -> Result<Object> {
        if !api::limits::is_id(name) {
            return Err(Error::Missing("file in incoming"));
        }
        let source = self.incoming.join(name);
        let metadata = match fs::symlink_metadata(&source) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Err(Error::Missing("file in incoming")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::Missing("file in incoming"));
            }
            Err(error) => return Err(error.into()),
        };
        let (size, mtime_ns) = (metadata.len(), blob::mtime_ns(&metadata));
        let etag = blob::stat_etag(name, size, mtime_ns);
        File::open(&source)?.sync_all()?;
        let blob = Blob { name: blob::random_name()?, size, mtime_ns, etag };
        fs::rename(&source, self.objects.join(&blob.name))?;
        blob::sync_folder(&self.objects)?;
        let object = Object::new(key, content_type, blob);
        self.commit(object, |_| Ok(()))
    }

    /// Writes the row of `object`, with `also` in the same transaction, and discards what lost.
    pub(super) fn commit(
        &self,
        object: Object,
        also: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Object> {
        let written = self.index.write(|transaction| {
            also(transaction)?;
            object.write(transaction)
        });
        match written {
            Ok(None) => Ok(object),
            Ok(Some(old)) => {
                self.discard(&old);
                Ok(object)
            }
            Err(error) => {
                self.discard(&object.blob);
                Err(error)
            }
        }
    }

    /// As [`Self::put`] for a blob made elsewhere, with more rows in the same transaction.
    pub(super) fn put_blob(
        &self,
        key: &str,
        content_type: Option<String>,
        blob: Blob,
        also: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Object> {
        self.commit(Object::new(key, content_type, blob), also)
    }

    /// Takes away the object under `key`, if any.
    pub(crate) fn delete(&self, key: &str) -> Result<()> {
        let blob: Option<String> = self.index.with(|connection| {
            let delete = "DELETE FROM objects WHERE key = ?1 RETURNING blob";
            connection.prepare_cached(delete)?.query_row([key], |row| row.get(0)).optional()
        })?;
        if let Some(blob) = blob {
            self.discard(&blob);
        }
        Ok(())
    }

    /// Objects whose keys begin with `prefix` and come after `after`, in order; those with
    /// `delimiter` behind the prefix are told as one prefix.
    pub(crate) fn list(
        &self,
        prefix: &str,
        delimiter: &str,
        after: &str,
        count: usize,
    ) -> Result<Page> {
        let count = count.min(PAGE_MAX);
        let mut page = Page::default();
        if count == 0 {
            return Ok(page);
        }
        let select = format!(
            "SELECT {COLUMNS} FROM objects WHERE key > ?1 AND key >= ?2 ORDER BY key LIMIT 1"
        );
        let mut after = after.to_owned();
        let mut last = None;
        loop {
            let next = self.index.with(|connection| {
                let mut select = connection.prepare_cached(&select)?;
                select.query_row([after.as_str(), prefix], Object::of).optional()
            })?;
            let Some(object) = next.filter(|object| object.key.starts_with(prefix)) else {
                return Ok(page);
            };
            if page.objects.len() + page.prefixes.len() == count {
                page.next = last;
                return Ok(page);
            }
            match common(&object.key, prefix, delimiter) {
                None => {
                    after.clone_from(&object.key);
                    page.objects.push(object);
                }
                Some(common) => {
                    // Behind every key that begins with it.
                    after = format!("{common}{}", char::MAX);
                    page.prefixes.push(common);
                }
            }
            last = Some(after.clone());
        }
    }
}

/// What of `key` is told instead of it.
fn common(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn folder() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), None).unwrap();
        (root, folder)
    }

    fn put(folder: &Folder, key: &str, bytes: &[u8]) -> Object {
        let mut draft = folder.draft(1 << 20).unwrap();
        draft.write(bytes).unwrap();
        folder.put(key, Some("video/mp4".to_owned()), draft).unwrap()
    }

    fn get(folder: &Folder, key: &str) -> (Object, Vec<u8>) {
        let opened = folder.open_object(key).unwrap().unwrap();
        let mut bytes = Vec::new();
        { &opened.file }.read_to_end(&mut bytes).unwrap();
        (opened.object.clone(), bytes)
    }

    #[test]
    fn an_object_is_what_was_put_last_and_equal_bytes_have_equal_etags() {
        let (root, folder) = folder();
        let first = put(&folder, "media/a", b"one");
        let reader = folder.open_object("media/a").unwrap().unwrap();
        assert!(folder.opened("media/a").is_some());
        let second = put(&folder, "media/a", b"two");
        assert_ne!(first.etag, second.etag);
        assert!(folder.opened("media/a").is_none(), "it is another one now");
        assert_eq!(get(&folder, "media/a").1, b"two");
        let mut old = String::new();
        { &reader.file }.read_to_string(&mut old).unwrap();
        assert_eq!(old, "one", "a reader keeps what it opened");
        assert_eq!(put(&folder, "media/b", b"one").etag, first.etag);
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 2);
        folder.delete("media/a").unwrap();
        assert!(folder.opened("media/a").is_none());
        folder.delete("media/a").unwrap();
        assert!(folder.open_object("media/a").unwrap().is_none());
    }

    #[test]
    fn a_film_is_moved_in_and_a_change_of_it_is_a_new_etag() {
        let (root, folder) = folder();
        let own = root.path().join("film.mp4");
        fs::write(&own, b"frames").unwrap();
        fs::hard_link(&own, root.path().join("incoming/0abc")).unwrap();
        let before = folder.take_in("media/a", None, "0abc").unwrap();
        assert!(!root.path().join("incoming/0abc").exists());
        assert_eq!(get(&folder, "media/a").0.etag, before.etag);
        assert!(folder.opened("media/a").is_some());
        fs::write(&own, b"other frames").unwrap();
        assert!(folder.opened("media/a").is_none());
        let (after, bytes) = get(&folder, "media/a");
        assert_ne!(after.etag, before.etag);
        assert_eq!((after.size, bytes.as_slice()), (12, b"other frames".as_slice()));
        assert_eq!(get(&folder, "media/a").0.etag, after.etag);
    }

    #[test]
    fn only_a_file_of_incoming_is_moved_in() {
        let (root, folder) = folder();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("incoming/link")).unwrap();
        for name in ["absent", "link", "../firstframe.sqlite", "..", ""] {
            let taken = folder.take_in("media/a", None, name);
            assert!(matches!(taken, Err(Error::Missing(_))), "{name}");
        }
    }

    #[test]
    fn a_list_goes_page_by_page_and_tells_prefixes() {
        let (_root, folder) = folder();
        for key in ["image/1", "media/1", "media/2", "media/x/1", "media/x/2", "z"] {
            put(&folder, key, key.as_bytes());
        }
        let page = folder.list("media/", "/", "", 2).unwrap();
        let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["media/1", "media/2"]);
        let page = folder.list("media/", "/", &page.next.unwrap(), 2).unwrap();
        assert_eq!((page.prefixes, page.next), (vec!["media/x/".to_owned()], None));
        let page = folder.list("", "/", "", 1000).unwrap();
        assert_eq!((page.objects.len(), page.prefixes.len(), page.next), (1, 2, None));
        assert_eq!(folder.list("", "", "", 1000).unwrap().objects.len(), 6);
    }
}
