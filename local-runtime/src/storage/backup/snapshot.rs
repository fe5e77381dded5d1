//! Copies of the databases and of the keys of a data folder, each whole at one moment, also while a
//! server writes them.

use std::{
    fs::{self, File},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use api::data_folder::KEYS_FILE;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    super::{
        blob::mtime_ns,
        data_folder::{GUEST_DATABASE, INDEX_DATABASE},
        private_files::private_file,
    },
    manifest::Entry,
    place_file::hash,
};

/// How long a copy waits for the database's lock. Readers and writers of a server take it for
/// moments.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// All pages in one step: a server that writes between two steps would start the copy again.
const ALL_PAGES: i32 = -1;

/// The files of a snapshot, in the order in which they are copied: the index database is last, so
/// that its rows are as new as they can be.
pub(super) const FILES: [&str; 3] = [KEYS_FILE, GUEST_DATABASE, INDEX_DATABASE];

/// Copies the files of the data folder `data` that there are into the folder `to`.
pub(super) fn take(data: &Path, to: &Path) -> Result<Vec<Entry>> {
    let mut files = Vec::new();
    for name in FILES {
        let (from, to) = (data.join(name), to.join(name));
        if !from.exists() {
            continue;
        }
        let copied =
            if name == KEYS_FILE { copy_keys(&from, &to) } else { copy_database(&from, &to) };
        copied.with_context(|| format!("copying {}", from.display()))?;
        files.push(entry(name, &to)?);
    }
    Ok(files)
}

/// The entry of a file that does not change.
fn entry(name: &str, path: &Path) -> Result<Entry> {
    let (hash, size) = hash(path)?;
    let mtime_ns = mtime_ns(&fs::metadata(path)?);
    Ok(Entry { name: name.to_owned(), size, mtime_ns, hash })
}

fn copy_keys(from: &Path, to: &Path) -> Result<()> {
    private_file(to)?;
    // The file is replaced as a whole when it changes, and is never written.
    fs::write(to, fs::read(from)?)?;
    Ok(File::open(to)?.sync_all()?)
}

fn copy_database(from: &Path, to: &Path) -> Result<()> {
    private_file(to)?;
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.busy_timeout(LOCK_TIMEOUT)?;
    let mut copy = Connection::open(to)?;
    let step = Backup::new(&source, &mut copy)?.step(ALL_PAGES)?;
    ensure!(step == StepResult::Done, "the database is locked; try again");
    // One file, without a write-ahead log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let found: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    ensure!(found == "ok", "the database is damaged ({found}); the earlier backup stays as it is");
    if from.ends_with(INDEX_DATABASE) {
        // Uploads that are not complete begin again; their parts are not in the backup.
        copy.execute_batch("BEGIN; DELETE FROM parts; DELETE FROM uploads; COMMIT")?;
    }
    drop(copy);
    Ok(File::open(to)?.sync_all()?)
}

/// The names of the blobs of all objects, as the copy of the index database in the folder `snapshot` has them.
pub(super) fn blob_names(snapshot: &Path) -> Result<Vec<String>> {
    let path = snapshot.join(INDEX_DATABASE);
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut select = database.prepare("SELECT blob FROM objects ORDER BY blob")?;
    let names = select.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}
