//! The stored responses: for each URI, ranges of its representation that do not overlap. When the
//! store is full, the least recently used range goes first.

use std::{
    collections::{
        BTreeMap, HashMap,
        hash_map::Entry::{Occupied, Vacant},
    },
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, header::ETAG};

use super::policy::{CacheKey, accepts_ranges};

/// Memory of a stored range besides its bytes, its URI and its headers: its entries in the maps.
const RANGE_OVERHEAD_BYTES: usize = 1024;
/// Memory of a header field besides its name and value.
const FIELD_OVERHEAD_BYTES: usize = 128;

/// All stored responses.
#[derive(Default)]
pub(super) struct ResponseStore {
    responses: HashMap<Arc<str>, StoredResponse>,
    /// The URI and start of each stored range, by its last use.
    by_last_use: BTreeMap<u64, (Arc<str>, u64)>,
    /// How many uses there have been: the clock of `last_use`.
    uses: u64,
    bytes: usize,
}

/// The stored ranges of the representation at one URI.
struct StoredResponse {
    head: ResponseHead,
    /// By their first byte.
    ranges: BTreeMap<u64, StoredRange>,
}

/// The head that all responses of one URI share: without the fields of length, range and date.
pub(super) struct ResponseHead {
    pub(super) headers: HeaderMap,
    /// Bytes of the whole representation.
    pub(super) size: u64,
    pub(super) stored_at: Instant,
    pub(super) fresh_until: Instant,
}

struct StoredRange {
    source: ByteSource,
    length: u64,
    last_use: u64,
    /// Bytes that it takes in memory.
    memory: usize,
}

/// Where the bytes of a stored range are.
#[derive(Clone)]
pub(super) enum ByteSource {
    Memory(Bytes),
    /// At the same offsets in the object with this key.
    Object(Arc<str>),
}

impl ByteSource {
    /// Bytes that it takes in memory.
    fn memory(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::Object(key) => key.len(),
        }
    }

    /// The part `range`, from the start of this source.
    fn slice(&self, range: Range<u64>) -> Self {
        let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match self {
            Self::Memory(bytes) => {
                Self::Memory(bytes.slice(offset(range.start)..offset(range.end)))
            }
            Self::Object(key) => Self::Object(Arc::clone(key)),
        }
    }
}

/// The stored ranges that make up the response to a request.
pub(super) struct CacheHit {
    pub(super) headers: HeaderMap,
    /// The requested bytes and the size of the whole; `None` where the request has no range.
    pub(super) content_range: Option<(Range<u64>, u64)>,
    pub(super) length: u64,
    /// The parts of the body: where their bytes are, and which bytes of the representation.
    pub(super) parts: Vec<(ByteSource, Range<u64>)>,
    pub(super) age_seconds: u64,
}

impl ResponseStore {
    /// The response to a request, if all of its bytes are stored and fresh.
    pub(super) fn lookup(&mut self, key: &CacheKey, now: Instant) -> Option<CacheHit> {
        let response = self.responses.get(&*key.uri)?;
        if now >= response.head.fresh_until {
            self.remove(&key.uri);
            return None;
        }
        let range = match key.range {
            None => 0..response.head.size,
            Some(_) if !accepts_ranges(&response.head.headers) => return None,
            // The component refuses a range that starts behind the end.
            Some((first, last)) => first..last.saturating_add(1).min(response.head.size),
        };
        let parts = self.parts(&key.uri, &range)?;
        let StoredResponse { head, .. } = self.responses.get(&*key.uri)?;
        Some(CacheHit {
            headers: head.headers.clone(),
            length: range.end.checked_sub(range.start).filter(|length| *length > 0)?,
            content_range: key.range.map(|_| (range, head.size)),
            parts,
            age_seconds: now.saturating_duration_since(head.stored_at).as_secs(),
        })
    }

    /// The stored ranges that `range` consists of, which are used now; `None` where a byte is
    /// missing.
    fn parts(&mut self, uri: &str, range: &Range<u64>) -> Option<Vec<(ByteSource, Range<u64>)>> {
        let Self { responses, by_last_use, uses, .. } = self;
        let uri = Arc::clone(responses.get_key_value(uri)?.0);
        let ranges = &mut responses.get_mut(&uri)?.ranges;
        let mut parts = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (start, stored) = ranges.range_mut(..=at).next_back()?;
            let end = range.end.min(start + stored.length);
            if end <= at {
                return None;
            }
            parts.push((stored.source.slice(at - start..end - start), at..end));
            by_last_use.remove(&stored.last_use);
            *uses += 1;
            stored.last_use = *uses;
            by_last_use.insert(stored.last_use, (Arc::clone(&uri), *start));
            at = end;
        }
        Some(parts)
    }

    /// Stores the missing parts of `range`, then evicts ranges until all take at most `bytes_max`.
    pub(super) fn insert(
        &mut self,
        uri: &str,
        head: ResponseHead,
        range: &Range<u64>,
        source: &ByteSource,
        bytes_max: usize,
    ) {
        if self.responses.get(uri).is_some_and(|response| !response.head.is_of_same_state(&head)) {
            self.remove(uri);
        }
        let known = self.responses.get_key_value(uri);
        let uri: Arc<str> = known.map_or_else(|| uri.into(), |(uri, _)| Arc::clone(uri));
        // Each range counts them: any of them may be the only one that is left.
        let overhead = RANGE_OVERHEAD_BYTES + uri.len() + head.memory();
        let response = match self.responses.entry(Arc::clone(&uri)) {
            Occupied(entry) => {
                let response = entry.into_mut();
                response.head = head;
                response
            }
            Vacant(entry) => entry.insert(StoredResponse { head, ranges: BTreeMap::new() }),
        };
        for missing in response.missing_ranges(range) {
            let part = match source.slice(missing.start - range.start..missing.end - range.start) {
                // A slice would hold the memory of the whole.
                ByteSource::Memory(bytes) if missing != *range => {
                    ByteSource::Memory(Bytes::copy_from_slice(&bytes))
                }
                part @ (ByteSource::Memory(_) | ByteSource::Object(_)) => part,
            };
            let memory = overhead + part.memory();
            self.bytes += memory;
            self.uses += 1;
            self.by_last_use.insert(self.uses, (Arc::clone(&uri), missing.start));
            let length = missing.end - missing.start;
            let stored = StoredRange { source: part, length, last_use: self.uses, memory };
            response.ranges.insert(missing.start, stored);
        }
        self.evict(bytes_max);
    }

    fn evict(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max
            && let Some((_, (uri, start))) = self.by_last_use.pop_first()
        {
            let Some(response) = self.responses.get_mut(&uri) else { continue };
            if let Some(range) = response.ranges.remove(&start) {
                self.bytes -= range.memory;
            }
            if response.ranges.is_empty() {
                self.responses.remove(&uri);
            }
        }
    }

    /// Removes every stored range of one URI.
    pub(super) fn remove(&mut self, uri: &str) {
        let Some(response) = self.responses.remove(uri) else { return };
        for range in response.ranges.values() {
            self.by_last_use.remove(&range.last_use);
            self.bytes -= range.memory;
        }
    }
}

impl ResponseHead {
    /// A head that is stored now.
    pub(super) fn new(headers: HeaderMap, size: u64, freshness_lifetime: Duration) -> Self {
        let stored_at = Instant::now();
        Self { headers, size, stored_at, fresh_until: stored_at + freshness_lifetime }
    }

    /// Bytes that the headers take in memory.
    fn memory(&self) -> usize {
        let fields = self.headers.iter();
        fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD_BYTES).sum()
    }

    /// Whether ranges of both may be combined: they have the same validator and size.
    fn is_of_same_state(&self, other: &Self) -> bool {
        self.size == other.size && self.headers.get(ETAG) == other.headers.get(ETAG)
    }
}

impl StoredResponse {
    /// The parts of `range` that are not stored.
    fn missing_ranges(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut missing = Vec::new();
        let mut at = range.start;
        let before = self.ranges.range(..=at).next_back().map_or(at, |(start, _)| *start);
        for (start, stored) in self.ranges.range(before..range.end) {
            if *start > at {
                missing.push(at..*start);
            }
            at = at.max(start + stored.length);
        }
        if at < range.end {
            missing.push(at..range.end);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header::ACCEPT_RANGES};

    const MAX: usize = 1 << 20;

    fn head(tag: &'static str, size: u64) -> ResponseHead {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static(tag));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        ResponseHead::new(headers, size, Duration::from_mins(1))
    }

    /// Bytes that a range at this URI takes besides its own.
    fn overhead(uri: &str) -> usize {
        RANGE_OVERHEAD_BYTES + uri.len() + head("\"1\"", 100).memory()
    }

    /// Stores a range of a representation whose byte `n` is `n`.
    fn insert(
        store: &mut ResponseStore,
        uri: &str,
        head: ResponseHead,
        range: Range<u8>,
        bytes_max: usize,
    ) {
        let bytes: Vec<u8> = range.clone().collect();
        let range = u64::from(range.start)..u64::from(range.end);
        store.insert(uri, head, &range, &ByteSource::Memory(bytes.into()), bytes_max);
    }

    fn lookup(store: &mut ResponseStore, uri: &str, range: Option<(u64, u64)>) -> Option<Vec<u8>> {
        let hit = store.lookup(&CacheKey { uri: uri.to_owned(), range }, Instant::now())?;
        let bytes = hit.parts.iter().flat_map(|(source, range)| match source {
            ByteSource::Memory(bytes) => bytes.to_vec(),
            ByteSource::Object(_) => {
                (range.start..range.end).map(|n| u8::try_from(n).unwrap()).collect()
            }
        });
        let bytes: Vec<u8> = bytes.collect();
        assert_eq!(hit.length, bytes.len() as u64);
        Some(bytes)
    }

    #[test]
    fn range_is_combined_from_stored_ranges() {
        let mut store = ResponseStore::default();
        insert(&mut store, "a", head("\"1\"", 100), 10..30, MAX);
        insert(&mut store, "a", head("\"1\"", 100), 40..50, MAX);
        assert_eq!(lookup(&mut store, "a", Some((12, 29))), Some((12..30).collect()));
        assert_eq!(lookup(&mut store, "a", Some((12, 30))), None);
        assert_eq!(lookup(&mut store, "a", Some((9, 12))), None);
        assert_eq!(lookup(&mut store, "a", Some((30, 39))), None);
        insert(&mut store, "a", head("\"1\"", 100), 5..60, MAX);
        assert_eq!(lookup(&mut store, "a", Some((5, 59))), Some((5..60).collect()));
        assert_eq!(store.bytes, 55 + 5 * overhead("a"));
        assert_eq!(lookup(&mut store, "a", None), None);
        insert(&mut store, "a", head("\"1\"", 100), 0..100, MAX);
        assert_eq!(lookup(&mut store, "a", None), Some((0..100).collect()));
        assert_eq!(lookup(&mut store, "a", Some((90, 300))), Some((90..100).collect()));
        assert_eq!(lookup(&mut store, "a", Some((100, 300))), None);
    }

    #[test]
    fn lookup_returns_the_right_bytes_or_nothing() {
        let mut state = 7_u32;
        let mut below = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((state >> 8) % most).unwrap()
        };
        let mut store = ResponseStore::default();
        for _ in 0..2000 {
            let first = below(200);
            let last = first + below(u32::from(200 - first));
            let hit = lookup(&mut store, "a", Some((first.into(), last.into())));
            match hit {
                Some(bytes) => assert_eq!(bytes, (first..=last).collect::<Vec<u8>>()),
                None => insert(&mut store, "a", head("\"1\"", 200), first..last + 1, 30_000),
            }
            assert!(store.bytes <= 30_000);
            let ranges: usize =
                store.responses.values().map(|response| response.ranges.len()).sum();
            assert_eq!(ranges, store.by_last_use.len());
        }
    }

    #[test]
    fn ranges_of_two_etags_are_never_combined() {
        let mut store = ResponseStore::default();
        insert(&mut store, "a", head("\"1\"", 100), 0..30, MAX);
        insert(&mut store, "a", head("\"2\"", 100), 30..60, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 9))), None);
        assert_eq!(lookup(&mut store, "a", Some((30, 39))), Some((30..40).collect()));
        assert_eq!(store.bytes, 30 + overhead("a"));
    }

    #[test]
    fn least_recently_used_range_is_evicted_first() {
        let (mut store, bytes_max) = (ResponseStore::default(), 2 * (10 + overhead("a")));
        insert(&mut store, "a", head("\"1\"", 100), 0..10, bytes_max);
        insert(&mut store, "b", head("\"1\"", 100), 0..10, bytes_max);
        lookup(&mut store, "a", Some((0, 9))).unwrap();
        insert(&mut store, "c", head("\"1\"", 100), 0..10, bytes_max);
        assert!(lookup(&mut store, "b", Some((0, 9))).is_none());
        assert!(lookup(&mut store, "a", Some((0, 9))).is_some());
        assert!(lookup(&mut store, "c", Some((0, 9))).is_some());
    }

    #[test]
    fn uri_and_headers_of_a_response_are_counted() {
        let mut store = ResponseStore::default();
        for n in 0..200 {
            let uri = format!("{n}{}", "x".repeat(31_000));
            let mut long = head("\"1\"", 100);
            long.headers.insert("x-long", "y".repeat(9_000).parse().unwrap());
            insert(&mut store, &uri, long, 0..10, MAX);
            let held = |(uri, one): (&Arc<str>, &StoredResponse)| uri.len() + one.head.memory();
            let bytes: usize = store.responses.iter().map(held).sum();
            assert!(bytes < MAX && store.bytes <= MAX, "{bytes} bytes after {n} responses");
        }
        assert!(!store.responses.is_empty());
    }

    #[test]
    fn stale_response_is_removed() {
        let mut store = ResponseStore::default();
        insert(&mut store, "a", head("\"1\"", 100), 0..10, MAX);
        let key = CacheKey { uri: "a".to_owned(), range: Some((0, 9)) };
        let later = Instant::now() + Duration::from_secs(30);
        assert_eq!(store.lookup(&key, later).unwrap().age_seconds, 30);
        assert!(store.lookup(&key, later + Duration::from_secs(31)).is_none());
        assert_eq!((store.bytes, store.by_last_use.len()), (0, 0));
    }
}
