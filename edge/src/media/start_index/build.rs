//! Builds the start index of a film from its `moov`: one film at a time, with nothing in memory but
//! `moov` and one pack.

use std::rc::Rc;

use api::{
    limits::VALUE_BYTES_MAX,
    paths::{INDEX_ROOT, index_key},
};
use mp4::{
    Index,
    start_index::{Builder, Root},
};

use super::{
    film_file::{FilmFile, MoovSource},
    fragments, moov, store,
};
use crate::{
    error::Error,
    media::{film::Film, upstream::resolver::CLAIM_POLL_MS},
    platform::{Clock, Platform},
    rules::retry::READ_MS_MAX,
};

/// The root of a film's start index, built unless another request just did. A film that cannot have
/// an index gets a root that says why, so that nothing tries again.
pub(crate) async fn build<P: Platform>(
    platform: &P,
    source: &MoovSource<'_>,
) -> Result<Rc<[u8]>, Error> {
    let (media, clock) = (&platform.instance().media, platform.clock());
    let deadline_ms = clock.now_ms() + READ_MS_MAX;
    let film = source.film();
    loop {
        if let Some(root) = media.piece(&index_key(film.id(), INDEX_ROOT)) {
            return Ok(root);
        }
        if let Some(_claim) = media.claim("index".to_owned()) {
            return build_claimed(platform, source).await;
        }
        if clock.now_ms() >= deadline_ms {
            let why = "the start indexes of other films take too long to build".to_owned();
            return Err(Error::UpstreamBusy(CLAIM_POLL_MS, why));
        }
        clock.sleep(CLAIM_POLL_MS).await;
    }
}

async fn build_claimed<P: Platform>(
    platform: &P,
    source: &MoovSource<'_>,
) -> Result<Rc<[u8]>, Error> {
    let film = source.film();
    let opened = FilmFile::open(platform, source).await?;
    let root = match build_packs(platform, film, &opened).await {
        // With its hash it is one value of a store.
        Ok(root) if root.len() + 64 <= VALUE_BYTES_MAX => root,
        Ok(_) => Root::Refused("what is told of its tracks is too much").write(),
        Err(BuildError::Film(why)) => Root::Refused(&why).write(),
        Err(BuildError::Store(error)) => return Err(error),
    };
    store::put_root(platform, film, root).await
}

/// Why packs or root could not be made.
enum BuildError {
    /// The film can have no start index, for this reason.
    Film(String),
    /// A store or a provider failed.
    Store(Error),
}

impl From<mp4::Error> for BuildError {
    fn from(why: mp4::Error) -> Self {
        Self::Film(why.to_string())
    }
}

impl From<Error> for BuildError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Stores the packs of a film and returns the root that names them.
async fn build_packs<P: Platform>(
    platform: &P,
    film: Film<'_>,
    opened: &FilmFile<'_>,
) -> Result<Vec<u8>, BuildError> {
    let moov = moov::read(platform, opened).await?.map_err(BuildError::Film)?;
    let index = Index::parse(moov.bytes)?;
    if index.is_fragmented() {
        let gathered = fragments::gather(platform, opened, index, moov.place).await?;
        let index = gathered.map_err(BuildError::Film)?;
        return store_packs(platform, film, &index, opened.size_bytes()).await;
    }
    store_packs(platform, film, &index, opened.size_bytes()).await
}

/// Stores the packs one after the other and returns the root that names them.
async fn store_packs<P: Platform, B: AsRef<[u8]>>(
    platform: &P,
    film: Film<'_>,
    index: &Index<B>,
    size_bytes: u64,
) -> Result<Vec<u8>, BuildError> {
    let mut builder = Builder::new(index)?;
    let mut names = Vec::new();
    while let Some(pack) = builder.next_pack()? {
        names.push(store::put_pack(platform, film, names.len(), &pack).await?);
    }
    Ok(builder.root(size_bytes, &names)?)
}
