//! The folder of a library: which of its files may be opened, and how.
//!
//! A person may publish a folder that others wrote to. So only regular files are opened, and links lead
//! out of the folder only where the person asks for that.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::OFlags;

/// Where symbolic links in a folder may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymbolicLinks {
    /// To files of the same folder.
    #[default]
    Inside,
    /// Anywhere.
    Anywhere,
}

/// A folder with films and pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LibraryFolder {
    /// Canonical, so that paths inside and outside can be told apart.
    pub(crate) root: PathBuf,
    pub(crate) links: SymbolicLinks,
}

impl LibraryFolder {
    /// The folder at `path`.
    pub(crate) fn new(path: &Path, links: SymbolicLinks) -> Result<Self> {
        let root = path.canonicalize().with_context(|| format!("{}", path.display()))?;
        if !root.is_dir() {
            bail!("{} is not a folder", root.display());
        }
        Ok(Self { root, links })
    }

    /// Whether a canonical path may be used.
    pub(crate) fn allows(&self, real: &Path) -> bool {
        self.links == SymbolicLinks::Anywhere || real.starts_with(&self.root)
    }

    /// The canonical path of a file, which is relative to the folder; `None` where there is none.
    pub(crate) fn find(&self, file: &Path) -> Result<Option<PathBuf>> {
        let real = match self.root.join(file).canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("cannot be opened"),
        };
        if !self.allows(&real) {
            bail!("is a link to a place outside the folder; --follow-symlinks allows it");
        }
        if !fs::metadata(&real).context("cannot be opened")?.is_file() {
            bail!("is not a regular file");
        }
        Ok(Some(real))
    }

    /// All bytes of a file, of which there are at most `bytes_max`; `None` where there is none.
    pub(crate) fn read(&self, file: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.find(file)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let opened = open_regular(&path).context("cannot be opened")?;
        opened.take(bytes_max + 1).read_to_end(&mut bytes).context("cannot be read")?;
        if bytes.len() as u64 > bytes_max {
            bail!("is larger than the limit of {bytes_max} bytes");
        }
        Ok(Some(bytes))
    }
}

/// Opens a regular file. A FIFO is refused without waiting for its writer.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::os::unix::fs::symlink;

    fn folder(dir: &Path) -> LibraryFolder {
        LibraryFolder::new(dir, SymbolicLinks::Inside).unwrap()
    }

    #[test]
    fn only_regular_files_are_opened_and_none_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(open_regular(&fifo).is_err(), "a FIFO without a writer");
        assert!(open_regular(Path::new("/dev/zero")).is_err());
        let folder = folder(dir.path());
        for file in ["fifo", "."] {
            let error = folder.read(Path::new(file), 10).unwrap_err();
            assert!(error.to_string().contains("regular"), "{file}: {error:#}");
        }
    }

    #[test]
    fn links_lead_out_of_the_folder_only_where_that_is_asked_for() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = other.path().join("secret");
        fs::write(&secret, b"sesame").unwrap();
        symlink(&secret, dir.path().join("link")).unwrap();
        symlink("/dev/zero", dir.path().join("zero")).unwrap();
        let inside = folder(dir.path());
        for file in ["link", "zero"] {
            let error = inside.read(Path::new(file), 1 << 20).unwrap_err().to_string();
            assert!(error.contains("outside the folder"), "{file}: {error}");
        }
        let anywhere = LibraryFolder { links: SymbolicLinks::Anywhere, ..inside };
        assert_eq!(anywhere.read(Path::new("link"), 10).unwrap().unwrap(), b"sesame");
        assert!(anywhere.read(Path::new("link"), 5).is_err(), "larger than the limit");
        assert!(anywhere.read(Path::new("zero"), 10).is_err(), "no regular file");
        assert!(anywhere.read(Path::new("gone"), 10).unwrap().is_none());
    }
}
