//! One stored response: ranges of its representation that do not overlap, and where their bytes are.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{AGE, CONTENT_LENGTH, CONTENT_RANGE, ETAG},
};

/// Memory of a stored range besides its bytes, its URI and its headers: its entries in the maps.
pub(super) const RANGE_OVERHEAD_BYTES: usize = 1024;
/// Memory of a header field besides its name and value.
const FIELD_OVERHEAD_BYTES: usize = 128;
/// Bytes of a `Content-Range` of any film.
const CONTENT_RANGE_BYTES: usize = 64;
/// Bytes of the longest range that is joined from shorter ones: a startup block.
const JOINED_BYTES_MAX: u64 = 512 << 10;

/// The stored ranges of the representation at one URI.
pub(super) struct StoredResponse {
    pub(super) head: Arc<ResponseHead>,
    /// By their first byte.
    pub(super) ranges: BTreeMap<u64, StoredRange>,
}

/// The head that all responses of one URI share: without the fields of length, range and date.
pub(super) struct ResponseHead {
    pub(super) headers: HeaderMap,
    /// Bytes of the whole representation.
    pub(super) size: u64,
    pub(super) stored_at: Instant,
    /// From when on one request fetches a new response, while others still get this one: otherwise all
    /// of them would run the component at once.
    pub(super) refresh_at: Instant,
    is_refreshing: AtomicBool,
    pub(super) fresh_until: Instant,
}

pub(super) struct StoredRange {
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

/// What all stored ranges take, and in which order they were used.
#[derive(Default)]
pub(super) struct Usage {
    /// The URI and start of each stored range, by the number of its last use.
    pub(super) by_last_use: BTreeMap<u64, (Arc<str>, u64)>,
    /// How many uses there have been: the clock of `last_use`.
    uses: u64,
    pub(super) bytes: usize,
}

impl Usage {
    /// A range that is stored now, whose URI and headers take `overhead`.
    fn add(
        &mut self,
        uri: &Arc<str>,
        range: &Range<u64>,
        source: ByteSource,
        overhead: usize,
    ) -> StoredRange {
        let memory = overhead + source.memory();
        self.bytes += memory;
        self.uses += 1;
        self.by_last_use.insert(self.uses, (Arc::clone(uri), range.start));
        StoredRange { source, length: range.end - range.start, last_use: self.uses, memory }
    }

    /// Notes that a range is used now.
    fn touch(&mut self, stored: &mut StoredRange) {
        let Some(place) = self.by_last_use.remove(&stored.last_use) else { return };
        self.uses += 1;
        stored.last_use = self.uses;
        self.by_last_use.insert(self.uses, place);
    }

    /// Notes that a range is stored no more.
    pub(super) fn remove(&mut self, stored: &StoredRange) {
        self.by_last_use.remove(&stored.last_use);
        self.bytes -= stored.memory;
    }
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

impl ResponseHead {
    /// A head that is stored now.
    pub(super) fn new(mut headers: HeaderMap, size: u64, freshness_lifetime: Duration) -> Self {
        // Those of each response have their places, so that a copy does not grow.
        for name in [AGE, CONTENT_LENGTH, CONTENT_RANGE] {
            headers.insert(name, HeaderValue::from_static(""));
        }
        let stored_at = Instant::now();
        Self {
            headers,
            size,
            stored_at,
            refresh_at: stored_at + freshness_lifetime * 4 / 5,
            is_refreshing: AtomicBool::new(false),
            fresh_until: stored_at + freshness_lifetime,
        }
    }

    /// Whether a request at this time gets the stored response. It does not if it is the first one of
    /// those that come when a new response is due.
    pub(super) fn answers(&self, now: Instant) -> bool {
        let is_refreshing = || self.is_refreshing.swap(true, Relaxed);
        now < self.fresh_until && (now < self.refresh_at || is_refreshing())
    }

    /// The headers of a response with the bytes `range`, which was requested if `is_part`.
    pub(super) fn headers_of(&self, range: &Range<u64>, is_part: bool, now: Instant) -> HeaderMap {
        let mut headers = self.headers.clone();
        let age = now.saturating_duration_since(self.stored_at).as_secs();
        headers.insert(AGE, HeaderValue::from(age));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end.saturating_sub(range.start)));
        if is_part {
            if let Some(value) = content_range(range, self.size) {
                headers.insert(CONTENT_RANGE, value);
            }
        } else {
            headers.remove(CONTENT_RANGE);
        }
        headers
    }

    /// Bytes that the headers take in memory.
    pub(super) fn memory(&self) -> usize {
        let fields = self.headers.iter();
        fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD_BYTES).sum()
    }

    /// Whether ranges of both may be combined: they have the same validator and size.
    pub(super) fn is_of_same_state(&self, other: &Self) -> bool {
        self.size == other.size && self.headers.get(ETAG) == other.headers.get(ETAG)
    }
}

/// The value of `Content-Range`, without `format!`: each hit makes one.
fn content_range(range: &Range<u64>, size: u64) -> Option<HeaderValue> {
    let mut digits = itoa::Buffer::new();
    let mut text = Vec::with_capacity(CONTENT_RANGE_BYTES);
    for (before, number) in
        [(&b"bytes "[..], range.start), (b"-", range.end.saturating_sub(1)), (b"/", size)]
    {
        text.extend_from_slice(before);
        text.extend_from_slice(digits.format(number).as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}

impl StoredResponse {
    /// The stored ranges that `range` consists of, which are used now; `None` where it is empty, or a
    /// byte is missing.
    pub(super) fn parts(
        &mut self,
        range: &Range<u64>,
        usage: &mut Usage,
    ) -> Option<Vec<(ByteSource, Range<u64>)>> {
        let mut parts = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (start, stored) = self.ranges.range_mut(..=at).next_back()?;
            let end = range.end.min(start + stored.length);
            if end <= at {
                return None;
            }
            parts.push((stored.source.slice(at - start..end - start), at..end));
            usage.touch(stored);
            at = end;
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// Stores the missing parts of `range`.
    pub(super) fn insert(
        &mut self,
        uri: &Arc<str>,
        range: &Range<u64>,
        source: &ByteSource,
        usage: &mut Usage,
    ) {
        // Each range counts them: any of them may be the only one that is left.
        let overhead = RANGE_OVERHEAD_BYTES + uri.len() + self.head.memory();
        for missing in self.missing_ranges(range) {
            let part = match source.slice(missing.start - range.start..missing.end - range.start) {
                // A slice would hold the memory of the whole.
                ByteSource::Memory(bytes) if missing != *range => {
                    ByteSource::Memory(Bytes::copy_from_slice(&bytes))
                }
                part @ (ByteSource::Memory(_) | ByteSource::Object(_)) => part,
            };
            self.ranges.insert(missing.start, usage.add(uri, &missing, part, overhead));
        }
        for run in self.joinable_ranges(range) {
            let mut joined = Vec::new();
            for (_, part) in self.ranges.extract_if(run.clone(), |_, _| true) {
                usage.remove(&part);
                if let ByteSource::Memory(bytes) = &part.source {
                    joined.extend_from_slice(bytes);
                }
            }
            let joined = ByteSource::Memory(joined.into());
            self.ranges.insert(run.start, usage.add(uri, &run, joined, overhead));
        }
    }

    /// Where ranges in memory lie side by side in and around `range`, so that one longer range can take
    /// their place: a response of many parts takes many writes.
    fn joinable_ranges(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let before = self.ranges.range(..range.start).next_back();
        let from = before.map_or(range.start, |(start, _)| *start);
        let mut runs: Vec<(Range<u64>, usize)> = Vec::new();
        for (start, stored) in self.ranges.range(from..=range.end) {
            if matches!(stored.source, ByteSource::Object(_)) {
                continue;
            }
            let end = start + stored.length;
            match runs.last_mut() {
                Some((run, count)) if run.end == *start && end - run.start <= JOINED_BYTES_MAX => {
                    run.end = end;
                    *count += 1;
                }
                _ => runs.push((*start..end, 1)),
            }
        }
        runs.into_iter().filter(|(_, count)| *count > 1).map(|(run, _)| run).collect()
    }

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
