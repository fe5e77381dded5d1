//! Uploads in parts: each part a blob with a row, so that an upload outlives the server.

use rusqlite::{OptionalExtension as _, params};

use super::{Draft, Error, Folder, Object, Result, blob, clock};

/// Uploads under way at once, one page of a list; publish has one a film under way.
const UPLOADS_MAX: i64 = 1000;

/// A part that is here.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    blob: String,
}

/// An upload that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) created_ms: i64,
}

impl Folder {
    /// Begins an upload to `key`; answers its id.
    pub(crate) fn begin_upload(&self, key: &str, content_type: Option<&str>) -> Result<String> {
        let id = blob::random_name()?;
        let begun = self.index.write(|transaction| {
            let count: i64 =
                transaction.query_row("SELECT count(*) FROM uploads", [], |row| row.get(0))?;
            if count >= UPLOADS_MAX {
                return Ok(false);
            }
            let row = params![id, key, content_type, clock::now_ms()];
            transaction.execute("INSERT INTO uploads VALUES (?1, ?2, ?3, ?4)", row)?;
            Ok(true)
        })?;
        if begun { Ok(id) } else { Err(Error::Conflict("1,000 uploads are under way")) }
    }

    /// Makes `draft` a part of the upload; a part of the same number is replaced.
    pub(crate) fn put_part(&self, id: &str, key: &str, number: i32, draft: Draft) -> Result<Part> {
        self.upload(id, key)?;
        let blob::Blob { name, size, etag, .. } = draft.finish()?;
        let part = Part { number, size, etag, modified_ms: clock::now_ms(), blob: name };
        let written = self.index.write(|transaction| {
            let old: Option<String> = transaction
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
            Ok(old)
        });
        match written {
            Ok(old) => {
                if let Some(old) = old {
                    self.discard(&old);
                }
                Ok(part)
            }
            Err(error) => {
                self.discard(&part.blob);
                Err(error)
            }
        }
    }

    /// Parts that are here, after number `after`, at most `count`.
    pub(crate) fn parts(&self, id: &str, key: &str, after: i32, count: usize) -> Result<Vec<Part>> {
        self.upload(id, key)?;
        self.index.with(|connection| {
            let select = "SELECT number, size, etag, modified_ms, blob FROM parts \
                          WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
            connection
                .prepare_cached(select)?
                .query_map(params![id, after, count], |row| {
                    Ok(Part {
                        number: row.get(0)?,
                        size: row.get(1)?,
                        etag: row.get(2)?,
                        modified_ms: row.get(3)?,
                        blob: row.get(4)?,
                    })
                })?
                .collect()
        })
    }

    /// Makes the parts named, by number and `ETag` in order, the object.
    pub(crate) fn finish_upload(
        &self,
        id: &str,
        key: &str,
        named: &[(i32, String)],
    ) -> Result<Object> {
        let content_type = self.upload(id, key)?;
        let here = self.parts(id, key, 0, usize::from(u16::MAX))?;
        let chosen = choose(&here, named)?;
        let mut draft = self.draft(u64::MAX)?;
        let mut etags = blake3::Hasher::new();
        for part in chosen {
            draft.append(&self.objects.join(&part.blob))?;
            etags.update(part.etag.as_bytes());
        }
        let blob = draft.finish_as(format!("{}-{}", blob::hex(&etags.finalize()), named.len()))?;
        let object = self.put_blob(key, content_type, blob, |transaction| {
            match transaction.execute("DELETE FROM uploads WHERE id = ?1", [id])? {
                1 => Ok(()),
                // Somebody else finished or aborted it meanwhile.
                _ => Err(rusqlite::Error::QueryReturnedNoRows),
            }
        })?;
        for part in here {
            self.discard(&part.blob);
        }
        Ok(object)
    }

    /// Uploads that are under way to keys that begin with `prefix`, by key and age.
    pub(crate) fn uploads(&self, prefix: &str) -> Result<Vec<Upload>> {
        self.index.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, key, created_ms FROM uploads \
                     WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key, created_ms, id",
                )?
                .query_map([prefix], |row| {
                    Ok(Upload { id: row.get(0)?, key: row.get(1)?, created_ms: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Gives the upload up.
    pub(crate) fn abort_upload(&self, id: &str, key: &str) -> Result<()> {
        let here = self.parts(id, key, 0, usize::from(u16::MAX))?;
        self.index
            .with(|connection| connection.execute("DELETE FROM uploads WHERE id = ?1", [id]))?;
        for part in here {
            self.discard(&part.blob);
        }
        Ok(())
    }

    /// The content type of an upload that is under way.
    fn upload(&self, id: &str, key: &str) -> Result<Option<String>> {
        self.index
            .with(|connection| {
                connection
                    .prepare_cached("SELECT content_type FROM uploads WHERE id = ?1 AND key = ?2")?
                    .query_row([id, key], |row| row.get(0))
                    .optional()
            })?
            .ok_or(Error::Missing("upload"))
    }
}

/// The parts that were named, which must be here and in order.
fn choose<'a>(here: &'a [Part], named: &[(i32, String)]) -> Result<Vec<&'a Part>> {
    if named.is_empty() {
        return Err(Error::Conflict("an upload is finished by naming its parts"));
    }
    let mut chosen = Vec::with_capacity(named.len());
    let mut before = 0;
    for (number, etag) in named {
        if *number <= before {
            return Err(Error::Conflict("parts are named in ascending order"));
        }
        before = *number;
        let part = here.iter().find(|part| part.number == *number && part.etag == *etag);
        chosen.push(part.ok_or(Error::Missing("part"))?);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Read as _};

    fn part(folder: &Folder, id: &str, number: i32, bytes: &[u8]) -> Result<Part> {
        let mut draft = folder.draft(1 << 20)?;
        draft.write(bytes)?;
        folder.put_part(id, "k", number, draft)
    }

    #[test]
    fn an_upload_goes_on_after_the_server_came_back() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), None).unwrap();
        let id = folder.begin_upload("k", Some("video/mp4")).unwrap();
        let first = part(&folder, &id, 1, b"first ").unwrap();
        part(&folder, &id, 2, b"wrong").unwrap();
        drop(folder);
        let folder = Folder::open(root.path(), None).unwrap();
        let second = part(&folder, &id, 2, b"second").unwrap();
        let here = folder.parts(&id, "k", 0, 10).unwrap();
        assert_eq!(here.iter().map(|part| part.size).collect::<Vec<_>>(), [6, 6]);
        let named = [(1, first.etag), (2, second.etag)];
        let object = folder.finish_upload(&id, "k", &named).unwrap();
        assert!(object.etag.ends_with("-2"));
        let mut text = String::new();
        let opened = folder.open_object("k").unwrap().unwrap();
        let (object, mut file) = (&opened.object, &opened.file);
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "first second");
        assert_eq!(object.content_type.as_deref(), Some("video/mp4"));
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 1);
        let again = folder.finish_upload(&id, "k", &named);
        assert!(matches!(again, Err(Error::Missing("upload"))));
    }

    #[test]
    fn uploads_under_way_are_told_by_their_keys() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), None).unwrap();
        let begun: Vec<String> = ["media/b", "media/a", "other", "media/a"]
            .iter()
            .map(|key| folder.begin_upload(key, None).unwrap())
            .collect();
        folder.abort_upload(&begun[0], "media/b").unwrap();
        let mut told: Vec<_> = folder
            .uploads("media/")
            .unwrap()
            .into_iter()
            .map(|upload| (upload.key, upload.id))
            .collect();
        told.sort();
        let mut wanted = [1, 3].map(|n| ("media/a".to_owned(), begun[n].clone()));
        wanted.sort();
        assert_eq!(told, wanted);
    }

    #[test]
    fn wrong_parts_finish_nothing_and_an_abort_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), None).unwrap();
        let id = folder.begin_upload("k", None).unwrap();
        let one = part(&folder, &id, 1, b"1").unwrap().etag;
        let two = part(&folder, &id, 2, b"2").unwrap().etag;
        for named in [
            vec![],
            vec![(2, two.clone()), (1, one.clone())],
            vec![(1, one.clone()), (1, one.clone())],
            vec![(1, two)],
            vec![(3, one.clone())],
        ] {
            assert!(folder.finish_upload(&id, "k", &named).is_err(), "{named:?}");
        }
        assert!(matches!(
            folder.finish_upload(&id, "other", &[(1, one)]),
            Err(Error::Missing("upload"))
        ));
        folder.abort_upload(&id, "k").unwrap();
        assert!(folder.open_object("k").unwrap().is_none());
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 0);
        assert!(part(&folder, &id, 3, b"3").is_err());
        assert_eq!(fs::read_dir(root.path().join("objects")).unwrap().count(), 0);
    }
}
