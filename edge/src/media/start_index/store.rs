//! Roots and packs: read through memory, and believed only when they are what their hash says.
//!
//! Those of a film of the own store lie in the object store, beside the film. Those of a film
//! elsewhere lie where its startup blocks do, are counted with them, and leave with them.

use std::rc::Rc;

use api::{
    limits::VALUE_BYTES_MAX,
    paths::{INDEX_ROOT, index_key},
};
use mp4::{limits::ROOT_BYTES_MAX, start_index::Root};

use crate::{
    error::Error,
    http::ReadRange,
    media::{
        cache::{block_ledger, durable, with_store_timeout},
        film::Film,
    },
    platform::{KeyValue, ObjectRead, ObjectStore, Platform},
    rules::blocks::{self, START_INDEX_BLOCK},
};

/// Bytes of a sealed root.
const SEALED_BYTES_MAX: usize = ROOT_BYTES_MAX + 64;

/// What is stored under one name.
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

    /// What was stored, if it is whole.
    fn opened(&self, stored: Vec<u8>) -> Option<Vec<u8>> {
        if self.number > 0 {
            return Some(stored).filter(|pack| catalog::hash(pack) == self.name);
        }
        let root = catalog::verify_hash(&stored).filter(|root| Root::read(root).is_ok())?;
        Some(root.to_vec())
    }
}

/// The root of a film, if there is one that can be read.
pub(crate) async fn root<P: Platform>(
    platform: &P,
    film: Film<'_>,
) -> Result<Option<Rc<[u8]>>, Error> {
    read(platform, &Piece { film, number: 0, name: INDEX_ROOT }).await
}

/// A pack by its place and its name, if it is there and whole.
pub(crate) async fn pack<P: Platform>(
    platform: &P,
    film: Film<'_>,
    number: u32,
    name: &str,
) -> Result<Option<Rc<[u8]>>, Error> {
    read(platform, &Piece { film, number: u64::from(number) + 1, name }).await
}

/// Stores a pack, and tells its name.
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

/// Stores a root: from now on, what it names is what there is.
pub(crate) async fn put_root<P: Platform>(
    platform: &P,
    film: Film<'_>,
    root: Vec<u8>,
) -> Result<Rc<[u8]>, Error> {
    let piece = Piece { film, number: 0, name: INDEX_ROOT };
    write(platform, &piece, &catalog::prepend_hash(&root)).await?;
    Ok(remembered(platform, &piece, root))
}

/// Takes everything that is stored for starts of a film of the own store. One that is cut leaves
/// packs without a root, or a root without its packs: what is missing is made anew.
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

/// Forgets what is in memory of a film.
pub(crate) fn forget<P: Platform>(platform: &P, id: &str) {
    platform.instance().media.remove_pieces(&index_key(id, ""));
}

fn remembered<P: Platform>(platform: &P, piece: &Piece<'_>, bytes: Vec<u8>) -> Rc<[u8]> {
    let bytes: Rc<[u8]> = bytes.into();
    platform.instance().media.insert_piece(&piece.key(), &bytes);
    bytes
}

async fn read<P: Platform>(platform: &P, piece: &Piece<'_>) -> Result<Option<Rc<[u8]>>, Error> {
    if let Some(bytes) = platform.instance().media.piece(&piece.key()) {
        return Ok(Some(bytes));
    }
    let found = if let Film::Upstream(id) = piece.film {
        let found = upstream(platform, piece).await?;
        if let Err(error) =
            with_store_timeout(platform, block_ledger::record_use(platform, id)).await
        {
            platform.report(error.detail().unwrap_or("a film's use cannot be noted"));
        }
        found
    } else {
        let stored = with_store_timeout(platform, own(platform, &piece.key())).await?;
        stored.and_then(|stored| piece.opened(stored))
    };
    Ok(found.map(|bytes| remembered(platform, piece, bytes)))
}

async fn own<P: Platform>(platform: &P, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let objects = platform.objects();
    match objects.read(key, ReadRange::Whole).await? {
        Some(ObjectRead::Bytes { stream, .. }) => {
            Ok(Some(objects.collect(stream, SEALED_BYTES_MAX).await?))
        }
        Some(ObjectRead::Unsatisfiable) | None => Ok(None),
    }
}

/// From this place, else from the durable store, and put back here.
async fn upstream<P: Platform>(platform: &P, piece: &Piece<'_>) -> Result<Option<Vec<u8>>, Error> {
    let key = blocks::key(piece.film.id(), piece.block());
    let here =
        with_store_timeout(platform, async { Ok(platform.key_value().get(&key).await?) }).await;
    let here = here.map(|stored| stored.and_then(|stored| piece.opened(stored)));
    if let Ok(Some(bytes)) = here {
        return Ok(Some(bytes));
    }
    let there = with_store_timeout(platform, durable::get(platform, &key, VALUE_BYTES_MAX)).await;
    // What neither has is not there; what one has is enough; else, who failed says why.
    let Some(stored) = there.or_else(|error| here.as_ref().map(|_| None).map_err(|_| error))?
    else {
        return here;
    };
    let Some(bytes) = piece.opened(stored.clone()) else { return Ok(None) };
    if let Err(error) = with_store_timeout(platform, keep_here(platform, piece, &stored)).await {
        platform.report(error.detail().unwrap_or("a piece cannot be kept"));
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
    match with_store_timeout(platform, keep_here(platform, piece, bytes)).await {
        // What the one store has, this place gets later.
        Err(error) if durable.is_some() => {
            platform.report(error.detail().unwrap_or("a piece cannot be kept"));
            Ok(())
        }
        kept => kept,
    }
}

async fn keep_here<P: Platform>(
    platform: &P,
    piece: &Piece<'_>,
    bytes: &[u8],
) -> Result<(), Error> {
    block_ledger::record_block(platform, piece.film.id(), piece.block(), bytes.len()).await?;
    Ok(platform.key_value().put(&blocks::key(piece.film.id(), piece.block()), bytes).await?)
}
