//! The manifest: the pack that names every other pack of a catalog.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, is_hash};

/// Version of the manifest's format. A reader refuses any other.
const SCHEMA: u32 = 1;

/// Which packs a catalog consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    schema: u32,
    /// Number of titles in the catalog.
    pub title_count: usize,
    /// Hash of the home view.
    pub home: String,
    /// In order of `first`. The stored form has an older word for title packs.
    #[serde(rename = "details")]
    title_packs: Vec<TitlePackEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TitlePackEntry {
    /// Id of the first title in the pack.
    first: String,
    hash: String,
}

impl Manifest {
    /// Names title packs, given as pairs of first id and hash in order of these ids.
    pub(crate) fn new(title_count: usize, home: String, packs: Vec<(String, String)>) -> Self {
        let entry = |(first, hash)| TitlePackEntry { first, hash };
        let title_packs = packs.into_iter().map(entry).collect();
        Self { schema: SCHEMA, title_count, home, title_packs }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The bytes are not JSON of this form and version, a hash is malformed, or packs are out of order.
    pub fn parse(pack: &[u8]) -> Result<Self> {
        let malformed = |detail| Error::Malformed { what: "manifest", detail };
        if pack.len() > api::limits::VALUE_BYTES_MAX {
            return Err(Error::TooLarge { what: "the manifest".into(), size_bytes: pack.len() });
        }
        let manifest: Self = serde_json::from_slice(pack).map_err(|e| malformed(e.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(malformed(format!("schema {} is unknown", manifest.schema)));
        }
        if let Some(name) = manifest.packs().find(|name| !is_hash(name)) {
            return Err(malformed(format!("`{name}` is no hash")));
        }
        if !manifest.title_packs.is_sorted_by(|a, b| a.first < b.first) {
            return Err(malformed("the packs are not in order".into()));
        }
        Ok(manifest)
    }

    pub(crate) fn write(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|e| Error::Malformed { what: "manifest", detail: e.to_string() })
    }

    /// Hash of the pack that has the title, if the catalog has it; `None` where no pack can have it.
    pub fn pack_with_title(&self, catalog_id: &str) -> Option<&str> {
        let after = self.title_packs.partition_point(|pack| pack.first.as_str() <= catalog_id);
        let pack = self.title_packs.get(after.checked_sub(1)?)?;
        Some(&pack.hash)
    }

    /// Hashes of every pack but the manifest itself.
    pub fn packs(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.home)
            .chain(self.title_packs.iter().map(|pack| &pack.hash))
            .map(String::as_str)
    }
}

/// Reads the home view from its pack.
///
/// # Errors
/// The bytes are not the JSON of a home view.
pub fn read_home(pack: &[u8]) -> Result<api::Home> {
    serde_json::from_slice(pack)
        .map_err(|e| Error::Malformed { what: "home view", detail: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(first: &str) -> (String, String) {
        (first.to_owned(), crate::hash(first.as_bytes()))
    }

    #[test]
    fn title_is_in_the_last_pack_that_begins_at_or_before_it() {
        let manifest = Manifest::new(3, crate::hash(b""), vec![pack("b"), pack("m")]);
        let hash_of = |first: &str| crate::hash(first.as_bytes());
        assert_eq!(manifest.pack_with_title("a"), None);
        assert_eq!(manifest.pack_with_title("b"), Some(hash_of("b").as_str()));
        assert_eq!(manifest.pack_with_title("lz"), Some(hash_of("b").as_str()));
        assert_eq!(manifest.pack_with_title("m"), Some(hash_of("m").as_str()));
        assert_eq!(manifest.pack_with_title("z"), Some(hash_of("m").as_str()));
    }

    #[test]
    fn bytes_that_are_no_manifest_are_refused() {
        let swapped = Manifest::new(2, crate::hash(b""), vec![pack("m"), pack("b")]);
        let unnamed = Manifest::new(0, "home".into(), Vec::new());
        let later = Manifest { schema: 2, ..Manifest::new(0, crate::hash(b""), Vec::new()) };
        for bytes in [
            swapped.write().unwrap(),
            unnamed.write().unwrap(),
            later.write().unwrap(),
            b"{}".to_vec(),
            b"\xff".to_vec(),
            vec![b' '; api::limits::VALUE_BYTES_MAX + 1],
        ] {
            assert!(Manifest::parse(&bytes).is_err());
        }
    }
}
