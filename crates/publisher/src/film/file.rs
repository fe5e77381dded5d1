//! Reads the file of a film, and notes whether it was changed meanwhile.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

/// Size and modification time of a file: where they differ, it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) size_bytes: u64,
    modified: Option<SystemTime>,
}

impl FileStamp {
    /// Of the file at `path`, now.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self::new(&found))
    }

    pub(super) fn new(found: &fs::Metadata) -> Self {
        Self { size_bytes: found.len(), modified: found.modified().ok() }
    }
}

/// The bytes from `start` on, `length` of them.
pub(crate) fn read_at(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
