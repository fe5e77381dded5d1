//! Pictures of titles, read from files.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::probe::short;
use crate::library_folder::LibraryFolder;

/// Bytes of a picture: a poster of 2,000 by 3,000 in good JPEG has some 2 MB, a PNG more.
pub(crate) const PICTURE_BYTES_MAX: u64 = 8 << 20;

/// A picture, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Image id: 32 hexadecimal digits, the hash of the bytes.
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
}

impl Picture {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { id: short(&blake3::hash(&bytes)), bytes }
    }
}

/// Reads a picture file of `folder`.
pub(crate) fn read(folder: &LibraryFolder, file: &Path) -> Result<Picture> {
    let bytes = folder.read(file, PICTURE_BYTES_MAX)?.context("does not exist")?;
    if !is_picture(&bytes) {
        bail!("is not a JPEG, PNG, WebP or AVIF picture");
    }
    Ok(Picture::new(bytes))
}

/// Whether the first bytes are those of a picture that a browser shows.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    let at = |start: usize, wanted: &[u8]| bytes.get(start..start + wanted.len()) == Some(wanted);
    at(0, &[0xff, 0xd8, 0xff])
        || at(0, b"\x89PNG\r\n\x1a\n")
        || (at(0, b"RIFF") && at(8, b"WEBP"))
        || at(4, b"ftypavif")
        || at(4, b"ftypavis")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library_folder::SymbolicLinks;
    use std::fs;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let root = &LibraryFolder::new(dir.path(), SymbolicLinks::Inside).unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(root.root.join(name), bytes).unwrap();
        write("a.png", b"\x89PNG\r\n\x1a\nrest");
        write("b.png", b"<svg onload=alert(1)>");
        write("empty.jpg", b"");
        write("large.jpg", &[&[0xff, 0xd8, 0xff], vec![0; 8 << 20].as_slice()].concat());
        assert_eq!(read(root, Path::new("a.png")).unwrap().id.len(), 32);
        for name in ["b.png", "empty.jpg", "large.jpg", "gone.jpg", "../a.png"] {
            assert!(read(root, Path::new(name)).is_err(), "{name}");
        }
    }
}
