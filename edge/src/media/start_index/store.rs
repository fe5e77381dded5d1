//! Stores roots and packs of start indexes. Reads go through memory, and a piece counts only if its hash
//! matches.
//!
//! Pieces of an own film are objects beside the film. Pieces of an upstream film are startup blocks: the
//! ledger counts them, and they are evicted with the others.

use std::rc::Rc;

use api::{
    limits::VALUE_BYTES_MAX,
    paths::{INDEX_ROOT, index_key},
};
use mp4::{
    limits::ROOT_BYTES_MAX,
    start_index::{Root, StartIndex},
};

use crate::{
    error::Error,
    http::ReadRange,
    media::{
        cache::{block_ledger, durable, removals, with_store_timeout},
        film::Film,
    },
    platform::{KeyValue, ObjectRead, ObjectStore, Platform},
    rules::blocks::{self, START_INDEX_BLOCK},
};

/// Bytes of a sealed root.
const SEALED_BYTES_MAX: usize = ROOT_BYTES_MAX + 64;

/// A root or a pack, by where it is stored.
struct Piece<'a> {
    film: Film<'a>,
    /// 0 is the root, 1 the first pack.
    number: u64,
    name: &'a str,
}

impl Piece<'_> {
    /// Its key in the own store, and in memory.
    fn key(&self) -> String {
        index_key(self.film.id(), self.name)
    }

    /// Its key among the startup blocks.
    fn block(&self) -> u64 {
        START_INDEX_BLOCK + self.number
    }

    /// The content of a stored piece, if its hash matches.
    fn verified(&self, stored: Vec<u8>) -> Option<Vec<u8>> {
        if self.number > 0 {
            return Some(stored).filter(|pack| catalog::hash(pack) == self.name);
        }
        let root = catalog::verify_hash(&stored).filter(|root| is_readable(root))?;
        Some(root.to_vec())
    }
}

/// Whether a root says why there is no start index, or has a head that can be read. Any other is built
/// again.
fn is_readable(root: &[u8]) -> bool {
    match Root::read(root) {
        Ok(Root::Stored { head, .. }) => StartIndex::read(head).is_ok(),
        Ok(Root::Refused(_)) => true,
        Err(_) => false,
    }
}

/// The root of a film's start index, if one that can be read is stored.
pub(crate) async fn root<P: Platform>(
    platform: &P,
    film: Film<'_>,
) -> Result<Option<Rc<[u8]>>, Error> {
    read(platform, &Piece { film, number: 0, name: INDEX_ROOT }).await
}

/// A pack by its number and name, if it is stored and its hash matches.
pub(crate) async fn pack<P: Platform>(
    platform: &P,
    film: Film<'_>,
    number: u32,
    name: &str,
) -> Result<Option<Rc<[u8]>>, Error> {
    read(platform, &Piece { film, number: u64::from(number) + 1, name }).await
}

/// Stores a pack and returns its name, the hash of its bytes.
pub(crate) async fn put_pack<P: Platform>(
    platform: &P,
    film: Film<'_>,
    number: usize,
    pack: &[u8],
) -> Result<String, Error> {
    let name = catalog::hash(pack);
    write(platform, &Piece { film, number: number as u64 + 1, name: &name }, pack).await?;
    Ok(name)
}

/// Stores a root, whose packs are stored already: readers follow it from now on.
pub(crate) async fn put_root<P: Platform>(
    platform: &P,
    film: Film<'_>,
    root: Vec<u8>,
) -> Result<Rc<[u8]>, Error> {
    let piece = Piece { film, number: 0, name: INDEX_ROOT };
    write(platform, &piece, &catalog::prepend_hash(&root)).await?;
    Ok(remember(platform, &piece, root))
}

/// Deletes the start index of an own film. A purge that is cut off leaves packs without a root, or a root
/// without packs: the next request builds what is missing.
pub(crate) async fn purge<P: Platform>(platform: &P, id: &str) -> Result<(), Error> {
    forget(platform, id);
    let (objects, prefix) = (platform.objects(), index_key(id, ""));
    loop {
        let keys = objects.list(&prefix).await?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            objects.delete(&key).await?;
        }
    }
}

/// Forgets a film's pieces in memory.
pub(crate) fn forget<P: Platform>(platform: &P, id: &str) {
    platform.instance().media.remove_pieces(&index_key(id, ""));
}

fn remember<P: Platform>(platform: &P, piece: &Piece<'_>, bytes: Vec<u8>) -> Rc<[u8]> {
    let bytes: Rc<[u8]> = bytes.into();
    platform.instance().media.insert_piece(&piece.key(), &bytes);
    bytes
}

async fn read<P: Platform>(platform: &P, piece: &Piece<'_>) -> Result<Option<Rc<[u8]>>, Error> {
    removals::notice(platform).await;
    if let Some(bytes) = platform.instance().media.piece(&piece.key()) {
        return Ok(Some(bytes));
    }
    let found = if let Film::Upstream(id) = piece.film {
        let found = read_upstream(platform, piece).await?;
        block_ledger::record_use(platform, id).await;
        found
    } else {
        let stored = with_store_timeout(platform, read_own(platform, &piece.key())).await?;
        stored.and_then(|stored| piece.verified(stored))
    };
    Ok(found.map(|bytes| remember(platform, piece, bytes)))
}

async fn read_own<P: Platform>(platform: &P, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let objects = platform.objects();
    match objects.read(key, ReadRange::Whole).await? {
        Some(ObjectRead::Bytes { stream, .. }) => {
            Ok(Some(objects.collect(stream, SEALED_BYTES_MAX).await?))
        }
        Some(ObjectRead::Unsatisfiable) | None => Ok(None),
    }
}

/// From this location's store, else from the durable one and written back here.
async fn read_upstream<P: Platform>(
    platform: &P,
    piece: &Piece<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let key = blocks::key(piece.film.id(), piece.block());
    let reading = async { Ok(platform.key_value().get(&key).await?) };
    let local = with_store_timeout(platform, reading).await;
    let local = local.map(|stored| stored.and_then(|stored| piece.verified(stored)));
    if let Ok(Some(bytes)) = local {
        return Ok(Some(bytes));
    }
    let reading = durable::get(platform, &key, VALUE_BYTES_MAX);
    let durable = with_store_timeout(platform, reading).await;
    // None where both stores answered that they have none; an error where one of them failed.
    let Some(stored) = durable.or_else(|error| local.as_ref().map(|_| None).map_err(|_| error))?
    else {
        return local;
    };
    let Some(bytes) = piece.verified(stored.clone()) else { return Ok(None) };
    if let Err(error) = with_store_timeout(platform, write_local(platform, piece, &stored)).await {
        error.report(platform, "a piece of a start index was not stored at this location");
    }
    Ok(Some(bytes))
}

async fn write<P: Platform>(platform: &P, piece: &Piece<'_>, bytes: &[u8]) -> Result<(), Error> {
    if let Film::Own(_) = piece.film {
        return Ok(platform.objects().put(&piece.key(), bytes).await?);
    }
    let key = blocks::key(piece.film.id(), piece.block());
    let (_, durable) = durable::store(platform).await?;
    if let Some(store) = durable {
        with_store_timeout(platform, async { Ok(store.put(&key, bytes).await?) }).await?;
    }
    match with_store_timeout(platform, write_local(platform, piece, bytes)).await {
        // The durable store has it: a later read writes it back here.
        Err(error) if durable.is_some() => {
            error.report(platform, "a piece of a start index was not stored at this location");
            Ok(())
        }
        written => written,
    }
}

async fn write_local<P: Platform>(
    platform: &P,
    piece: &Piece<'_>,
    bytes: &[u8],
) -> Result<(), Error> {
    block_ledger::record_block(platform, piece.film.id(), piece.block(), bytes.len()).await?;
    Ok(platform.key_value().put(&blocks::key(piece.film.id(), piece.block()), bytes).await?)
}
