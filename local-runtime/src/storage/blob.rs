//! Blobs: the files under `objects/`. A blob gets its name when it is complete; until then its name
//! ends in `.part`, and the next start removes it.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use md5::{Digest as _, Md5};

use super::{
    Error, Result,
    blob_name::{BlobLabel, PARTIAL_SUFFIX, labelled_name, random_name},
};

/// Bytes of a file that are read at once to be hashed.
const READ_BYTES: usize = 1 << 20;

/// A blob that is being written. Dropping it before it is finished removes its file.
pub(crate) struct BlobWriter {
    folder: PathBuf,
    name: String,
    file: File,
    hasher: Md5,
    size: u64,
    size_max: u64,
    finished: bool,
}

/// A complete blob, durable on disk.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
    pub(super) etag: String,
}

impl BlobWriter {
    /// Creates a blob in `folder` that may grow to `size_max` bytes.
    pub(super) fn new(folder: &Path, size_max: u64) -> Result<Self> {
        let name = random_name()?;
        let file = File::create_new(folder.join(format!("{name}{PARTIAL_SUFFIX}")))?;
        let folder = folder.to_owned();
        let hasher = Md5::new();
        Ok(Self { folder, name, file, hasher, size: 0, size_max, finished: false })
    }

    /// Appends `bytes`, and hashes them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.grow(bytes.len() as u64)?;
        self.hasher.update(bytes);
        Ok(self.file.write_all(bytes)?)
    }

    /// Appends the file at `path`: the kernel copies it, and it is not hashed.
    pub(super) fn append_file(&mut self, path: &Path) -> Result<()> {
        let mut source = File::open(path)?;
        self.grow(source.metadata()?.len())?;
        io::copy(&mut source, &mut self.file)?;
        Ok(())
    }

    fn grow(&mut self, by: u64) -> Result<()> {
        self.size += by;
        if self.size > self.size_max {
            return Err(Error::DiskFull);
        }
        Ok(())
    }

    /// Bytes written so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The MD5 of the bytes written so far.
    pub(crate) fn md5(&self) -> [u8; 16] {
        self.hasher.clone().finalize().into()
    }

    /// Syncs the file of a part and gives it its name; its `ETag` is the MD5 of the bytes written.
    pub(super) fn finish_part(self) -> Result<Blob> {
        let (name, etag) = (self.name.clone(), hex(self.md5()));
        self.finish_as(name, etag)
    }

    /// Syncs the file of an object and gives it a name with this label; its `ETag` is the MD5 of the
    /// bytes written, as clients of S3 expect of an `ETag` that has the form of one.
    pub(super) fn finish(self, label: &BlobLabel) -> Result<Blob> {
        let etag = hex(self.md5());
        self.finish_with_etag(label, etag)
    }

    /// [`Self::finish`] with an `ETag` that the caller computed.
    pub(super) fn finish_with_etag(self, label: &BlobLabel, etag: String) -> Result<Blob> {
        let name = labelled_name(label)?;
        self.finish_as(name, etag)
    }

    fn finish_as(mut self, name: String, etag: String) -> Result<Blob> {
        self.file.sync_all()?;
        let metadata = self.file.metadata()?;
        let name = rename_to_blob(&self.partial_path(), &self.folder, name)?;
        self.finished = true;
        let (size, mtime_ns) = (metadata.len(), mtime_ns(&metadata));
        Ok(Blob { name, size, mtime_ns, etag })
    }

    fn partial_path(&self) -> PathBuf {
        self.folder.join(format!("{}{PARTIAL_SUFFIX}", self.name))
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if !self.finished {
            // The next start removes a file that cannot be removed now.
            let _removed_later = fs::remove_file(self.partial_path());
        }
    }
}

/// Gives a complete file its name as a blob in `folder`, durably. Some file systems have shorter
/// names: there the blob gets no label. Returns the name.
pub(super) fn rename_to_blob(from: &Path, folder: &Path, name: String) -> Result<String> {
    let name = match fs::rename(from, folder.join(&name)) {
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            let name = random_name()?;
            fs::rename(from, folder.join(&name))?;
            name
        }
        renamed => renamed.map(|()| name)?,
    };
    sync_folder(folder)?;
    Ok(name)
}

/// The `ETag` that a file would have got when it was written: the MD5 of its bytes.
pub(super) fn etag_of_bytes(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, Md5::new());
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = file.read(&mut buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(hex(hasher.finalize().into()));
        }
        hasher.update(read);
    }
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// The `ETag` of an object that was joined from parts with these `ETag`s: the MD5 of their MD5s, and
/// how many they are.
pub(super) fn etag_of_parts<'a>(etags: impl ExactSizeIterator<Item = &'a str>) -> String {
    let (mut hasher, count) = (Md5::new(), etags.len());
    for etag in etags {
        match u128::from_str_radix(etag, 16) {
            Ok(md5) => hasher.update(md5.to_be_bytes()),
            // A part that an earlier version has received.
            Err(_) => hasher.update(etag),
        }
    }
    format!("{}-{count}", hex(hasher.finalize().into()))
}

/// The `ETag` of a file whose bytes are not read: its name, size and time of last change, hashed. Its
/// end says that it is no MD5.
pub(super) fn etag_of_metadata(name: &str, size: u64, mtime_ns: i64) -> String {
    let hash = blake3::hash(format!("{name}-{size}-{mtime_ns}").as_bytes()).to_hex();
    hash.chars().take(32).chain("-0".chars()).collect()
}

/// When the file was last written, in nanoseconds since 1970.
pub(super) fn mtime_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// Makes renames in `folder` durable: an fsync of the folder.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn finished_blob_has_its_bytes_and_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = BlobWriter::new(folder.path(), 10).unwrap();
        writer.write(b"hello").unwrap();
        writer.write(b"world").unwrap();
        let blob = writer.finish_part().unwrap();
        assert_eq!(fs::read(folder.path().join(&blob.name)).unwrap(), b"helloworld");
        assert_eq!(etag_of_bytes(&folder.path().join(&blob.name)).unwrap(), blob.etag);
        assert_eq!(file_names(folder.path()), [blob.name]);
        let md5 = "fc5e038d38a57032085441e7fe7010b0";
        assert_eq!((blob.size, blob.etag.as_str()), (10, md5));
        assert_eq!(etag_of_parts([md5, md5].into_iter()), "bfd219786100ea2f71e7f45b145fd4fa-2");
    }

    #[test]
    fn blob_that_is_dropped_or_too_large_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = BlobWriter::new(folder.path(), 4).unwrap();
        assert!(matches!(writer.write(b"hello"), Err(Error::DiskFull)));
        drop(writer);
        assert!(file_names(folder.path()).is_empty());
    }
}
