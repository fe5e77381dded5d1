//! Multipart uploads: each part is a blob with a row, so an upload survives a restart.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{
    BlobWriter, DataFolder, Error, Object, ObjectMetadata, Result, WriteCondition, blob, blob_name,
    clock,
    objects::{check_key, new_label},
};

/// Pending uploads at once: one page of a list. `publish` has one for each film that it sends.
const PENDING_UPLOADS_MAX: i64 = 1000;
/// Time after its last part at which an upload that is not complete is removed: one week.
const UPLOAD_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;

/// A part that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct UploadedPart {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    blob: String,
}

/// An upload that is neither complete nor aborted.
#[derive(Clone, Debug)]
pub(crate) struct PendingUpload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) created_ms: i64,
}

impl UploadedPart {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            size: row.get(1)?,
            etag: row.get(2)?,
            modified_ms: row.get(3)?,
            blob: row.get(4)?,
        })
    }
}

impl DataFolder {
    /// Creates an upload to `key`; returns its id.
    pub(crate) fn create_upload(
        &self,
        key: &str,
        metadata: impl Into<ObjectMetadata>,
    ) -> Result<String> {
        check_key(key)?;
        let metadata = metadata.into();
        let id = blob_name::random_name()?;
        let is_created = self.database.transaction(|transaction| {
            let count: i64 =
                transaction.query_row("SELECT count(*) FROM uploads", [], |row| row.get(0))?;
            if count >= PENDING_UPLOADS_MAX {
                return Ok(false);
            }
            let insert = "INSERT INTO uploads (id, key, content_type, created_ms, metadata) \
                          VALUES (?1, ?2, ?3, ?4, ?5)";
            let json = metadata.to_column()?;
            let row = params![id, key, metadata.content_type, clock::now_ms(), json];
            transaction.execute(insert, row)?;
            Ok(true)
        })?;
        if is_created { Ok(id) } else { Err(Error::Conflict("1,000 uploads are pending")) }
    }

    /// Makes `blob` a part of the upload; it replaces the part of the same number.
    pub(crate) fn put_part(
        &self,
        id: &str,
        key: &str,
        number: i32,
        blob: BlobWriter,
    ) -> Result<UploadedPart> {
        self.upload_metadata(id, key)?;
        let blob::Blob { name, size, etag, .. } = blob.finish_part()?;
        let part = UploadedPart { number, size, etag, modified_ms: clock::now_ms(), blob: name };
        let written = self.database.transaction(|transaction| {
            let replaced: Option<String> = transaction
                .query_row(
                    "SELECT blob FROM parts WHERE upload = ?1 AND number = ?2",
                    params![id, number],
                    |row| row.get(0),
                )
                .optional()?;
            transaction.execute(
                "INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, number, part.blob, part.size, part.etag, part.modified_ms],
            )?;
            Ok(replaced)
        });
        self.remove_unnamed_blob(&part.blob, written)?;
        Ok(part)
    }

    /// The parts of an upload whose numbers are above `after`, at most `count`.
    pub(crate) fn parts(
        &self,
        id: &str,
        key: &str,
        after: i32,
        count: usize,
    ) -> Result<Vec<UploadedPart>> {
        self.upload_metadata(id, key)?;
        let select = "SELECT number, size, etag, modified_ms, blob FROM parts \
                      WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
        self.database.query_all(select, params![id, after, count], UploadedPart::from_row)
    }

    fn all_parts(&self, id: &str, key: &str) -> Result<Vec<UploadedPart>> {
        self.parts(id, key, 0, usize::from(u16::MAX))
    }

    /// Joins the named parts, each a number and an `ETag`, into the object under `key`.
    pub(crate) fn complete_upload(
        &self,
        id: &str,
        key: &str,
        named: &[(i32, String)],
        condition: &WriteCondition,
    ) -> Result<Object> {
        let metadata = self.upload_metadata(id, key)?;
        let parts = self.all_parts(id, key)?;
        let chosen = choose_parts(&parts, named)?;
        let mut joined = self.create_blob(u64::MAX)?;
        for part in &chosen {
            joined.append_file(&self.objects.join(&part.blob))?;
        }
        let etag = blob::etag_of_parts(chosen.iter().map(|part| part.etag.as_str()));
        let blob = joined.finish_with_etag(&new_label(key, &metadata)?, etag)?;
        let object = self.put_blob(key, metadata, blob, condition, |transaction| {
            match transaction.execute("DELETE FROM uploads WHERE id = ?1", [id])? {
                1 => Ok(()),
                // Another request has completed or aborted the upload.
                _ => Err(rusqlite::Error::QueryReturnedNoRows),
            }
        })?;
        for part in parts {
            self.remove_blob(&part.blob);
        }
        Ok(object)
    }

    /// Pending uploads to keys that start with `prefix`, by key and age.
    pub(crate) fn pending_uploads(&self, prefix: &str) -> Result<Vec<PendingUpload>> {
        let select = "SELECT id, key, created_ms FROM uploads \
                      WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key, created_ms, id";
        self.database.query_all(select, [prefix], |row| {
            Ok(PendingUpload { id: row.get(0)?, key: row.get(1)?, created_ms: row.get(2)? })
        })
    }

    /// Removes the uploads that got no part for [`UPLOAD_MS_MAX`] before `now`, with their parts.
    pub(super) fn remove_old_uploads(&self, now: i64) -> Result<()> {
        let old = "SELECT id FROM uploads WHERE max(created_ms, (SELECT \
                   coalesce(max(modified_ms), 0) FROM parts WHERE upload = id)) < ?1";
        let blobs = self.database.transaction(|transaction| {
            let before = now - UPLOAD_MS_MAX;
            let select = format!("SELECT blob FROM parts WHERE upload IN ({old})");
            let mut select = transaction.prepare(&select)?;
            let blobs = select.query_map([before], |row| row.get(0))?;
            let blobs = blobs.collect::<rusqlite::Result<Vec<String>>>()?;
            transaction.execute(&format!("DELETE FROM uploads WHERE id IN ({old})"), [before])?;
            Ok(blobs)
        })?;
        for blob in blobs {
            self.remove_blob(&blob);
        }
        Ok(())
    }

    /// Aborts an upload and removes its parts.
    pub(crate) fn abort_upload(&self, id: &str, key: &str) -> Result<()> {
        let parts = self.all_parts(id, key)?;
        self.database.execute("DELETE FROM uploads WHERE id = ?1", [id])?;
        for part in parts {
            self.remove_blob(&part.blob);
        }
        Ok(())
    }

    /// The metadata of a pending upload; an error where there is no such upload.
    fn upload_metadata(&self, id: &str, key: &str) -> Result<ObjectMetadata> {
        let select = "SELECT content_type, metadata FROM uploads WHERE id = ?1 AND key = ?2";
        let read = |row: &Row<'_>| ObjectMetadata::from_columns(row, 0, 1);
        self.database.query_first(select, [id, key], read)?.ok_or(Error::NotFound("upload"))
    }
}

/// The named parts, which must have been uploaded and be named in ascending order.
fn choose_parts<'a>(
    parts: &'a [UploadedPart],
    named: &[(i32, String)],
) -> Result<Vec<&'a UploadedPart>> {
    if named.is_empty() {
        return Err(Error::Conflict("an upload is completed by naming at least one part"));
    }
    let mut chosen = Vec::with_capacity(named.len());
    let mut before = 0;
    for (number, etag) in named {
        if *number <= before {
            return Err(Error::Conflict("parts are named in ascending order"));
        }
        before = *number;
        let part = parts.iter().find(|part| part.number == *number && part.etag == *etag);
        chosen.push(part.ok_or(Error::NotFound("part"))?);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Read as _};

    fn put_part(folder: &DataFolder, id: &str, number: i32, bytes: &[u8]) -> Result<UploadedPart> {
        let mut blob = folder.create_blob(1 << 20)?;
        blob.write(bytes)?;
        folder.put_part(id, "k", number, blob)
    }

    #[test]
    fn upload_survives_a_restart() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let id = folder.create_upload("k", Some("video/mp4".to_owned())).unwrap();
        let first = put_part(&folder, &id, 1, b"first ").unwrap();
        put_part(&folder, &id, 2, b"wrong").unwrap();
        drop(folder);
        let folder = DataFolder::open(root.path(), None).unwrap();
        let second = put_part(&folder, &id, 2, b"second").unwrap();
        let parts = folder.parts(&id, "k", 0, 10).unwrap();
        assert_eq!(parts.iter().map(|part| part.size).collect::<Vec<_>>(), [6, 6]);
        let named = [(1, first.etag), (2, second.etag)];
        let object = folder.complete_upload(&id, "k", &named, &WriteCondition::None).unwrap();
        assert!(object.etag.ends_with("-2"));
        let mut text = String::new();
        let open = folder.open_object("k").unwrap().unwrap();
        let (object, mut file) = (&open.object, &open.file);
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "first second");
        assert_eq!(object.metadata.content_type.as_deref(), Some("video/mp4"));
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 1);
        let again = folder.complete_upload(&id, "k", &named, &WriteCondition::None);
        assert!(matches!(again, Err(Error::NotFound("upload"))));
    }

    #[test]
    fn thousand_uploads_are_pending_at_most() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let id = folder.create_upload("k", None).unwrap();
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1) \
                    INSERT INTO uploads (id, key, created_ms) SELECT i, 'k', ?2 FROM n";
        folder.database.execute(many, [PENDING_UPLOADS_MAX - 1, clock::now_ms()]).unwrap();
        assert!(matches!(folder.create_upload("k", None), Err(Error::Conflict(_))));
        folder.abort_upload(&id, "k").unwrap();
        folder.create_upload("k", None).unwrap();
    }

    #[test]
    fn upload_expires_a_week_after_its_last_part() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let ids = [0; 3].map(|_| folder.create_upload("k", None).unwrap());
        let now = clock::now_ms();
        let age = |update: &str, id: &str, by: i64| {
            folder.database.execute(update, params![now - by, id]).unwrap();
        };
        let part_age = "UPDATE parts SET modified_ms = ?1 WHERE upload = ?2";
        for id in &ids[..2] {
            put_part(&folder, id, 1, b"part").unwrap();
            age("UPDATE uploads SET created_ms = ?1 WHERE id = ?2", id, 2 * UPLOAD_MS_MAX);
        }
        age(part_age, &ids[0], UPLOAD_MS_MAX + 1);
        age(part_age, &ids[1], UPLOAD_MS_MAX - 60_000);
        folder.remove_old_uploads(now).unwrap();
        let pending = folder.pending_uploads("").unwrap();
        let mut pending: Vec<_> = pending.into_iter().map(|upload| upload.id).collect();
        pending.sort();
        let mut expected = ids[1..].to_vec();
        expected.sort();
        assert_eq!(pending, expected);
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 1);
    }

    #[test]
    fn pending_uploads_are_listed_by_prefix() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let ids: Vec<String> = ["media/b", "media/a", "other", "media/a"]
            .iter()
            .map(|key| folder.create_upload(key, None).unwrap())
            .collect();
        folder.abort_upload(&ids[0], "media/b").unwrap();
        let pending = folder.pending_uploads("media/").unwrap();
        let mut listed: Vec<_> =
            pending.into_iter().map(|upload| (upload.key, upload.id)).collect();
        listed.sort();
        let mut expected = [1, 3].map(|n| ("media/a".to_owned(), ids[n].clone()));
        expected.sort();
        assert_eq!(listed, expected);
    }

    #[test]
    fn wrong_parts_complete_no_upload_and_an_abort_leaves_no_file() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let id = folder.create_upload("k", None).unwrap();
        let one = put_part(&folder, &id, 1, b"1").unwrap().etag;
        let two = put_part(&folder, &id, 2, b"2").unwrap().etag;
        for named in [
            vec![],
            vec![(2, two.clone()), (1, one.clone())],
            vec![(1, one.clone()), (1, one.clone())],
            vec![(1, two)],
            vec![(3, one.clone())],
        ] {
            assert!(
                folder.complete_upload(&id, "k", &named, &WriteCondition::None).is_err(),
                "{named:?}"
            );
        }
        assert!(matches!(
            folder.complete_upload(&id, "other", &[(1, one)], &WriteCondition::None),
            Err(Error::NotFound("upload"))
        ));
        folder.abort_upload(&id, "k").unwrap();
        assert!(folder.open_object("k").unwrap().is_none());
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 0);
        assert!(put_part(&folder, &id, 3, b"3").is_err());
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 0);
    }
}
