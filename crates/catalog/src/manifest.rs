//! The pack that names every other pack of a catalogue.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, is_hash};

/// The only form there is so far. A reader refuses what it does not know.
const SCHEMA: u32 = 1;

/// What is in a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    schema: u32,
    /// How many titles there are.
    pub title_count: usize,
    /// Hash of the home view.
    pub home: String,
    details: Vec<Detail>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Detail {
    first: String,
    hash: String,
}

impl Manifest {
    /// Names packs that are in order of the ids that they begin with.
    pub(crate) fn new(title_count: usize, home: String, details: Vec<(String, String)>) -> Self {
        let details = details.into_iter().map(|(first, hash)| Detail { first, hash }).collect();
        Self { schema: SCHEMA, title_count, home, details }
    }

    /// Reads a manifest, and checks that it is one.
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
        if !manifest.details.is_sorted_by(|a, b| a.first < b.first) {
            return Err(malformed("the packs are not in order".into()));
        }
        Ok(manifest)
    }

    pub(crate) fn write(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|e| Error::Malformed { what: "manifest", detail: e.to_string() })
    }

    /// Hash of the pack that has the title, if the catalogue has it.
    pub fn pack_of(&self, catalog_id: &str) -> Option<&str> {
        let after = self.details.partition_point(|detail| detail.first.as_str() <= catalog_id);
        let detail = self.details.get(after.checked_sub(1)?)?;
        Some(&detail.hash)
    }

    /// Hashes of every pack but the manifest itself.
    pub fn packs(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.home)
            .chain(self.details.iter().map(|detail| &detail.hash))
            .map(String::as_str)
    }
}

/// Reads the home view.
pub fn home(pack: &[u8]) -> Result<api::Home> {
    serde_json::from_slice(pack)
        .map_err(|e| Error::Malformed { what: "home view", detail: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(first: &str) -> (String, String) {
        (first.to_owned(), crate::hash(first.as_bytes()))
    }

    #[test]
    fn a_title_is_in_the_last_pack_that_begins_at_or_before_it() {
        let manifest = Manifest::new(3, crate::hash(b""), vec![detail("b"), detail("m")]);
        let hash_of = |first: &str| crate::hash(first.as_bytes());
        assert_eq!(manifest.pack_of("a"), None);
        assert_eq!(manifest.pack_of("b"), Some(hash_of("b").as_str()));
        assert_eq!(manifest.pack_of("lz"), Some(hash_of("b").as_str()));
        assert_eq!(manifest.pack_of("m"), Some(hash_of("m").as_str()));
        assert_eq!(manifest.pack_of("z"), Some(hash_of("m").as_str()));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let swapped = Manifest::new(2, crate::hash(b""), vec![detail("m"), detail("b")]);
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
