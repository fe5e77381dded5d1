//! Puts the bytes of a file at another path: shared blocks, a hard link, or a copy, whichever the
//! file systems allow.

use std::{
    fs::{self, File, FileTimes},
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use super::super::blob;

/// Bytes that are read and hashed at once.
const BUFFER_BYTES: usize = 1 << 20;

/// How the bytes of a file got to their second place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// They were there.
    Present,
    /// A file of its own, which shares blocks with the first until one of them changes.
    Shared,
    /// The same file under a second name.
    Linked,
    /// A file of its own.
    Copied,
}

/// Makes a file at `to` with the bytes of the file at `from` and this time of change, durably.
/// `to` does not exist. A hard link has the time of the first file, so it is made only for that.
pub(super) fn place(from: &Path, to: &Path, mtime_ns: i64) -> io::Result<Placed> {
    let source = File::open(from)?;
    let partial = to.with_extension("part");
    remove_if_there(&partial)?;
    let has_time = blob::mtime_ns(&source.metadata()?) == mtime_ns;
    let placed = if clone_blocks(&source, &partial)? {
        Placed::Shared
    } else if has_time && fs::hard_link(from, &partial).is_ok() {
        Placed::Linked
    } else {
        copy(source, &partial)?;
        Placed::Copied
    };
    if placed != Placed::Linked {
        let file = File::options().write(true).open(&partial)?;
        file.set_times(FileTimes::new().set_modified(UNIX_EPOCH + nanoseconds(mtime_ns)))?;
        file.sync_all()?;
    }
    fs::rename(&partial, to)?;
    Ok(placed)
}

fn nanoseconds(count: i64) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or_default())
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a file that shares all blocks; `false` where the file system cannot.
#[cfg(target_os = "linux")]
fn clone_blocks(source: &File, to: &Path) -> io::Result<bool> {
    let target = File::create_new(to)?;
    if rustix::fs::ioctl_ficlone(&target, source).is_ok() {
        return Ok(true);
    }
    fs::remove_file(to)?;
    Ok(false)
}

#[cfg(not(target_os = "linux"))]
fn clone_blocks(_: &File, _: &Path) -> io::Result<bool> {
    Ok(false)
}

fn copy(mut source: File, to: &Path) -> io::Result<()> {
    let mut target = File::create_new(to)?;
    io::copy(&mut source, &mut target)?;
    target.flush()
}

/// The BLAKE3 hash of a file's bytes, as 64 hexadecimal digits, and how many bytes these are.
pub(super) fn hash(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        size += read.len() as u64;
    }
    Ok((hasher.finalize().to_hex().to_string(), size))
}
