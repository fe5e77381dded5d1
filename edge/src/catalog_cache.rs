//! The current catalog, read through a cache: packs never change, the root rarely does.

use std::{collections::BTreeMap, rc::Rc};

use api::{CatalogRoot, Home};
use catalog::{Episode, Manifest, Title, parse_episode_id};

use crate::{
    error::Error,
    platform::{Clock, KeyValue, Platform},
};

/// Key of the one mutable record.
pub const ROOT_KEY: &str = "c/root";
/// Moves that are followed from an old id: a title moves when a person sorts a library anew.
const MOVES_MAX: usize = 8;
/// Key of a pack.
pub fn pack_key(hash: &str) -> String {
    format!("c/p/{hash}")
}

/// The current root as the store has it now.
pub async fn read_root<P: Platform>(platform: &P) -> Result<Option<CatalogRoot>, Error> {
    let Some(bytes) = platform.key_value().get(ROOT_KEY).await? else { return Ok(None) };
    let root = serde_json::from_slice(&bytes);
    root.map(Some).map_err(|error| Error::StorageUnavailable(format!("{ROOT_KEY}: {error}")))
}

/// The manifest of the current catalog; none before the first was published.
pub async fn manifest<P: Platform>(platform: &P) -> Result<Option<Rc<Manifest>>, Error> {
    let Some(root) = root(platform).await? else { return Ok(None) };
    let cache = &platform.instance().catalog;
    if let Some(manifest) = cache.manifest(&root.manifest) {
        return Ok(Some(manifest));
    }
    let manifest = Rc::new(Manifest::parse(&pack(platform, &root.manifest).await?)?);
    cache.keep_manifest(root.manifest, &manifest);
    Ok(Some(manifest))
}

/// The home view; empty before the first catalog was published.
pub async fn home<P: Platform>(platform: &P) -> Result<Home, Error> {
    match manifest(platform).await? {
        Some(manifest) => Ok(catalog::read_home(&pack(platform, &manifest.home).await?)?),
        None => Ok(Home::default()),
    }
}

/// A title, and the episodes that are not where the requested id says.
pub struct FoundTitle {
    /// The title, whose id may be another one than the requested.
    pub title: Title,
    /// Episode ids by those that these episodes had.
    pub moved: BTreeMap<String, String>,
}

/// An episode, its title and its id, which may be another one than the requested.
pub struct FoundEpisode {
    /// The title that has it now.
    pub title: Title,
    /// Its episode id.
    pub id: String,
    /// The episode.
    pub episode: Episode,
}

/// One title by its id, or the one that it became part of.
pub async fn title<P: Platform>(platform: &P, catalog_id: &str) -> Result<Option<Title>, Error> {
    Ok(found_title(platform, catalog_id).await?.map(|found| found.title))
}

/// The same with the episodes that moved.
pub async fn found_title<P: Platform>(
    platform: &P,
    catalog_id: &str,
) -> Result<Option<FoundTitle>, Error> {
    let (mut id, mut moved) = (catalog_id.to_owned(), BTreeMap::new());
    for _ in 0..=MOVES_MAX {
        let Some(title) = stored_title(platform, &id).await? else { return Ok(None) };
        moved.extend(title.moved_episodes().map(|(from, to)| (from, to.to_owned())));
        match title.moved_to {
            Some(next) => id = next,
            None => return Ok(Some(FoundTitle { title, moved })),
        }
    }
    Ok(None)
}

/// One episode by its id, or by one that it had.
pub async fn episode<P: Platform>(
    platform: &P,
    episode_id: &str,
) -> Result<Option<FoundEpisode>, Error> {
    let mut id = episode_id.to_owned();
    for _ in 0..=MOVES_MAX {
        let Some((catalog_id, key)) = parse_episode_id(&id) else { return Ok(None) };
        let Some(title) = stored_title(platform, catalog_id).await? else { return Ok(None) };
        if let Some(episode) = title.episode(key).cloned() {
            return Ok(Some(FoundEpisode { title, id, episode }));
        }
        let next = title.moved_episodes().find(|(from, _)| *from == id);
        let Some(next) = next.map(|(_, to)| to.to_owned()) else { return Ok(None) };
        id = next;
    }
    Ok(None)
}

async fn stored_title<P: Platform>(platform: &P, id: &str) -> Result<Option<Title>, Error> {
    let Some(manifest) = manifest(platform).await? else { return Ok(None) };
    let Some(hash) = manifest.pack_with_title(id) else { return Ok(None) };
    Ok(catalog::find_title(&pack(platform, hash).await?, id)?)
}

/// A root that is young enough, or the last one where the store fails.
async fn root<P: Platform>(platform: &P) -> Result<Option<CatalogRoot>, Error> {
    let cache = &platform.instance().catalog;
    let now_ms = platform.clock().now_ms();
    if cache.is_fresh(now_ms) {
        return Ok(cache.root());
    }
    match read_root(platform).await {
        Ok(root) => {
            cache.note(root.clone(), now_ms);
            Ok(root)
        }
        Err(error) => {
            let Some(root) = cache.root() else { return Err(error) };
            error.report(platform, "the catalog's root was not read");
            // Not read again at once: more requests do not help a failing store.
            cache.note(Some(root.clone()), now_ms);
            Ok(Some(root))
        }
    }
}

async fn pack<P: Platform>(platform: &P, hash: &str) -> Result<Rc<[u8]>, Error> {
    if let Some(bytes) = platform.instance().catalog.pack(hash) {
        return Ok(bytes);
    }
    let stored = platform.key_value().get(&pack_key(hash)).await?;
    // The key-value store may list a pack at this location later than its root.
    let bytes: Rc<[u8]> = stored
        .ok_or_else(|| {
            Error::StorageUnavailable(format!(
                "the catalog pack {hash} is not stored here, or not yet"
            ))
        })?
        .into();
    platform.instance().catalog.keep(hash, &bytes);
    Ok(bytes)
}
