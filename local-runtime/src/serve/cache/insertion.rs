//! A response on its way into the cache: its bytes are collected while they are sent to the client.

use std::ops::Range;

use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_RANGE, DATE},
};

use super::{
    policy::StorableResponse,
    shared_cache::{Cache, PendingBytes},
    stored_response::{ByteSource, ResponseHead},
};

/// Bytes of the longest response whose bytes are stored: a startup block. Longer responses are
/// parts of a film that is being watched.
const STORED_BYTES_MAX: usize = 512 << 10;

/// A response that may be stored, and where.
pub(super) struct Insertion {
    pub(super) cache: Cache,
    pub(super) uri: String,
    /// The generation of the cache when the request was sent to the component.
    pub(super) generation: u64,
    pub(super) headers: HeaderMap,
    pub(super) storable: StorableResponse,
}

impl Insertion {
    /// Stores `source` as the bytes `range` of the representation.
    pub(super) fn commit(mut self, range: &Range<u64>, source: &ByteSource) {
        for name in [CONTENT_LENGTH, CONTENT_RANGE, DATE] {
            self.headers.remove(name);
        }
        let StorableResponse { size, freshness_lifetime, .. } = self.storable;
        let head = ResponseHead::new(self.headers, size, freshness_lifetime);
        self.cache.insert(&self.uri, self.generation, head, range, source);
    }
}

/// A response whose bytes arrive, and which is stored when it is complete.
pub(super) struct PendingEntry {
    insertion: Insertion,
    bytes: Vec<u8>,
    length: usize,
    _reserved: PendingBytes,
}

impl PendingEntry {
    /// `None` where the response is too long, or too many bytes are pending already.
    pub(super) fn new(insertion: Insertion) -> Option<Self> {
        let Range { start, end } = insertion.storable.range;
        let length =
            usize::try_from(end - start).ok().filter(|length| *length <= STORED_BYTES_MAX)?;
        let reserved = insertion.cache.reserve(length + insertion.uri.len())?;
        Some(Self { insertion, bytes: Vec::new(), length, _reserved: reserved })
    }

    /// Adds a chunk. Stores the response and returns `None` when that was the last one.
    pub(super) fn push(mut self, chunk: &Bytes) -> Option<Self> {
        if self.bytes.is_empty() {
            self.bytes.reserve_exact(self.length);
        }
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() < self.length {
            return Some(self);
        }
        let range = self.insertion.storable.range.clone();
        self.insertion.commit(&range, &ByteSource::Memory(self.bytes.into()));
        None
    }
}
