//! Startup blocks: which parts of an upstream film are stored here, so that it starts without requests
//! to its provider.

use serde::{Deserialize, Serialize};

use crate::http::ByteRange;

/// Bytes of a block: with its hash in front it fits every key-value store, whose values have at
/// most 900,000.
pub const BLOCK_BYTES: u64 = 512 * 1024;
/// The most bytes of a film's head in startup blocks.
pub const HEAD_BYTES: u64 = 10 * 1024 * 1024;
/// The most bytes of a film's tail in startup blocks.
pub const TAIL_BYTES: u64 = 2 * 1024 * 1024;
/// The first seconds: four of them at 4 Mbit/s.
const BEGINNING_BYTES: u64 = 2 * 1024 * 1024;
/// What a player requests of the tail before it knows where `moov` is.
const GLANCE_BYTES: u64 = 512 * 1024;
/// Blocks in one answer, and in one request to an upstream: 4 MiB, so that a whole head takes three
/// requests and a tail one, and eight reads at a time fit an isolate's memory.
pub const RUN_BLOCKS_MAX: u64 = 8;

/// Where numbers end that are blocks of a film. From here on they are what is stored for its starts:
/// the root, then its packs. Another form of these begins at twice the number.
pub const START_INDEX_BLOCK: u64 = 1 << 40;

/// Which bytes of a film are startup blocks: its head and its tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockLayout {
    /// Length of the film.
    pub size_bytes: u64,
    /// Where the head ends: at the end of a block, or of the film.
    pub head_end: u64,
    /// Where the tail begins: at the start of a block, and not within the head.
    pub tail_start: u64,
}

impl BlockLayout {
    /// What to keep of a film of this size: `moov`, wherever it is, the first seconds, and what a
    /// player looks at before it knows better.
    pub fn new(size_bytes: u64, moov: Option<ByteRange>) -> Self {
        // In front: then the media begins behind it.
        let front = moov.filter(|moov| moov.start < HEAD_BYTES);
        let beginning = front.map_or(0, |moov| moov.end) + BEGINNING_BYTES;
        let head_end = up(beginning).min(HEAD_BYTES).min(size_bytes);
        let glance = size_bytes.saturating_sub(GLANCE_BYTES);
        let behind = moov.filter(|moov| moov.end > head_end);
        let wanted = behind.map_or(glance, |moov| moov.start.min(glance));
        // Of a `moov` that is too large the end is stored: its start takes a request in any case.
        let least = up(size_bytes.saturating_sub(TAIL_BYTES));
        let tail_start = (wanted / BLOCK_BYTES * BLOCK_BYTES).max(least).max(head_end);
        Self { size_bytes, head_end, tail_start: tail_start.min(size_bytes) }
    }

    /// To keep all of a file, of a size that is worth it.
    pub const fn whole_file(size_bytes: u64) -> Self {
        Self { size_bytes, head_end: size_bytes, tail_start: size_bytes }
    }

    /// Every block.
    pub fn blocks(self) -> impl Iterator<Item = u64> {
        let head = 0..self.head_end.div_ceil(BLOCK_BYTES);
        let tail = self.tail_start.div_ceil(BLOCK_BYTES)..self.size_bytes.div_ceil(BLOCK_BYTES);
        let first_of_tail = head.end;
        head.chain(tail.filter(move |block| *block >= first_of_tail))
    }

    /// Which of these bytes come from blocks: those from the start on, as far as blocks reach and
    /// one answer goes. None where the first byte is in no block.
    pub fn cached_part(self, range: ByteRange) -> Option<ByteRange> {
        let end = if range.start < self.head_end {
            // Head and tail may touch.
            if self.head_end == self.tail_start { self.size_bytes } else { self.head_end }
        } else if range.start >= self.tail_start {
            self.size_bytes
        } else {
            return None;
        };
        let run_end = (range.start / BLOCK_BYTES + RUN_BLOCKS_MAX) * BLOCK_BYTES;
        let part = ByteRange { start: range.start, end: range.end.min(end).min(run_end) };
        (!part.is_empty()).then_some(part)
    }

    /// Whether all of these bytes are in startup blocks.
    pub fn contains(self, range: ByteRange) -> bool {
        let touch = self.head_end == self.tail_start;
        touch || range.end <= self.head_end || range.start >= self.tail_start
    }

    /// The bytes of a block.
    pub fn block_range(self, block: u64) -> ByteRange {
        let start = block.saturating_mul(BLOCK_BYTES);
        ByteRange { start, end: start.saturating_add(BLOCK_BYTES).min(self.size_bytes) }
    }
}

/// To the end of the block.
const fn up(offset: u64) -> u64 {
    offset.div_ceil(BLOCK_BYTES) * BLOCK_BYTES
}

/// How the keys of all blocks begin.
pub const PREFIX: &str = "b/";

/// Key of a block, in every store.
pub fn key(source_id: &str, block: u64) -> String {
    format!("{}{block}", prefix(source_id))
}

/// How the keys of a source's blocks begin.
pub fn prefix(source_id: &str) -> String {
    format!("{PREFIX}{source_id}/")
}

/// The bytes of a stored block; none where it is not whole.
pub fn unseal(stored: &[u8], length: u64) -> Option<&[u8]> {
    catalog::verify_hash(stored).filter(|bytes| bytes.len() as u64 == length)
}
