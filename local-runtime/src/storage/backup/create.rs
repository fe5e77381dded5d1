//! Writes a backup, also while a server serves the data folder.

use std::{
    collections::HashMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    super::{
        blob::mtime_ns,
        clock,
        data_folder::{INDEX_DATABASE, OBJECTS, UNFINISHED_RESTORE},
    },
    backup_folder::BackupFolder,
    manifest::{Entry, Manifest},
    place_file::{Placed, hash, place, remove_if_there},
    snapshot,
};

/// How often the databases are copied again because a blob that they name is gone: each time, only
/// what is new since the last time is copied, so that it is faster.
const SNAPSHOTS_MAX: usize = 16;
/// How often a film is read again because its owner writes it meanwhile.
const READS_MAX: usize = 3;

/// What a backup has done.
#[derive(Debug, Default)]
pub(crate) struct BackedUp {
    /// Objects of the backup, and their bytes.
    pub(crate) objects: usize,
    pub(crate) bytes: u64,
    /// Files that the backup did not have before, by how their bytes got there.
    pub(crate) shared: usize,
    pub(crate) linked: usize,
    pub(crate) copied: usize,
    /// Blobs of objects whose file is lost in the data folder.
    pub(crate) lost: Vec<String>,
}

/// A backup that is being written.
struct Writer<'a> {
    source: &'a Path,
    folder: &'a BackupFolder,
    /// The blobs of the backup before this one, and those that this one has so far.
    known: HashMap<String, Entry>,
    done: BackedUp,
}

/// Writes a backup of the data folder `data` into the folder `to`.
pub(crate) fn create(data: &Path, to: &Path) -> Result<BackedUp> {
    ensure!(
        data.join(INDEX_DATABASE).exists() && !data.join(UNFINISHED_RESTORE).exists(),
        "{} is not the data folder of a Firstframe",
        data.display()
    );
    let in_folder = || format!("backup to {}", to.display());
    check_apart(data, to).with_context(in_folder)?;
    let folder = BackupFolder::open(to).with_context(in_folder)?;
    let before = folder.manifest().with_context(in_folder)?;
    folder.remove_other_snapshots(before.as_ref())?;
    let known = before.into_iter().flat_map(|manifest| manifest.blobs);
    let known = known.map(|entry| (entry.name.clone(), entry)).collect();
    let source = data.join(OBJECTS);
    let writer = Writer { source: &source, folder: &folder, known, done: BackedUp::default() };
    let (manifest, done) = writer.write(data)?;
    folder.commit(&manifest).with_context(in_folder)?;
    folder.remove_other_snapshots(Some(&manifest))?;
    folder.remove_other_objects(&manifest)?;
    Ok(done)
}

/// Refuses a backup inside of what it backs up, and the other way round.
fn check_apart(data: &Path, to: &Path) -> Result<()> {
    let (data, to) = (data.canonicalize()?, real_path(to)?);
    ensure!(
        !to.starts_with(&data) && !data.starts_with(&to),
        "it is in the data folder, or around it"
    );
    Ok(())
}

/// The path without symbolic links; its last folders need not exist.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(&path);
    Ok(there.canonicalize()?.join(path.strip_prefix(there).unwrap_or(Path::new(""))))
}

impl Writer<'_> {
    /// Copies the databases, and then the blobs that they name. A blob that is gone by then was
    /// deleted meanwhile, so the databases are copied again; one that is still named is lost.
    fn write(mut self, data: &Path) -> Result<(Manifest, BackedUp)> {
        let mut missing = Vec::new();
        for _ in 0..SNAPSHOTS_MAX {
            let created_ms = clock::now_ms();
            let name = self.folder.create_snapshot()?;
            let snapshot = self.folder.snapshot(&name);
            let files = snapshot::take(data, &snapshot)?;
            let (blobs, gone) = self.blobs(&snapshot)?;
            if gone.iter().all(|blob| missing.contains(blob)) {
                self.done.objects = blobs.len();
                self.done.bytes = blobs.iter().map(|blob| blob.size).sum();
                self.done.lost = gone;
                return Ok((Manifest::new(created_ms, name, files, blobs), self.done));
            }
            missing = gone;
            fs::remove_dir_all(snapshot)?;
        }
        bail!("objects are deleted faster than they are copied; try again when less is deleted")
    }

    /// Puts the blobs of a snapshot into the backup; returns their entries, and the names of those
    /// that have no file.
    fn blobs(&mut self, snapshot: &Path) -> Result<(Vec<Entry>, Vec<String>)> {
        let (mut blobs, mut gone) = (Vec::new(), Vec::new());
        for name in snapshot::blob_names(snapshot)? {
            match self.blob(&name).with_context(|| format!("copying the blob {name}"))? {
                Some(entry) => {
                    self.known.insert(name, entry.clone());
                    blobs.push(entry);
                }
                None => gone.push(name),
            }
        }
        Ok((blobs, gone))
    }

    /// Puts one blob into the backup, unless the backup has it.
    fn blob(&mut self, name: &str) -> Result<Option<Entry>> {
        let path = self.source.join(name);
        for _ in 0..READS_MAX {
            let Some((size, mtime_ns)) = found(stamp(&path))? else { return Ok(None) };
            if let Some(known) = self.known.get(name)
                && (known.size, known.mtime_ns) == (size, mtime_ns)
                && self.has(known)
            {
                return Ok(Some(known.clone()));
            }
            let Some((hash, _)) = found(hash(&path))? else { return Ok(None) };
            let entry = Entry { name: name.to_owned(), size, mtime_ns, hash };
            let Some(placed) = self.place(&path, &entry)? else { return Ok(None) };
            if found(stamp(&path))?.is_none_or(|stamp| stamp == (size, mtime_ns)) {
                self.count(placed);
                return Ok(Some(entry));
            }
        }
        bail!("its owner writes this film; try again when it is complete")
    }

    /// Whether the file of an entry is in the backup.
    fn has(&self, entry: &Entry) -> bool {
        let path = self.folder.objects.join(&entry.hash);
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == entry.size)
    }

    /// Makes the file of an entry, and checks its bytes. `None` where there is no file at `path`.
    fn place(&self, path: &Path, entry: &Entry) -> Result<Option<Placed>> {
        let to = self.folder.objects.join(&entry.hash);
        let is_right = |path: &Path| hash(path).is_ok_and(|(hash, _)| hash == entry.hash);
        if self.has(entry) && is_right(&to) {
            return Ok(Some(Placed::Present));
        }
        remove_if_there(&to)?;
        let Some(placed) = found(place(path, &to, entry.mtime_ns))? else { return Ok(None) };
        if placed != Placed::Linked && !is_right(&to) {
            remove_if_there(&to)?;
            bail!("the copy has other bytes than the file: the file was written, or a disk fails");
        }
        Ok(Some(placed))
    }

    fn count(&mut self, placed: Placed) {
        match placed {
            Placed::Present => {}
            Placed::Shared => self.done.shared += 1,
            Placed::Linked => self.done.linked += 1,
            Placed::Copied => self.done.copied += 1,
        }
    }
}

/// Size and time of change of a file.
fn stamp(path: &Path) -> io::Result<(u64, i64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.len(), mtime_ns(&metadata)))
}

/// `None` where there is no such file.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::restore, *};
    use crate::storage::DataFolder;

    fn put(folder: &DataFolder, key: &str, bytes: &[u8]) {
        let mut blob = folder.create_blob(1 << 20).unwrap();
        blob.write(bytes).unwrap();
        folder.put_object(key, None, blob).unwrap();
    }

    fn read(data: &Path, key: &str) -> Vec<u8> {
        let folder = DataFolder::open(data, None).unwrap();
        let open = folder.open_object(key).unwrap().unwrap();
        fs::read(&open.path).unwrap()
    }

    fn placed(done: &BackedUp) -> (usize, usize) {
        (done.objects, done.shared + done.linked + done.copied)
    }

    #[test]
    fn second_backup_has_what_is_new_and_lacks_what_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let [data, to, restored] =
            ["data", "backup", "restored"].map(|name| root.path().join(name));
        let folder = DataFolder::open(&data, None).unwrap();
        put(&folder, "media/a", b"first");
        put(&folder, "media/b", b"second");
        put(&folder, "media/c", b"first");
        let upload = folder.create_upload("media/d", None).unwrap();
        let mut part = folder.create_blob(10).unwrap();
        part.write(b"part").unwrap();
        folder.put_part(&upload, "media/d", 1, part).unwrap();
        assert_eq!(placed(&create(&data, &to).unwrap()), (3, 2), "equal bytes are there once");
        put(&folder, "media/b", b"third");
        folder.delete_object("media/a").unwrap();
        assert_eq!(placed(&create(&data, &to).unwrap()), (2, 1));
        assert_eq!(fs::read_dir(to.join(OBJECTS)).unwrap().count(), 2);
        restore(&to, &restored).unwrap();
        assert_eq!(
            (read(&restored, "media/b"), read(&restored, "media/c")),
            (b"third".to_vec(), b"first".to_vec())
        );
        let folder = DataFolder::open(&restored, None).unwrap();
        assert!(folder.open_object("media/a").unwrap().is_none());
        assert!(folder.pending_uploads("").unwrap().is_empty());
        assert_eq!(fs::read_dir(restored.join("objects")).unwrap().count(), 2);
    }

    #[test]
    fn object_keeps_its_etag_and_its_time_through_backup_and_restore() {
        let root = tempfile::tempdir().unwrap();
        let [data, to, restored] =
            ["data", "backup", "restored"].map(|name| root.path().join(name));
        let folder = DataFolder::open(&data, None).unwrap();
        // Two films with equal bytes and different times: at most one of them can be a link.
        for (name, nanoseconds) in [("0a", 5), ("0b", 7)] {
            let film = data.join("incoming").join(name);
            fs::write(&film, b"film").unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(nanoseconds);
            fs::File::options().write(true).open(&film).unwrap().set_modified(time).unwrap();
            folder.import_incoming(&format!("media/{name}"), None, name).unwrap();
        }
        create(&data, &to).unwrap();
        restore(&to, &restored).unwrap();
        let restored = DataFolder::open(&restored, None).unwrap();
        for key in ["media/0a", "media/0b"] {
            let [before, after] =
                [&folder, &restored].map(|folder| folder.open_object(key).unwrap().unwrap());
            assert_eq!(before.object.etag, after.object.etag, "{key}");
            assert_eq!(before.object.mtime_ns, after.object.mtime_ns, "{key}");
        }
    }

    #[test]
    fn object_whose_file_is_lost_is_reported_and_the_others_are_backed_up() {
        let root = tempfile::tempdir().unwrap();
        let [data, to] = ["data", "backup"].map(|name| root.path().join(name));
        let folder = DataFolder::open(&data, None).unwrap();
        put(&folder, "media/a", b"there");
        put(&folder, "media/b", b"lost");
        let lost = folder.open_object("media/b").unwrap().unwrap();
        fs::remove_file(&lost.path).unwrap();
        let done = create(&data, &to).unwrap();
        assert_eq!(placed(&done), (1, 1));
        assert_eq!(done.lost, [lost.path.file_name().unwrap().to_str().unwrap()]);
    }

    #[test]
    fn damaged_database_or_a_folder_of_other_files_is_refused_and_the_backup_stays() {
        let root = tempfile::tempdir().unwrap();
        let [data, to, other] = ["data", "backup", "other"].map(|name| root.path().join(name));
        drop(DataFolder::open(&data, None).unwrap());
        create(&data, &to).unwrap();
        let manifest = fs::read(to.join("manifest.json")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(other.join("thesis.tex"), b"text").unwrap();
        assert!(format!("{:#}", create(&data, &other).unwrap_err()).contains("thesis.tex"));
        for inside in [data.join("backup"), root.path().to_owned()] {
            assert!(format!("{:#}", create(&data, &inside).unwrap_err()).contains("data folder"));
        }
        assert!(create(&other, &to).is_err(), "a folder without a database");
        fs::write(data.join("database.sqlite"), b"not a database, but long enough to look")
            .unwrap();
        let error = format!("{:#}", create(&data, &to).unwrap_err());
        assert!(error.contains("database.sqlite"), "{error}");
        assert_eq!(fs::read(to.join("manifest.json")).unwrap(), manifest);
    }
}
