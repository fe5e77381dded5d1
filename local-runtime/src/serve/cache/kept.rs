//! What is kept: pieces of representations, in spans that do not overlap, the last used longest.

use std::{
    collections::{
        BTreeMap, HashMap,
        hash_map::Entry::{Occupied, Vacant},
    },
    ops::Range,
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderMap, header::ETAG};

use super::rules::{Asked, has_ranges};

/// What a span takes besides bytes: its places in the maps, and headers where it is the only
/// one of its URL.
const SPAN_BYTES: usize = 2048;

/// The store. Times are counted in uses.
#[derive(Default)]
pub(super) struct Kept {
    entries: HashMap<Arc<str>, Entry>,
    /// Which span was used when.
    order: BTreeMap<u64, (Arc<str>, u64)>,
    uses: u64,
    bytes: usize,
}

/// What is known of the representation at one URL.
struct Entry {
    head: Head,
    /// By where they begin.
    spans: BTreeMap<u64, Span>,
}

/// What its answers say, their length and range aside.
pub(super) struct Head {
    pub(super) headers: HeaderMap,
    pub(super) size: u64,
    pub(super) made: Instant,
    pub(super) fresh_until: Instant,
}

struct Span {
    piece: Piece,
    length: u64,
    used: u64,
}

/// Bytes, or whose they are.
#[derive(Clone)]
pub(super) enum Piece {
    Bytes(Bytes),
    /// Those of the object with this key that lie in the same places.
    Object(Arc<str>),
}

impl Piece {
    /// Bytes that it takes in memory.
    fn memory(&self) -> usize {
        SPAN_BYTES
            + match self {
                Self::Bytes(bytes) => bytes.len(),
                Self::Object(_) => 0,
            }
    }

    /// The part `range`, counted from its beginning.
    fn slice(&self, range: Range<u64>) -> Self {
        let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(within(range.start)..within(range.end))),
            Self::Object(key) => Self::Object(Arc::clone(key)),
        }
    }
}

/// An answer from memory.
pub(super) struct Found {
    pub(super) headers: HeaderMap,
    /// Which bytes, of how many; none where it is all of them.
    pub(super) part: Option<(Range<u64>, u64)>,
    pub(super) length: u64,
    /// What it is put together from, and which bytes of the representation each is.
    pub(super) pieces: Vec<(Piece, Range<u64>)>,
    pub(super) age_s: u64,
}

impl Kept {
    /// All that was asked for, if it is here and fresh.
    pub(super) fn find(&mut self, asked: &Asked, now: Instant) -> Option<Found> {
        let Self { entries, order, uses, .. } = self;
        let (uri, _) = entries.get_key_value(&*asked.uri)?;
        let uri = Arc::clone(uri);
        let Entry { head, spans } = entries.get_mut(&uri)?;
        if now >= head.fresh_until {
            self.forget(&uri);
            return None;
        }
        let range = match asked.range {
            None => 0..head.size,
            Some(_) if !has_ranges(&head.headers) => return None,
            // A range behind the end is for the component to refuse.
            Some((first, last)) => first..last.saturating_add(1).min(head.size),
        };
        let mut pieces = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (start, span) = spans.range_mut(..=at).next_back()?;
            let end = range.end.min(start + span.length);
            if end <= at {
                return None;
            }
            pieces.push((span.piece.slice(at - start..end - start), at..end));
            order.remove(&span.used);
            *uses += 1;
            span.used = *uses;
            order.insert(span.used, (Arc::clone(&uri), *start));
            at = end;
        }
        Some(Found {
            headers: head.headers.clone(),
            length: range.end.checked_sub(range.start).filter(|length| *length > 0)?,
            part: asked.range.map(|_| (range, head.size)),
            pieces,
            age_s: now.saturating_duration_since(head.made).as_secs(),
        })
    }

    /// Keeps what is new of this piece, and then at most `bytes_max` of all.
    pub(super) fn keep(
        &mut self,
        uri: &str,
        head: Head,
        range: &Range<u64>,
        piece: &Piece,
        bytes_max: usize,
    ) {
        let is_same = |entry: &Entry| {
            entry.head.size == head.size && entry.head.headers.get(ETAG) == head.headers.get(ETAG)
        };
        if self.entries.get(uri).is_some_and(|entry| !is_same(entry)) {
            self.forget(uri);
        }
        let uri: Arc<str> = uri.into();
        let entry = match self.entries.entry(Arc::clone(&uri)) {
            Occupied(entry) => {
                let entry = entry.into_mut();
                entry.head = head;
                entry
            }
            Vacant(place) => place.insert(Entry { head, spans: BTreeMap::new() }),
        };
        for gap in entry.gaps(range) {
            let new = match piece.slice(gap.start - range.start..gap.end - range.start) {
                // A slice would keep all of it in memory.
                Piece::Bytes(bytes) if gap != *range => {
                    Piece::Bytes(Bytes::copy_from_slice(&bytes))
                }
                new @ (Piece::Bytes(_) | Piece::Object(_)) => new,
            };
            self.bytes += new.memory();
            self.uses += 1;
            self.order.insert(self.uses, (Arc::clone(&uri), gap.start));
            let length = gap.end - gap.start;
            entry.spans.insert(gap.start, Span { piece: new, length, used: self.uses });
        }
        while self.bytes > bytes_max
            && let Some((_, (uri, start))) = self.order.pop_first()
        {
            self.drop_span(&uri, start);
        }
    }

    fn drop_span(&mut self, uri: &str, start: u64) {
        let Some(entry) = self.entries.get_mut(uri) else { return };
        if let Some(span) = entry.spans.remove(&start) {
            self.bytes -= span.piece.memory();
        }
        if entry.spans.is_empty() {
            self.entries.remove(uri);
        }
    }

    /// Forgets one URL.
    pub(super) fn forget(&mut self, uri: &str) {
        let Some(entry) = self.entries.remove(uri) else { return };
        for span in entry.spans.values() {
            self.order.remove(&span.used);
            self.bytes -= span.piece.memory();
        }
    }
}

impl Entry {
    /// What of `range` is not here.
    fn gaps(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        let before = self.spans.range(..=at).next_back().map_or(at, |(start, _)| *start);
        for (start, span) in self.spans.range(before..range.end) {
            if *start > at {
                gaps.push(at..*start);
            }
            at = at.max(start + span.length);
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header::ACCEPT_RANGES};
    use std::time::Duration;

    const MAX: usize = 1 << 20;

    fn head(tag: &'static str, size: u64) -> Head {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static(tag));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let made = Instant::now();
        Head { headers, size, made, fresh_until: made + Duration::from_mins(1) }
    }

    /// Byte `n` of everything is `n`.
    fn keep(kept: &mut Kept, uri: &str, head: Head, range: Range<u8>, bytes_max: usize) {
        let bytes: Vec<u8> = range.clone().collect();
        let range = u64::from(range.start)..u64::from(range.end);
        kept.keep(uri, head, &range, &Piece::Bytes(bytes.into()), bytes_max);
    }

    fn find(kept: &mut Kept, uri: &str, range: Option<(u64, u64)>) -> Option<Vec<u8>> {
        let found = kept.find(&Asked { uri: uri.to_owned(), range }, Instant::now())?;
        let bytes = found.pieces.iter().flat_map(|(piece, range)| match piece {
            Piece::Bytes(bytes) => bytes.to_vec(),
            Piece::Object(_) => {
                (range.start..range.end).map(|n| u8::try_from(n).unwrap()).collect()
            }
        });
        let bytes: Vec<u8> = bytes.collect();
        assert_eq!(found.length, bytes.len() as u64);
        Some(bytes)
    }

    #[test]
    fn a_range_is_put_together_from_what_has_passed() {
        let mut kept = Kept::default();
        keep(&mut kept, "a", head("\"1\"", 100), 10..30, MAX);
        keep(&mut kept, "a", head("\"1\"", 100), 40..50, MAX);
        assert_eq!(find(&mut kept, "a", Some((12, 29))), Some((12..30).collect()));
        assert_eq!(find(&mut kept, "a", Some((12, 30))), None);
        assert_eq!(find(&mut kept, "a", Some((9, 12))), None);
        assert_eq!(find(&mut kept, "a", Some((30, 39))), None);
        keep(&mut kept, "a", head("\"1\"", 100), 5..60, MAX);
        assert_eq!(find(&mut kept, "a", Some((5, 59))), Some((5..60).collect()));
        assert_eq!(kept.bytes, 55 + 5 * SPAN_BYTES);
        assert_eq!(find(&mut kept, "a", None), None);
        keep(&mut kept, "a", head("\"1\"", 100), 0..100, MAX);
        assert_eq!(find(&mut kept, "a", None), Some((0..100).collect()));
        assert_eq!(find(&mut kept, "a", Some((90, 300))), Some((90..100).collect()));
        assert_eq!(find(&mut kept, "a", Some((100, 300))), None);
    }

    #[test]
    fn every_range_is_right_or_absent() {
        let mut state = 7_u32;
        let mut below = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((state >> 8) % most).unwrap()
        };
        let mut kept = Kept::default();
        for _ in 0..2000 {
            let first = below(200);
            let last = first + below(u32::from(200 - first));
            let held = find(&mut kept, "a", Some((first.into(), last.into())));
            match held {
                Some(bytes) => assert_eq!(bytes, (first..=last).collect::<Vec<u8>>()),
                None => keep(&mut kept, "a", head("\"1\"", 200), first..last + 1, 30_000),
            }
            assert!(kept.bytes <= 30_000);
            let spans: usize = kept.entries.values().map(|entry| entry.spans.len()).sum();
            assert_eq!(spans, kept.order.len());
        }
    }

    #[test]
    fn another_tag_is_another_thing() {
        let mut kept = Kept::default();
        keep(&mut kept, "a", head("\"1\"", 100), 0..30, MAX);
        keep(&mut kept, "a", head("\"2\"", 100), 30..60, MAX);
        assert_eq!(find(&mut kept, "a", Some((0, 9))), None);
        assert_eq!(find(&mut kept, "a", Some((30, 39))), Some((30..40).collect()));
        assert_eq!(kept.bytes, 30 + SPAN_BYTES);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let (mut kept, room) = (Kept::default(), 2 * (10 + SPAN_BYTES));
        keep(&mut kept, "a", head("\"1\"", 100), 0..10, room);
        keep(&mut kept, "b", head("\"1\"", 100), 0..10, room);
        find(&mut kept, "a", Some((0, 9))).unwrap();
        keep(&mut kept, "c", head("\"1\"", 100), 0..10, room);
        assert!(find(&mut kept, "b", Some((0, 9))).is_none());
        assert!(find(&mut kept, "a", Some((0, 9))).is_some());
        assert!(find(&mut kept, "c", Some((0, 9))).is_some());
    }

    #[test]
    fn what_is_stale_is_forgotten() {
        let mut kept = Kept::default();
        keep(&mut kept, "a", head("\"1\"", 100), 0..10, MAX);
        let asked = Asked { uri: "a".to_owned(), range: Some((0, 9)) };
        let later = Instant::now() + Duration::from_secs(30);
        assert_eq!(kept.find(&asked, later).unwrap().age_s, 30);
        assert!(kept.find(&asked, later + Duration::from_secs(31)).is_none());
        assert_eq!((kept.bytes, kept.order.len()), (0, 0));
    }
}
