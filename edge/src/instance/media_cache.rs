//! What an instance remembers of films that lie elsewhere.
//!
//! Plain data only: a Worker's requests share it, and none of them may wait for another one's I/O.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use super::lru::LruMap;
use crate::rules::{
    circuit_breaker::CircuitBreaker,
    provider::{Provider, UpstreamUrl},
};

/// Blocks in memory: 16 MiB, an eighth of what an isolate has.
const BLOCK_COUNT_MAX: usize = 32;
/// Records and resolved: some hundred bytes each, for the films that an instance serves at a time.
const FILM_COUNT_MAX: usize = 256;
/// Heads and packs of what is stored for starts: 900,000 bytes each at most, 14 MB.
const PIECE_COUNT_MAX: usize = 16;
/// Origins whose health is known.
const ORIGIN_COUNT_MAX: usize = 128;

/// Where a file lies, as its provider last told.
#[derive(Debug, Clone)]
pub struct ResolvedUrls {
    /// The best first.
    pub urls: Rc<[UpstreamUrl]>,
    /// When that was told; a later telling is another one.
    pub version: u64,
}

/// Nothing here is borrowed across an await.
#[derive(Debug, Default)]
pub struct MediaCache {
    state: RefCell<State>,
    /// How many reads hold bytes in memory now.
    pub(crate) reads: Cell<usize>,
    /// Whether the table of blocks was seen to exist.
    pub(crate) has_table: Cell<bool>,
    /// Whether the table of windows was.
    pub(crate) has_windows: Cell<bool>,
    /// Whether the operator knows that there is no durable store.
    pub(crate) has_reported_local: Cell<bool>,
    versions: Cell<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// The setting as it was read, and what it says.
    providers: Option<(String, Rc<[Provider]>)>,
    records: LruMap<(Rc<[u8]>, u64), FILM_COUNT_MAX>,
    resolved: LruMap<ResolvedUrls, FILM_COUNT_MAX>,
    touched: LruMap<u64, FILM_COUNT_MAX>,
    blocks: LruMap<Rc<[u8]>, BLOCK_COUNT_MAX>,
    windows: LruMap<u64, FILM_COUNT_MAX>,
    pieces: LruMap<Rc<[u8]>, PIECE_COUNT_MAX>,
    breakers: LruMap<CircuitBreaker, ORIGIN_COUNT_MAX>,
    /// What is being fetched.
    claims: BTreeSet<String>,
}

impl MediaCache {
    /// What a setting says, read once.
    pub(crate) fn providers<E>(
        &self,
        setting: &str,
        parse: impl FnOnce(&str) -> Result<Vec<Provider>, E>,
    ) -> Result<Rc<[Provider]>, E> {
        let mut state = self.state.borrow_mut();
        if let Some((known, providers)) = &state.providers
            && known == setting
        {
            return Ok(Rc::clone(providers));
        }
        let providers: Rc<[Provider]> = parse(setting)?.into();
        state.providers = Some((setting.to_owned(), Rc::clone(&providers)));
        Ok(providers)
    }

    /// A source's record, if it was read since `oldest_ms`.
    pub(crate) fn record(&self, id: &str, oldest_ms: u64) -> Option<Rc<[u8]>> {
        let mut state = self.state.borrow_mut();
        let (record, read_at_ms) = state.records.get(id)?;
        (*read_at_ms >= oldest_ms).then(|| Rc::clone(record))
    }

    pub(crate) fn insert_record(&self, id: &str, record: Rc<[u8]>, now_ms: u64) {
        self.state.borrow_mut().records.put(id, (record, now_ms));
    }

    /// Where a file lies, if its provider told.
    pub(crate) fn resolved_urls(&self, file: &str) -> Option<ResolvedUrls> {
        self.state.borrow_mut().resolved.get(file).cloned()
    }

    /// Takes note of where a file lies.
    pub(crate) fn insert_resolved_urls(&self, file: &str, urls: Vec<UpstreamUrl>) -> ResolvedUrls {
        self.versions.set(self.versions.get() + 1);
        let resolved = ResolvedUrls { urls: urls.into(), version: self.versions.get() };
        self.state.borrow_mut().resolved.put(file, resolved.clone());
        resolved
    }

    /// A block, if it is in memory.
    pub(crate) fn block(&self, key: &str) -> Option<Rc<[u8]>> {
        self.state.borrow_mut().blocks.get(key).map(|bytes| Rc::clone(bytes))
    }

    pub(crate) fn insert_block(&self, key: &str, bytes: &Rc<[u8]>) {
        self.state.borrow_mut().blocks.put(key, Rc::clone(bytes));
    }

    /// Forgets blocks whose keys begin like this.
    pub(crate) fn remove_blocks(&self, prefix: &str) {
        self.state.borrow_mut().blocks.remove_under(prefix);
    }

    /// Whether a window is another one than any in this time, and not only asked for again.
    pub(crate) fn is_new_window(&self, window: &str, now_ms: u64, every_ms: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let at = state.windows.get(window).copied();
        let is_new = at.is_none_or(|at| now_ms.saturating_sub(at) >= every_ms);
        if is_new {
            state.windows.put(window, now_ms);
        }
        is_new
    }

    /// A piece of what is stored for starts, if it is in memory.
    pub(crate) fn piece(&self, key: &str) -> Option<Rc<[u8]>> {
        self.state.borrow_mut().pieces.get(key).map(|bytes| Rc::clone(bytes))
    }

    pub(crate) fn insert_piece(&self, key: &str, bytes: &Rc<[u8]>) {
        self.state.borrow_mut().pieces.put(key, Rc::clone(bytes));
    }

    /// Forgets pieces whose keys begin like this.
    pub(crate) fn remove_pieces(&self, prefix: &str) {
        self.state.borrow_mut().pieces.remove_under(prefix);
    }

    /// Whether it is time to write down that a source was used.
    pub(crate) fn is_use_due(&self, id: &str, now_ms: u64, every_ms: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let recent = state.touched.get(id).is_some_and(|at| now_ms.saturating_sub(*at) < every_ms);
        if !recent {
            state.touched.put(id, now_ms);
        }
        !recent
    }

    /// Asks or tells the breaker of an origin.
    pub(crate) fn breaker<T>(&self, origin: &str, act: impl FnOnce(&mut CircuitBreaker) -> T) -> T {
        let mut state = self.state.borrow_mut();
        if state.breakers.get(origin).is_none() {
            state.breakers.put(origin, CircuitBreaker::default());
        }
        match state.breakers.get(origin) {
            Some(breaker) => act(breaker),
            None => act(&mut CircuitBreaker::default()),
        }
    }

    /// Claims what nobody else is fetching; none where somebody is.
    pub(crate) fn claim(&self, key: String) -> Option<FetchClaim<'_>> {
        let claimed = self.state.borrow_mut().claims.insert(key.clone());
        // Made only where it is one: a claim that ends sets its key free.
        claimed.then(|| FetchClaim { media: self, key })
    }
}

/// A claim, which ends with it, however that comes.
#[derive(Debug)]
pub struct FetchClaim<'a> {
    media: &'a MediaCache,
    key: String,
}

impl Drop for FetchClaim<'_> {
    fn drop(&mut self) {
        self.media.state.borrow_mut().claims.remove(&self.key);
    }
}
