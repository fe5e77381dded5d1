//! The stored responses, by URI. When the store is full, the least recently used range goes first.

use std::{
    collections::{
        BTreeMap, HashMap,
        hash_map::Entry::{Occupied, Vacant},
    },
    ops::Range,
    sync::Arc,
    time::Instant,
};

use super::{
    policy::{CacheKey, accepts_ranges},
    stored_response::{ByteSource, ResponseHead, StoredResponse, Usage},
};

/// All stored responses.
#[derive(Default)]
pub(super) struct ResponseStore {
    responses: HashMap<Arc<str>, StoredResponse>,
    usage: Usage,
}

/// The stored ranges that make up the response to a request.
pub(super) struct CacheHit {
    pub(super) head: Arc<ResponseHead>,
    /// The requested bytes.
    pub(super) range: Range<u64>,
    /// The parts of the body: where their bytes are, and which bytes of the representation.
    pub(super) parts: Vec<(ByteSource, Range<u64>)>,
}

impl ResponseStore {
    /// The response to a request, if all of its bytes are stored and fresh.
    pub(super) fn lookup(&mut self, key: &CacheKey, now: Instant) -> Option<CacheHit> {
        let response = self.responses.get_mut(&*key.uri)?;
        // It stays: a new response with the same validator makes all of its ranges fresh again.
        if !response.head.answers(now) {
            return None;
        }
        let size = response.head.size;
        let range = match key.range {
            None => 0..size,
            Some(_) if !accepts_ranges(&response.head.headers) => return None,
            // The component refuses a range that starts behind the end.
            Some((first, last)) => first..last.saturating_add(1).min(size),
        };
        let parts = response.parts(&range, &mut self.usage)?;
        Some(CacheHit { head: Arc::clone(&response.head), range, parts })
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
        let head = Arc::new(head);
        let response = match self.responses.entry(Arc::clone(&uri)) {
            Occupied(entry) => {
                let response = entry.into_mut();
                response.head = head;
                response
            }
            Vacant(entry) => entry.insert(StoredResponse { head, ranges: BTreeMap::new() }),
        };
        response.insert(&uri, range, source, &mut self.usage);
        self.evict(bytes_max);
    }

    fn evict(&mut self, bytes_max: usize) {
        while self.usage.bytes > bytes_max
            && let Some((_, (uri, start))) = self.usage.by_last_use.pop_first()
        {
            let Some(response) = self.responses.get_mut(&uri) else { continue };
            if let Some(range) = response.ranges.remove(&start) {
                self.usage.remove(&range);
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
            self.usage.remove(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::stored_response::RANGE_OVERHEAD_BYTES, *};
    use bytes::Bytes;
    use http::{
        HeaderMap, HeaderValue,
        header::{ACCEPT_RANGES, AGE, ETAG},
    };

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

    fn key(uri: &str, range: Option<(u64, u64)>) -> CacheKey {
        CacheKey { uri: uri.to_owned(), range, varies_by_origin: false }
    }

    fn lookup(store: &mut ResponseStore, uri: &str, range: Option<(u64, u64)>) -> Option<Vec<u8>> {
        let hit = store.lookup(&key(uri, range), Instant::now())?;
        let bytes = hit.parts.iter().flat_map(|(source, range)| match source {
            ByteSource::Memory(bytes) => bytes.to_vec(),
            ByteSource::Object(_) => {
                (range.start..range.end).map(|n| u8::try_from(n).unwrap()).collect()
            }
        });
        let bytes: Vec<u8> = bytes.collect();
        assert_eq!(hit.range.end - hit.range.start, bytes.len() as u64);
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
        assert_eq!(store.usage.bytes, 55 + overhead("a"));
        assert_eq!(lookup(&mut store, "a", None), None);
        insert(&mut store, "a", head("\"1\"", 100), 0..100, MAX);
        assert_eq!(lookup(&mut store, "a", None), Some((0..100).collect()));
        assert_eq!(lookup(&mut store, "a", Some((90, 300))), Some((90..100).collect()));
        assert_eq!(lookup(&mut store, "a", Some((100, 300))), None);
    }

    #[test]
    fn ranges_side_by_side_become_one_of_at_most_a_block() {
        const BYTES: usize = 64 << 10;
        const KIB_64: u64 = BYTES as u64;
        let mut store = ResponseStore::default();
        let part = |n: u64| Bytes::from(vec![u8::try_from(n).unwrap(); BYTES]);
        for n in [0, 2, 4, 6, 1, 3, 5, 7, 8, 10] {
            let range = n * KIB_64..(n + 1) * KIB_64;
            let source = ByteSource::Memory(part(n));
            store.insert("a", head("\"1\"", 1 << 20), &range, &source, 4 * MAX);
        }
        let hit = store.lookup(&key("a", Some((0, 9 * KIB_64 - 1))), Instant::now()).unwrap();
        let places: Vec<_> = hit.parts.iter().map(|(_, range)| range.clone()).collect();
        assert_eq!(places, [0..8 * KIB_64, 8 * KIB_64..9 * KIB_64]);
        let bytes = hit.parts.iter().flat_map(|(source, _)| match source {
            ByteSource::Memory(bytes) => bytes.clone(),
            ByteSource::Object(_) => Bytes::new(),
        });
        assert!(bytes.eq((0..9).flat_map(part)));
        assert_eq!(store.usage.by_last_use.len(), 3, "a gap lies in front of the last one");
        assert_eq!(store.usage.bytes, 10 * BYTES + 3 * overhead("a"));
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
            assert!(store.usage.bytes <= 30_000);
            let ranges: usize =
                store.responses.values().map(|response| response.ranges.len()).sum();
            assert_eq!(ranges, store.usage.by_last_use.len());
        }
    }

    #[test]
    fn ranges_of_two_etags_are_never_combined() {
        let mut store = ResponseStore::default();
        insert(&mut store, "a", head("\"1\"", 100), 0..30, MAX);
        insert(&mut store, "a", head("\"2\"", 100), 30..60, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 9))), None);
        assert_eq!(lookup(&mut store, "a", Some((30, 39))), Some((30..40).collect()));
        assert_eq!(store.usage.bytes, 30 + overhead("a"));
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
            assert!(bytes < MAX && store.usage.bytes <= MAX, "{bytes} bytes after {n} responses");
        }
        assert!(!store.responses.is_empty());
    }

    #[test]
    fn stale_ranges_are_sent_again_when_a_new_one_has_their_validator() {
        let stale = |tag| {
            let mut head = head(tag, 100);
            (head.refresh_at, head.fresh_until) = (head.stored_at, head.stored_at);
            head
        };
        let mut store = ResponseStore::default();
        insert(&mut store, "a", head("\"1\"", 100), 0..10, MAX);
        let later = Instant::now() + Duration::from_secs(30);
        assert!(!store.responses["a"].head.answers(later + Duration::from_secs(31)));
        let hit = store.lookup(&key("a", Some((0, 9))), later).unwrap();
        assert_eq!(hit.head.headers_of(&hit.range, true, later)[AGE], "30");
        insert(&mut store, "a", stale("\"1\""), 10..20, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 9))), None);
        insert(&mut store, "a", head("\"1\"", 100), 20..30, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 29))), Some((0..30).collect()));
        insert(&mut store, "a", stale("\"1\""), 20..30, MAX);
        insert(&mut store, "a", head("\"2\"", 100), 30..40, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 9))), None, "it is another representation");
        assert_eq!(store.usage.bytes, 10 + overhead("a"));
    }

    #[test]
    fn first_request_after_a_response_is_due_fetches_a_new_one() {
        let mut store = ResponseStore::default();
        let mut due = head("\"1\"", 100);
        due.refresh_at = due.stored_at;
        insert(&mut store, "a", due, 0..10, MAX);
        assert_eq!(lookup(&mut store, "a", Some((0, 9))), None);
        for _ in 0..3 {
            assert_eq!(lookup(&mut store, "a", Some((0, 9))), Some((0..10).collect()));
        }
    }
}
