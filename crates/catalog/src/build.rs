//! Builds the packs of a catalog from its titles: the same titles always make the same bytes.

use std::collections::BTreeSet;

use crate::{Error, Manifest, Pack, Result, Title, home, title_pack};

/// Titles in one catalog. At some 130 bytes a pack and 1,000 titles in the smallest packs that
/// `title_pack` closes, the manifest of so many still fits one key-value value.
const TITLE_COUNT_MAX: usize = 200_000;
/// Episodes of one title. The longest-running series have some 15,000; a title is one value, so
/// its bytes are what really bounds it.
const EPISODE_COUNT_MAX: usize = 20_000;

/// The packs of a catalog. Store `packs`, then `manifest`, then update the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltCatalog {
    /// The pack that names all others.
    pub manifest: Pack,
    /// The home view, then the title packs in order of their titles' ids.
    pub packs: Vec<Pack>,
}

/// Builds the catalog of these titles, which may come in any order.
///
/// # Errors
/// An id is malformed or used twice, or a title, the home view or the manifest is too large.
pub fn build(mut titles: Vec<Title>) -> Result<BuiltCatalog> {
    if titles.len() > TITLE_COUNT_MAX {
        return Err(Error::TooMany { what: "titles", count_max: TITLE_COUNT_MAX });
    }
    titles.sort_by(|a, b| a.id.cmp(&b.id));
    for title in &mut titles {
        title.episodes.sort_by_key(|episode| episode.number);
        check(title)?;
    }
    if let Some([title, _]) = titles.array_windows().find(|[a, b]| a.id == b.id) {
        return Err(Error::DuplicateId(title.id.clone()));
    }

    let home = serde_json::to_vec(&home::home(&titles))
        .map_err(|e| Error::Malformed { what: "home view", detail: e.to_string() })?;
    let home = fitting("the home view", home)?;
    let (first_ids, title_packs): (Vec<String>, Vec<Pack>) =
        title_pack::write(&titles)?.into_iter().unzip();
    let named =
        first_ids.into_iter().zip(title_packs.iter().map(|pack| pack.hash.clone())).collect();
    let manifest = Manifest::new(titles.len(), home.hash.clone(), named).write()?;
    let manifest = fitting("the manifest", manifest)?;
    Ok(BuiltCatalog { manifest, packs: std::iter::once(home).chain(title_packs).collect() })
}

fn fitting(what: &str, bytes: Vec<u8>) -> Result<Pack> {
    if bytes.len() > api::limits::VALUE_BYTES_MAX {
        return Err(Error::TooLarge { what: what.to_owned(), size_bytes: bytes.len() });
    }
    Ok(Pack::new(bytes))
}

/// Checks that every id is well-formed, and that no two episodes share a number or a key.
fn check(title: &Title) -> Result<()> {
    if title.episodes.len() > EPISODE_COUNT_MAX {
        return Err(Error::TooMany { what: "episodes of one title", count_max: EPISODE_COUNT_MAX });
    }
    let retired = title.retired.iter().filter_map(|retired| retired.moved_to.as_deref());
    let mut named = [Some(title.id.as_str()), title.moved_to.as_deref()]
        .into_iter()
        .flatten()
        .chain(title.media())
        .chain(retired);
    if let Some(id) = named.find(|id| !api::limits::is_id(id)) {
        return Err(Error::InvalidId(id.to_owned()));
    }
    let mut numbers = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for episode in &title.episodes {
        let id = title.id_of(episode);
        let is_valid = crate::parse_episode_id(&id).is_some() && api::limits::is_id(&id);
        if !is_valid || episode.number == 0 {
            return Err(Error::InvalidId(id));
        }
        if !numbers.insert(episode.number) || !ids.insert(id.clone()) {
            return Err(Error::DuplicateId(id));
        }
    }
    Ok(())
}
