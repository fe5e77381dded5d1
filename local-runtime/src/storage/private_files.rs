//! Access rights: the data folder and its databases are for their owner alone.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Read, write and search, for the owner.
const FOLDER_MODE: u32 = 0o700;
/// Read and write, for the owner.
const FILE_MODE: u32 = 0o600;

/// Makes the folder at `path` and those above it, for their owner alone. A folder that is there
/// loses the rights of others.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
    tighten(path, FOLDER_MODE)
}

/// Makes an empty file at `path` for its owner alone. A file that is there keeps its bytes, and
/// loses the rights of others.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.create(true).append(true).mode(FILE_MODE).open(path)?;
    tighten(path, FILE_MODE)?;
    Ok(file)
}

/// [`private_file`] for an `SQLite` database, and the files that `SQLite` puts beside it: those
/// get the rights of the database when they are made.
pub(super) fn private_database(path: &Path) -> io::Result<()> {
    private_file(path)?;
    for suffix in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        tighten(Path::new(&beside), FILE_MODE)?;
    }
    Ok(())
}

fn tighten(path: &Path, mode: u32) -> io::Result<()> {
    let rights = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if rights & !mode == 0 {
        return Ok(());
    }
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(rights & mode)) {
        // Some network file systems have rights that no program may change.
        let path = path.display();
        tracing::warn!(%error, "other users may read {path}: cannot take their rights away");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_databases_are_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let (new, old) = (root.path().join("a/b"), root.path().join("old"));
        fs::create_dir(&old).unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o755)).unwrap();
        for folder in [&new, &old] {
            private_folder(folder).unwrap();
            assert_eq!(mode(folder), 0o700);
        }
        let (made, there) = (new.join("made.sqlite"), old.join("there.sqlite"));
        let wal = old.join("there.sqlite-wal");
        for path in [&there, &wal] {
            fs::write(path, b"bytes").unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }
        for path in [&made, &there] {
            private_database(path).unwrap();
        }
        for path in [&made, &there, &wal] {
            assert_eq!(mode(path), 0o600);
        }
        assert_eq!(fs::read(&there).unwrap(), b"bytes");
    }
}
