//! The catalog as an instance last saw it.

use std::{cell::RefCell, rc::Rc};

use api::CatalogRoot;
use catalog::Manifest;

/// How long a root counts as current. Short, because whoever has just published reloads at once;
/// long enough that a busy instance reads it once for thousands of requests.
const ROOT_AGE_MS_MAX: u64 = 2_000;
/// Bytes of packs in memory: an eighth of the 128 MB that an isolate has, shared with every
/// request in flight.
const PACK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The catalog as last seen. Nothing here is borrowed across an await.
#[derive(Debug, Default)]
pub struct CatalogCache(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    root: Option<CatalogRoot>,
    /// When the root was last requested, with or without success.
    requested_at_ms: Option<u64>,
    manifest: Option<(String, Rc<Manifest>)>,
    /// Least recently used first.
    packs: Vec<(String, Rc<[u8]>)>,
}

impl CatalogCache {
    /// Remembers a root that was just read or written.
    pub fn note(&self, root: Option<CatalogRoot>, now_ms: u64) {
        let mut state = self.0.borrow_mut();
        state.root = root;
        state.requested_at_ms = Some(now_ms);
    }

    /// Whether the root need not be read again.
    pub(crate) fn is_fresh(&self, now_ms: u64) -> bool {
        let requested_at_ms = self.0.borrow().requested_at_ms;
        requested_at_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < ROOT_AGE_MS_MAX)
    }

    /// The root as last noted.
    pub(crate) fn root(&self) -> Option<CatalogRoot> {
        self.0.borrow().root.clone()
    }

    /// A pack, if it is remembered.
    pub(crate) fn pack(&self, hash: &str) -> Option<Rc<[u8]>> {
        let mut state = self.0.borrow_mut();
        let at = state.packs.iter().position(|(known, _)| known == hash)?;
        let entry = state.packs.remove(at);
        let bytes = Rc::clone(&entry.1);
        state.packs.push(entry);
        Some(bytes)
    }

    /// Remembers a pack, and forgets those that were not used for longest.
    pub(crate) fn keep(&self, hash: &str, bytes: &Rc<[u8]>) {
        let mut state = self.0.borrow_mut();
        if !state.packs.iter().any(|(known, _)| known == hash) {
            state.packs.push((hash.to_owned(), Rc::clone(bytes)));
        }
        let mut size_bytes: usize = state.packs.iter().map(|(_, bytes)| bytes.len()).sum();
        while size_bytes > PACK_BYTES_MAX && !state.packs.is_empty() {
            size_bytes -= state.packs.remove(0).1.len();
        }
    }

    /// The manifest of this hash, if it is remembered.
    pub(crate) fn manifest(&self, hash: &str) -> Option<Rc<Manifest>> {
        let state = self.0.borrow();
        let (known, manifest) = state.manifest.as_ref()?;
        (known == hash).then(|| Rc::clone(manifest))
    }

    /// Remembers the current manifest, and forgets the one before.
    pub(crate) fn keep_manifest(&self, hash: String, manifest: &Rc<Manifest>) {
        self.0.borrow_mut().manifest = Some((hash, Rc::clone(manifest)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_in_memory_are_bounded_and_the_least_used_goes_first() {
        let cache = CatalogCache::default();
        let bytes: Rc<[u8]> = vec![0; api::limits::VALUE_BYTES_MAX].into();
        let fitting = PACK_BYTES_MAX / bytes.len();
        for n in 0..fitting {
            cache.keep(&n.to_string(), &bytes);
        }
        assert!(cache.pack("0").is_some(), "used again");
        cache.keep("one more", &bytes);
        assert!(cache.pack("0").is_some());
        assert!(cache.pack("1").is_none());
        assert!(cache.pack("one more").is_some());
        assert_eq!(cache.0.borrow().packs.len(), fitting);
    }
}
