//! Restores a backup into an empty data folder.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use api::data_folder::LOCK_FILE;

use super::{
    super::{
        blob::sync_folder,
        data_folder::{OBJECTS, UNFINISHED_RESTORE, entries, try_lock},
        private_files::{private_file, private_folder},
    },
    backup_folder::BackupFolder,
    manifest::{Entry, Manifest},
    place_file::{hash, place, remove_if_there},
    snapshot::FILES,
};

/// What a restore has done.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) objects: usize,
    pub(crate) bytes: u64,
}

/// Restores the backup in the folder `from` into the data folder `data`, which is made when absent.
/// Until everything is there and verified, no server opens the folder.
pub(crate) fn restore(from: &Path, data: &Path) -> Result<Restored> {
    let in_backup = || format!("restore from {}", from.display());
    let (backup, manifest) = BackupFolder::open_complete(from).with_context(in_backup)?;
    let in_data = || format!("restore to {}", data.display());
    private_folder(data).with_context(in_data)?;
    let lock = try_lock(&data.join(LOCK_FILE)).with_context(in_data)?;
    let _lock =
        lock.context("a server or another restore uses the folder").with_context(in_data)?;
    begin(data).with_context(in_data)?;
    write(&backup, &manifest, data).with_context(in_backup)?;
    fs::remove_file(data.join(UNFINISHED_RESTORE))?;
    sync_folder(data)?;
    let bytes = manifest.blobs.iter().map(|blob| blob.size).sum();
    Ok(Restored { objects: manifest.blobs.len(), bytes })
}

/// Marks the folder as one that is not whole, and removes what an earlier restore left. A folder
/// that has anything else is refused.
fn begin(data: &Path) -> Result<()> {
    let unfinished = data.join(UNFINISHED_RESTORE);
    if !unfinished.exists() {
        for entry in entries(data)? {
            let name = entry.file_name();
            ensure!(
                name == LOCK_FILE,
                "the folder is not empty: {} is there; name another folder by --data, or move it \
                 away",
                name.display()
            );
        }
        private_file(&unfinished)?.sync_all()?;
        sync_folder(data)?;
    }
    let objects = data.join(OBJECTS);
    if objects.exists() {
        fs::remove_dir_all(&objects)?;
    }
    for name in FILES {
        remove_if_there(&data.join(name))?;
    }
    Ok(fs::create_dir(&objects)?)
}

/// Writes every file of the backup, and checks its bytes.
fn write(backup: &BackupFolder, manifest: &Manifest, data: &Path) -> Result<()> {
    let objects = data.join(OBJECTS);
    for blob in &manifest.blobs {
        put(&backup.objects.join(&blob.hash), &objects.join(&blob.name), blob)?;
    }
    sync_folder(&objects)?;
    for file in &manifest.files {
        ensure!(FILES.contains(&file.name.as_str()), "{:?} is no file of a backup", file.name);
        let to = data.join(&file.name);
        let from = backup.snapshot(&manifest.snapshot).join(&file.name);
        private_file(&to)?;
        // Not a link: the server writes these files.
        fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
        private_file(&to)?;
        File::open(&to)?.sync_all()?;
        check(&to, file)?;
    }
    Ok(sync_folder(data)?)
}

fn put(from: &Path, to: &Path, entry: &Entry) -> Result<()> {
    place(from, to, entry.mtime_ns).with_context(|| format!("copying {}", from.display()))?;
    check(to, entry)
}

/// An error where a restored file has other bytes than the backup's manifest says.
fn check(path: &Path, entry: &Entry) -> Result<()> {
    let (hash, size) = hash(path)?;
    ensure!(
        (hash.as_str(), size) == (&entry.hash, entry.size),
        "the backup's copy of {} is damaged: its bytes are not those that were backed up",
        entry.name
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::create, *};
    use crate::storage::{DataFolder, Error};

    /// A backup of one object.
    fn backup(root: &Path) -> std::path::PathBuf {
        let [data, to] = ["data", "backup"].map(|name| root.join(name));
        let folder = DataFolder::open(&data, None).unwrap();
        let mut blob = folder.create_blob(10).unwrap();
        blob.write(b"film").unwrap();
        folder.put_object("media/a", None, blob).unwrap();
        create(&data, &to).unwrap();
        to
    }

    #[test]
    fn damaged_backup_is_refused_and_no_server_opens_what_it_wrote() {
        let root = tempfile::tempdir().unwrap();
        let (to, data) = (backup(root.path()), root.path().join("restored"));
        let object = fs::read_dir(to.join(OBJECTS)).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&object).unwrap();
        fs::remove_file(&object).unwrap();
        for damaged in [b"fil".as_slice(), b"flim"] {
            fs::write(&object, damaged).unwrap();
            let error = format!("{:#}", restore(&to, &data).unwrap_err());
            assert!(error.contains("damaged"), "{error}");
            assert!(matches!(DataFolder::open(&data, None), Err(Error::Conflict(_))));
        }
        fs::write(&object, whole).unwrap();
        restore(&to, &data).unwrap();
        let folder = DataFolder::open(&data, None).unwrap();
        assert_eq!(folder.open_object("media/a").unwrap().unwrap().object.size, 4);
    }

    #[test]
    fn folder_in_use_or_with_files_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let to = backup(root.path());
        let data = root.path().join("data");
        let served = DataFolder::open(&data, None).unwrap();
        let error = |data: &Path| format!("{:#}", restore(&to, data).unwrap_err());
        assert!(error(&data).contains("a server or another restore"));
        drop(served);
        assert!(error(&data).contains("not empty"));
        assert!(DataFolder::open(&data, None).is_ok(), "a refused restore changes nothing");
        let nothing = root.path().join("nothing");
        fs::create_dir(&nothing).unwrap();
        let error = format!("{:#}", restore(&nothing, &root.path().join("new")).unwrap_err());
        assert!(error.contains("is no backup"), "{error}");
    }
}
