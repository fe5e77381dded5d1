//! Stores the start index of a film beside it, so that players never download its `moov` and no edge
//! has to make the index.

use std::fmt::{self, Display};
use std::fs::File;
use std::io;

use anyhow::{Context, Result};
use api::paths::{INDEX_ROOT, index_key};
use mp4::Index;
use mp4::start_index::{Builder, Root};

use crate::deployment::object_store::ObjectStore;
use crate::film::file::{FileStamp, read_at};
use crate::film::found_film::Container;
use crate::film::probe::ProbedFilm;
use crate::film::{fragments, matroska_film};
use crate::library_folder::open_regular;
use crate::output::format::Bytes;

/// Bytes of a stored root that gives a reason: its hash, a magic number, and the reason with its length.
/// One with a head has also the name of a pack and initialization segments.
const REASON_ROOT_BYTES_MAX: u64 = 64 + 8 + mp4::limits::REASON_BYTES_MAX as u64;

/// What became of a film's start index.
pub(crate) enum StartIndexOutcome {
    /// The store had it already.
    Present,
    /// So many bytes were stored.
    Stored(u64),
    /// The film can have none, for this reason.
    Refused(mp4::Error),
    /// The file changed since it was probed.
    Changed,
}

/// Stores the start index of a film, unless the store has it. Its packs are stored first, and then the
/// root that names them, so a run that is interrupted leaves no index that lacks a pack.
pub(crate) fn store(store: &ObjectStore<'_>, film: &ProbedFilm) -> Result<StartIndexOutcome> {
    let root_key = index_key(&film.source_id, INDEX_ROOT);
    // A root that is so short says why there is no start index, which may hold no more.
    if store.size(&root_key)?.is_some_and(|size| size > REASON_ROOT_BYTES_MAX) {
        return Ok(StartIndexOutcome::Present);
    }
    let mut opened = open_regular(&film.path).context("cannot be opened again")?;
    let index = index(&mut opened, film).context("cannot be read")?;
    if FileStamp::of(&film.path).ok() != Some(film.stamp) {
        return Ok(StartIndexOutcome::Changed);
    }
    let mut stored_bytes = 0;
    let built = index.map_err(BuildError::Film).and_then(|index| {
        store_packs(&index, film.stamp.size_bytes, |pack| {
            stored_bytes += pack.len() as u64;
            let name = catalog::hash(pack);
            store.put(&index_key(&film.source_id, &name), pack)?;
            Ok(name)
        })
    });
    let (root, outcome) = match built {
        Ok(root) => {
            stored_bytes += root.len() as u64;
            (root, StartIndexOutcome::Stored(stored_bytes))
        }
        Err(BuildError::Film(why)) => {
            (Root::Refused(&why.to_string()).write(), StartIndexOutcome::Refused(why))
        }
        Err(BuildError::Store(error)) => return Err(error),
    };
    store.put(&root_key, &catalog::prepend_hash(&root))?;
    Ok(outcome)
}

/// Why packs or root could not be made.
enum BuildError {
    /// The film can have no start index.
    Film(mp4::Error),
    /// The object store failed.
    Store(anyhow::Error),
}

impl From<mp4::Error> for BuildError {
    fn from(why: mp4::Error) -> Self {
        Self::Film(why)
    }
}

/// The index of all samples of a film; the inner error says why there is none.
fn index(opened: &mut File, film: &ProbedFilm) -> io::Result<mp4::Result<Index<Vec<u8>>>> {
    let size_bytes = film.stamp.size_bytes;
    let Container::Mp4(place) = film.container else {
        return matroska_film::moov(opened, size_bytes).map(Index::parse);
    };
    match Index::parse(read_at(opened, place.start, place.len())?) {
        Ok(index) if index.is_fragmented() => fragments::gather(opened, index, place, size_bytes),
        parsed => Ok(parsed),
    }
}

/// Hands each pack to `put`, which stores it and names it; returns the root that names them all.
fn store_packs(
    index: &Index<Vec<u8>>,
    size_bytes: u64,
    mut put: impl FnMut(&[u8]) -> Result<String>,
) -> Result<Vec<u8>, BuildError> {
    let mut builder = Builder::new(index)?;
    let mut names = Vec::new();
    while let Some(pack) = builder.next_pack()? {
        names.push(put(&pack).map_err(BuildError::Store)?);
    }
    Ok(builder.root(size_bytes, &names)?)
}

impl Display for StartIndexOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => write!(f, "  start index is there already"),
            Self::Stored(bytes) => write!(f, "  starts at once: start index of {}", Bytes(*bytes)),
            Self::Refused(why) => write!(f, "  has no start index, players read its `moov`: {why}"),
            Self::Changed => {
                write!(f, "  was changed meanwhile: the edge makes its start index later")
            }
        }
    }
}
