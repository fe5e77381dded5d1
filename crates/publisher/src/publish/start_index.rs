//! What a film's starts are made of: made here, so that no edge has to, and stored beside the film.

use std::fmt::{self, Display};
use std::fs::File;

use anyhow::{Context, Result};
use api::paths::{INDEX_ROOT, index_key};
use mp4::Index;
use mp4::start_index::{Builder, Root};

use crate::deployment::object_store::ObjectStore;
use crate::film::probe::{FileStamp, ProbedFilm, read_at};
use crate::output::format::Bytes;

/// What came of it.
pub(crate) enum StartIndexOutcome {
    /// It was there.
    There,
    /// So many bytes.
    Stored(u64),
    /// The film is too odd.
    Refused(mp4::Error),
    /// It is another film by now.
    Changed,
}

/// Stores it unless it is there: the packs one after the other, and last what names them, so that a
/// run that was cut left nothing that is half.
pub(crate) fn store(store: &ObjectStore<'_>, film: &ProbedFilm) -> Result<StartIndexOutcome> {
    let key = index_key(&film.source_id, INDEX_ROOT);
    if store.size(&key)?.is_some() {
        return Ok(StartIndexOutcome::There);
    }
    let mut opened = File::open(&film.path).context("cannot be opened again")?;
    let moov = read_at(&mut opened, film.moov.start, film.moov.len()).context("cannot be read")?;
    if FileStamp::of(&film.path).ok() != Some(film.stamp) {
        return Ok(StartIndexOutcome::Changed);
    }
    let mut sent = 0;
    let root = match packs(&moov, |pack| {
        sent += pack.len() as u64;
        let name = catalog::hash(pack);
        store.put(&index_key(&film.source_id, &name), pack)?;
        Ok(name)
    })? {
        Ok(Packed { names, head }) => {
            let names = names.iter().map(String::as_str).collect();
            let size_bytes = film.stamp.size_bytes;
            Ok(Root::Stored { size_bytes, names, head: &head }.write())
        }
        Err(why) => Err(why),
    };
    let bytes = match &root {
        Ok(root) => root.clone(),
        Err(why) => Root::Refused(&why.to_string()).write(),
    };
    store.put(&key, &catalog::prepend_hash(&bytes))?;
    Ok(match root {
        Ok(root) => StartIndexOutcome::Stored(sent + root.len() as u64),
        Err(why) => StartIndexOutcome::Refused(why),
    })
}

/// What names the packs of a film.
struct Packed {
    names: Vec<String>,
    head: Vec<u8>,
}

/// Hands each pack to `put`; or what is odd about the film.
fn packs(
    moov: &[u8],
    mut put: impl FnMut(&[u8]) -> Result<String>,
) -> Result<Result<Packed, mp4::Error>> {
    let index = match Index::parse(moov) {
        Ok(index) => index,
        Err(why) => return Ok(Err(why)),
    };
    let mut builder = match Builder::new(&index) {
        Ok(builder) => builder,
        Err(why) => return Ok(Err(why)),
    };
    let mut names = Vec::new();
    loop {
        match builder.next_pack() {
            Ok(Some(pack)) => names.push(put(&pack)?),
            Ok(None) => return Ok(builder.head().map(|head| Packed { names, head })),
            Err(why) => return Ok(Err(why)),
        }
    }
}

impl Display for StartIndexOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::There => write!(f, "  its starts are there already"),
            Self::Stored(bytes) => write!(f, "  starts at once: {} stored for that", Bytes(*bytes)),
            Self::Refused(why) => write!(f, "  starts as its `moov` is read: {why}"),
            Self::Changed => write!(f, "  was changed meanwhile: its starts are made later"),
        }
    }
}
