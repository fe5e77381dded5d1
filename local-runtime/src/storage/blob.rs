//! Files under `objects/`: whole under their name, or under a name that is swept.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Error, Result};

/// What a file is called until it is whole.
const UNFINISHED: &str = ".part";

/// A file that is being written; dropped before it is finished, it is gone.
pub(crate) struct Draft {
    folder: PathBuf,
    name: String,
    file: File,
    hasher: blake3::Hasher,
    size: u64,
    size_max: u64,
    finished: bool,
}

/// A whole file, on disk for good.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
    pub(super) etag: String,
}

impl Draft {
    /// Begins a file in `folder` that may grow to `size_max` bytes.
    pub(super) fn new(folder: &Path, size_max: u64) -> Result<Self> {
        let name = random_name()?;
        let file = File::create_new(folder.join(format!("{name}{UNFINISHED}")))?;
        let folder = folder.to_owned();
        let hasher = blake3::Hasher::new();
        Ok(Self { folder, name, file, hasher, size: 0, size_max, finished: false })
    }

    /// Appends `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.grow(bytes.len() as u64)?;
        self.hasher.update(bytes);
        Ok(self.file.write_all(bytes)?)
    }

    /// Appends the file at `path`, by the kernel and without hashing it.
    pub(super) fn append(&mut self, path: &Path) -> Result<()> {
        let mut source = File::open(path)?;
        self.grow(source.metadata()?.len())?;
        io::copy(&mut source, &mut self.file)?;
        Ok(())
    }

    fn grow(&mut self, by: u64) -> Result<()> {
        self.size += by;
        if self.size > self.size_max {
            return Err(Error::Full);
        }
        Ok(())
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Makes the file whole, named and durable; its `ETag` is the hash of what was written.
    pub(super) fn finish(self) -> Result<Blob> {
        let etag = hex(&self.hasher.finalize());
        self.finish_as(etag)
    }

    /// As [`Self::finish`], with an `ETag` that the caller knows.
    pub(super) fn finish_as(mut self, etag: String) -> Result<Blob> {
        self.file.sync_all()?;
        let metadata = self.file.metadata()?;
        fs::rename(self.unfinished(), self.folder.join(&self.name))?;
        self.finished = true;
        sync_folder(&self.folder)?;
        let (size, mtime_ns) = (metadata.len(), mtime_ns(&metadata));
        Ok(Blob { name: std::mem::take(&mut self.name), size, mtime_ns, etag })
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join(format!("{}{UNFINISHED}", self.name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is swept at the next start.
            let _swept_later = fs::remove_file(self.unfinished());
        }
    }
}

/// 32 hex digits that nothing else is called.
pub(super) fn random_name() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// BLAKE3-128, as every content hash here that is not a pack's.
pub(super) fn hex(hash: &blake3::Hash) -> String {
    hash.to_hex().chars().take(32).collect()
}

/// The `ETag` of a file that nobody read: another size or time is another `ETag`.
pub(super) fn stat_etag(name: &str, size: u64, mtime_ns: i64) -> String {
    hex(&blake3::hash(format!("{name}-{size}-{mtime_ns}").as_bytes()))
}

/// When the file was last written, in nanoseconds since 1970.
pub(super) fn mtime_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// Makes renames in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_finished_draft_has_its_bytes_and_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(folder.path(), 10).unwrap();
        draft.write(b"hello").unwrap();
        draft.write(b"world").unwrap();
        let blob = draft.finish().unwrap();
        assert_eq!(fs::read(folder.path().join(&blob.name)).unwrap(), b"helloworld");
        assert_eq!(names(folder.path()), [blob.name]);
        assert_eq!((blob.size, blob.etag), (10, hex(&blake3::hash(b"helloworld"))));
    }

    #[test]
    fn a_draft_that_is_dropped_or_too_large_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(folder.path(), 4).unwrap();
        assert!(matches!(draft.write(b"hello"), Err(Error::Full)));
        drop(draft);
        assert!(names(folder.path()).is_empty());
    }
}
