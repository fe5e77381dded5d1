//! The folder of a backup: its lock, its manifest, and the files that the manifest does not name.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    super::{
        blob::sync_folder,
        blob_name::random_name,
        data_folder::{OBJECTS, entries, try_lock},
        private_files::{private_file, private_folder},
    },
    manifest::Manifest,
    place_file::remove_if_there,
};

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Its name while it is being written.
const PARTIAL_MANIFEST: &str = "manifest.json.part";
/// Bytes of a manifest: that of a million files.
const MANIFEST_BYTES_MAX: u64 = 512 << 20;
/// How the name of a folder of databases begins.
const SNAPSHOT: &str = "snapshot-";
const LOCK: &str = "lock";

/// The folder of a backup, which this process has locked.
pub(super) struct BackupFolder {
    root: PathBuf,
    pub(super) objects: PathBuf,
    _lock: File,
}

impl BackupFolder {
    /// Opens the folder to write a backup; made when absent. A folder with files that are not those
    /// of a backup is refused.
    pub(super) fn open(root: &Path) -> Result<Self> {
        for entry in entries(root)? {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let is_own = [LOCK, MANIFEST, PARTIAL_MANIFEST, OBJECTS].contains(&name);
            ensure!(
                is_own || name.starts_with(SNAPSHOT),
                "{name:?} is there, and is no part of a backup; name an empty folder, or one with \
                 an earlier backup"
            );
        }
        private_folder(root)?;
        let lock = try_lock(&root.join(LOCK))?.context("another backup or restore uses it")?;
        let objects = root.join(OBJECTS);
        private_folder(&objects)?;
        Ok(Self { root: root.to_owned(), objects, _lock: lock })
    }

    /// Opens the folder of a complete backup to read it: it may be on a medium that cannot be
    /// written.
    pub(super) fn open_complete(root: &Path) -> Result<(Self, Manifest)> {
        let lock = root.join(LOCK);
        let lock = File::open(&lock).with_context(|| format!("{} is no backup", root.display()))?;
        ensure!(lock.try_lock_shared().is_ok(), "a backup is being written there");
        let objects = root.join(OBJECTS);
        let folder = Self { root: root.to_owned(), objects, _lock: lock };
        let manifest =
            folder.manifest()?.context("it has no manifest.json: no backup has ended")?;
        Ok((folder, manifest))
    }

    /// The manifest of the last complete backup, if there is one.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>> {
        let path = self.root.join(MANIFEST);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let size = file.metadata()?.len();
        ensure!(size <= MANIFEST_BYTES_MAX, "{MANIFEST} has more than {MANIFEST_BYTES_MAX} bytes");
        let mut bytes = Vec::new();
        file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes)?;
        let manifest = Manifest::parse(&bytes);
        manifest.map(Some).with_context(|| format!("{} is damaged", path.display()))
    }

    /// The folder of the databases of a backup.
    pub(super) fn snapshot(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes a folder for the databases of a new backup; returns its name.
    pub(super) fn create_snapshot(&self) -> Result<String> {
        let name = format!("{SNAPSHOT}{}", random_name()?);
        private_folder(&self.snapshot(&name))?;
        Ok(name)
    }

    /// Makes `manifest` the one of the folder. Everything that it names is durable before.
    pub(super) fn commit(&self, manifest: &Manifest) -> Result<()> {
        sync_folder(&self.objects)?;
        sync_folder(&self.snapshot(&manifest.snapshot))?;
        sync_folder(&self.root)?;
        let partial = self.root.join(PARTIAL_MANIFEST);
        remove_if_there(&partial)?;
        let mut file = private_file(&partial)?;
        file.write_all(&serde_json::to_vec(manifest)?)?;
        file.sync_all()?;
        fs::rename(&partial, self.root.join(MANIFEST))?;
        Ok(sync_folder(&self.root)?)
    }

    /// Removes the databases of other backups than that of `manifest`.
    pub(super) fn remove_other_snapshots(&self, manifest: Option<&Manifest>) -> Result<()> {
        let current = manifest.map(|manifest| manifest.snapshot.as_str());
        for entry in entries(&self.root)? {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with(SNAPSHOT) && Some(name) != current {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the files in `objects/` that the manifest does not name.
    pub(super) fn remove_other_objects(&self, manifest: &Manifest) -> Result<()> {
        let named: HashSet<_> = manifest.blobs.iter().map(|blob| blob.hash.as_str()).collect();
        for entry in entries(&self.objects)? {
            if entry.file_name().to_str().is_none_or(|name| !named.contains(name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_that_is_too_large_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = BackupFolder::open(root.path()).unwrap();
        // A sparse file: it takes no space.
        File::create(root.path().join(MANIFEST)).unwrap().set_len(MANIFEST_BYTES_MAX + 1).unwrap();
        assert!(folder.manifest().unwrap_err().to_string().contains("has more than"));
    }

    #[test]
    fn backup_folder_is_open_in_one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = BackupFolder::open(root.path()).unwrap();
        let error = BackupFolder::open(root.path()).err().unwrap();
        assert!(error.to_string().contains("another backup"), "{error}");
        let error = BackupFolder::open_complete(root.path()).err().unwrap();
        assert!(error.to_string().contains("being written"), "{error}");
        drop(folder);
        let error = BackupFolder::open_complete(root.path()).err().unwrap();
        assert!(error.to_string().contains("no backup has ended"), "{error}");
    }
}
