//! What an instance remembers of upstream films.
//!
//! Plain data only: a Worker's requests share it, and no request may await the I/O of another.

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
/// Records and resolved URLs: some hundred bytes each, for the films that an instance serves.
const FILM_COUNT_MAX: usize = 256;
/// Roots and packs of start indexes: at most 900,000 bytes each, 14 MB.
const PIECE_COUNT_MAX: usize = 16;
/// Origins with a circuit breaker.
const ORIGIN_COUNT_MAX: usize = 128;
/// Files with a circuit breaker: those that failed, at each of their origins.
const FILE_COUNT_MAX: usize = 256;
/// Messages that are reported once.
const MESSAGE_COUNT_MAX: usize = 64;

/// The URLs of a file, as last resolved.
#[derive(Debug, Clone)]
pub struct ResolvedUrls {
    /// Best first.
    pub urls: Rc<[UpstreamUrl]>,
    /// Counts resolutions: a later one has a larger number.
    pub version: u64,
    /// When they were resolved.
    pub resolved_at_ms: u64,
}

/// No borrow of it lasts across an `await`.
#[derive(Debug, Default)]
pub struct MediaCache {
    state: RefCell<State>,
    /// How many reads hold bytes in memory now.
    pub(crate) reads: Cell<usize>,
    /// Whether the table of blocks is known to exist.
    pub(crate) has_table: Cell<bool>,
    /// Whether the table of prefetch windows is known to exist.
    pub(crate) has_prefetch_windows: Cell<bool>,
    /// Whether the report that there is no durable store was made.
    pub(crate) has_reported_local: Cell<bool>,
    /// Whether the report that a setting has an old value was made.
    pub(crate) has_reported_old_value: Cell<bool>,
    versions: Cell<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// The text of the setting, and its providers.
    providers: Option<(String, Rc<[Provider]>)>,
    records: LruMap<(Rc<[u8]>, u64), FILM_COUNT_MAX>,
    resolved: LruMap<ResolvedUrls, FILM_COUNT_MAX>,
    last_used: LruMap<u64, FILM_COUNT_MAX>,
    blocks: LruMap<Rc<[u8]>, BLOCK_COUNT_MAX>,
    prefetch_windows: LruMap<u64, FILM_COUNT_MAX>,
    pieces: LruMap<Rc<[u8]>, PIECE_COUNT_MAX>,
    breakers: LruMap<CircuitBreaker, ORIGIN_COUNT_MAX>,
    file_breakers: LruMap<CircuitBreaker, FILE_COUNT_MAX>,
    reported: LruMap<(), MESSAGE_COUNT_MAX>,
    /// When the time of the last removal was last asked for, and that time as it is stored.
    looked_at_ms: Option<u64>,
    last_removal: Option<Vec<u8>>,
    /// Keys that a request is fetching or building.
    claims: BTreeSet<String>,
}

impl MediaCache {
    /// The providers of a setting, parsed once.
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

    /// Whether the time of the last removal was not asked for within the last `every_ms` milliseconds;
    /// then it is asked for now.
    pub(crate) fn is_look_for_removals_due(&self, now_ms: u64, every_ms: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let is_due = state.looked_at_ms.is_none_or(|at| now_ms.saturating_sub(at) >= every_ms);
        if is_due {
            state.looked_at_ms = Some(now_ms);
        }
        is_due
    }

    /// Forgets every film where the last removal is another one than before.
    pub(crate) fn note_last_removal(&self, last: Vec<u8>) {
        let is_other = self.state.borrow().last_removal.as_ref().is_some_and(|seen| *seen != last);
        self.state.borrow_mut().last_removal = Some(last);
        if is_other {
            self.forget_films();
        }
    }

    /// Forgets records, blocks and start indexes.
    pub(crate) fn forget_films(&self) {
        let mut state = self.state.borrow_mut();
        state.records = LruMap::default();
        state.blocks = LruMap::default();
        state.pieces = LruMap::default();
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

    /// The URLs of a file, if they were resolved.
    pub(crate) fn resolved_urls(&self, file: &str) -> Option<ResolvedUrls> {
        self.state.borrow_mut().resolved.get(file).cloned()
    }

    /// Remembers the URLs of a file under a new version.
    pub(crate) fn insert_resolved_urls(
        &self,
        file: &str,
        urls: Vec<UpstreamUrl>,
        resolved_at_ms: u64,
    ) -> ResolvedUrls {
        self.versions.set(self.versions.get() + 1);
        let version = self.versions.get();
        let resolved = ResolvedUrls { urls: urls.into(), version, resolved_at_ms };
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

    /// Forgets blocks whose keys have this prefix.
    pub(crate) fn remove_blocks(&self, prefix: &str) {
        self.state.borrow_mut().blocks.remove_under(prefix);
    }

    /// Whether a prefetch window was not requested within the last `every_ms` milliseconds.
    pub(crate) fn is_new_prefetch_window(&self, key: &str, now_ms: u64, every_ms: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let at = state.prefetch_windows.get(key).copied();
        let is_new = at.is_none_or(|at| now_ms.saturating_sub(at) >= every_ms);
        if is_new {
            state.prefetch_windows.put(key, now_ms);
        }
        is_new
    }

    /// A root or pack of a start index, if it is in memory.
    pub(crate) fn piece(&self, key: &str) -> Option<Rc<[u8]>> {
        self.state.borrow_mut().pieces.get(key).map(|bytes| Rc::clone(bytes))
    }

    pub(crate) fn insert_piece(&self, key: &str, bytes: &Rc<[u8]>) {
        self.state.borrow_mut().pieces.put(key, Rc::clone(bytes));
    }

    /// Forgets pieces whose keys have this prefix.
    pub(crate) fn remove_pieces(&self, prefix: &str) {
        self.state.borrow_mut().pieces.remove_under(prefix);
    }

    /// Whether the use of a source was not recorded within the last `every_ms` milliseconds.
    pub(crate) fn is_use_due(&self, id: &str, now_ms: u64, every_ms: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let recent =
            state.last_used.get(id).is_some_and(|at| now_ms.saturating_sub(*at) < every_ms);
        if !recent {
            state.last_used.put(id, now_ms);
        }
        !recent
    }

    /// Runs `act` on the circuit breaker of an origin.
    pub(crate) fn breaker<T>(&self, origin: &str, act: impl FnOnce(&mut CircuitBreaker) -> T) -> T {
        act_on(&mut self.state.borrow_mut().breakers, origin, act)
    }

    /// Runs `act` on the circuit breaker of a file at an origin.
    pub(crate) fn file_breaker<T>(
        &self,
        file: &str,
        act: impl FnOnce(&mut CircuitBreaker) -> T,
    ) -> T {
        act_on(&mut self.state.borrow_mut().file_breakers, file, act)
    }

    /// Whether a message was not reported yet.
    pub(crate) fn is_new_report(&self, message: &str) -> bool {
        let mut state = self.state.borrow_mut();
        let is_new = state.reported.get(message).is_none();
        if is_new {
            state.reported.put(message, ());
        }
        is_new
    }

    /// Claims a key; none where another request holds its claim.
    pub(crate) fn claim(&self, key: String) -> Option<FetchClaim<'_>> {
        let claimed = self.state.borrow_mut().claims.insert(key.clone());
        // Built only for a new claim: dropping it releases the key.
        claimed.then(|| FetchClaim { media: self, key })
    }
}

/// Runs `act` on a circuit breaker. One that is closed and counts nothing is not remembered.
fn act_on<T, const COUNT_MAX: usize>(
    breakers: &mut LruMap<CircuitBreaker, COUNT_MAX>,
    key: &str,
    act: impl FnOnce(&mut CircuitBreaker) -> T,
) -> T {
    let known = breakers.get(key).copied().unwrap_or_default();
    let mut breaker = known;
    let done = act(&mut breaker);
    if breaker == CircuitBreaker::default() {
        breakers.remove(key);
    } else if breaker != known {
        breakers.put(key, breaker);
    }
    done
}

/// A claim to fetch or build something, an in-memory entry that is released on drop.
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
