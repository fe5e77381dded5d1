//! Copies of objects, which are links where the file system has them, and deletion of many objects.

use std::{fs, io::ErrorKind, ops::Range, os::unix::fs::FileExt as _};

use rusqlite::OptionalExtension as _;

use super::{
    BlobWriter, DataFolder, Error, Object, ObjectMetadata, OpenObject, Result, WriteCondition,
    blob::{self, Blob},
    blob_name::labelled_name,
    objects::new_label,
};

/// Bytes that are read at once where bytes have to be copied.
const COPY_BYTES: usize = 1 << 20;

impl DataFolder {
    /// Makes the bytes of `source` the object under `key` as well. Without `metadata`, it gets that
    /// of the source.
    pub(crate) fn copy_object(
        &self,
        source: &OpenObject,
        key: &str,
        metadata: Option<ObjectMetadata>,
    ) -> Result<Object> {
        let object = &source.object;
        let metadata = metadata.unwrap_or_else(|| object.metadata.clone());
        let label = new_label(key, &metadata)?;
        let name = labelled_name(&label)?;
        let blob = match fs::hard_link(&source.path, self.objects.join(&name)) {
            Ok(()) => {
                blob::sync_folder(&self.objects)?;
                let (size, mtime_ns, etag) = (object.size, object.mtime_ns, object.etag.clone());
                Blob { name, size, mtime_ns, etag }
            }
            Err(error) if error.kind() == ErrorKind::StorageFull => return Err(Error::DiskFull),
            // The file system has no links, or no more of this file, or the source was replaced
            // meanwhile: its open file still has its bytes.
            Err(_) => {
                let copy = self.copy_range(source, 0..object.size)?;
                copy.finish_with_etag(&label, object.etag.clone())?
            }
        };
        self.put_blob(key, metadata, blob, &WriteCondition::None, |_| Ok(()))
    }

    /// A blob with the bytes `range` of an object.
    pub(crate) fn copy_range(&self, source: &OpenObject, range: Range<u64>) -> Result<BlobWriter> {
        let mut blob = self.create_blob(u64::MAX)?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut at = range.start;
        while at < range.end {
            let left = usize::try_from(range.end - at).unwrap_or(COPY_BYTES);
            let chunk = buffer.get_mut(..left.min(COPY_BYTES)).unwrap_or_default();
            match source.file.read_exact_at(chunk, at) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(changed()),
                read => read?,
            }
            blob.write(chunk)?;
            at += chunk.len() as u64;
        }
        if source.is_unchanged()? { Ok(blob) } else { Err(changed()) }
    }

    /// Deletes the objects under these keys, as far as there are any: all of them or none.
    pub(crate) fn delete_objects(&self, keys: &[String]) -> Result<()> {
        let blobs = self.database.transaction(|transaction| {
            let delete = "DELETE FROM objects WHERE key = ?1 RETURNING blob";
            let mut delete = transaction.prepare_cached(delete)?;
            let mut blobs = Vec::new();
            for key in keys {
                blobs.extend(delete.query_row([key], |row| row.get::<_, String>(0)).optional()?);
            }
            Ok(blobs)
        })?;
        for blob in blobs {
            self.remove_blob(&blob);
        }
        Ok(())
    }
}

fn changed() -> Error {
    Error::Conflict("the file of the source changed while it was copied; copy it again")
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::unix::fs::MetadataExt as _};

    use super::*;

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

    fn read(folder: &DataFolder, key: &str) -> Vec<u8> {
        let open = folder.open_object(key).unwrap().unwrap();
        let mut bytes = Vec::new();
        { &open.file }.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn copy_shares_the_bytes_of_its_source_and_outlives_it() {
        let (_root, folder) = folder();
        let etag = put(&folder, "a", b"film").etag;
        let source = folder.open_object("a").unwrap().unwrap();
        let copy = folder.copy_object(&source, "b", None).unwrap();
        assert_eq!((&copy.etag, &copy.metadata), (&etag, &source.object.metadata));
        assert_eq!(source.file.metadata().unwrap().nlink(), 2, "a link, not a second file");
        folder.delete_object("a").unwrap();
        assert_eq!(read(&folder, "b"), b"film");
        // The open source keeps its bytes where its name is gone.
        folder.copy_object(&source, "c", None).unwrap();
        assert_eq!(read(&folder, "c"), b"film");
    }

    #[test]
    fn copied_range_has_the_bytes_of_the_range() {
        let (_root, folder) = folder();
        put(&folder, "a", b"0123456789");
        let source = folder.open_object("a").unwrap().unwrap();
        let blob = folder.copy_range(&source, 2..5).unwrap();
        folder.put_object("b", None, blob).unwrap();
        assert_eq!(read(&folder, "b"), b"234");
        assert!(matches!(folder.copy_range(&source, 8..11), Err(Error::Conflict(_))));
    }

    #[test]
    fn many_objects_are_deleted_with_their_files() {
        let (root, folder) = folder();
        for key in ["a", "b", "c"] {
            put(&folder, key, key.as_bytes());
        }
        folder.delete_objects(&["a", "absent", "c", "a"].map(str::to_owned)).unwrap();
        assert!(folder.open_object("a").unwrap().is_none());
        assert_eq!(read(&folder, "b"), b"b");
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 1);
    }

    #[test]
    fn conditional_write_happens_only_where_its_condition_is_true() {
        let (root, folder) = folder();
        let write = |condition: &WriteCondition| {
            let mut blob = folder.create_blob(10).unwrap();
            blob.write(b"new").unwrap();
            folder.put_object_if("a", None, blob, condition).map(|object| object.etag)
        };
        let is = |etag: &str| WriteCondition::ETag(etag.to_owned());
        assert!(matches!(write(&is("x")), Err(Error::NotFound(_))));
        assert!(matches!(write(&WriteCondition::Exists), Err(Error::NotFound(_))));
        let etag = write(&WriteCondition::Absent).unwrap();
        assert!(matches!(write(&WriteCondition::Absent), Err(Error::PreconditionFailed)));
        assert!(matches!(write(&is("x")), Err(Error::PreconditionFailed)));
        write(&is(&etag)).unwrap();
        write(&WriteCondition::Exists).unwrap();
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 1);
    }
}
