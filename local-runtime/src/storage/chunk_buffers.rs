//! Buffers for chunks of files. One that was sent is used again: it needs neither memory of the system nor
//! zeros, which for a large chunk take as long as the read.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Bytes of the smallest buffer.
pub(super) const BUFFER_BYTES_MIN: usize = 32 << 10;
/// Bytes of the largest buffer.
pub(super) const BUFFER_BYTES_MAX: usize = BUFFER_BYTES_MIN << (SIZE_COUNT - 1);
const SIZE_COUNT: usize = 4;
/// Bytes of free buffers of one size that stay.
const FREE_BYTES_MAX: usize = 1 << 20;

/// Free buffers of each size, each of twice the bytes of the one before.
static FREE: [Mutex<Vec<ChunkBuffer>>; SIZE_COUNT] = [const { Mutex::new(Vec::new()) }; SIZE_COUNT];

/// The memory of a chunk.
pub(super) struct ChunkBuffer(Box<[u8]>);

/// A chunk, whose buffer is free again when it is dropped.
struct Chunk {
    buffer: Option<ChunkBuffer>,
    length: usize,
}

/// The free buffers of this size.
fn free(bytes: usize) -> Option<&'static Mutex<Vec<ChunkBuffer>>> {
    let size = (0..SIZE_COUNT).find(|size| BUFFER_BYTES_MIN << size == bytes)?;
    FREE.get(size)
}

impl ChunkBuffer {
    /// A buffer for at least `length` bytes, with bytes of an earlier chunk.
    pub(super) fn new(length: usize) -> Self {
        let bytes = length.next_power_of_two().max(BUFFER_BYTES_MIN);
        let used = free(bytes).and_then(|free| free.lock().ok()?.pop());
        used.unwrap_or_else(|| Self(vec![0; bytes].into_boxed_slice()))
    }

    /// Its first bytes, into which a chunk is read.
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        self.0.get_mut(..length).unwrap_or_default()
    }

    /// The chunk of its first bytes.
    pub(super) fn into_bytes(self, length: usize) -> Bytes {
        Bytes::from_owner(Chunk { buffer: Some(self), length })
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref().and_then(|buffer| buffer.0.get(..self.length)).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let Some(buffer) = self.buffer.take() else { return };
        let bytes = buffer.0.len();
        let Some(free) = free(bytes) else { return };
        let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
        if (free.len() + 1) * bytes <= FREE_BYTES_MAX {
            free.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_has_what_was_read_and_free_buffers_are_bounded() {
        let chunk = |byte: u8, length: usize| {
            let mut buffer = ChunkBuffer::new(length);
            buffer.room(length).fill(byte);
            buffer.into_bytes(length)
        };
        let chunks: Vec<Bytes> = (0..100).map(|byte| chunk(byte, 40_000)).collect();
        for (byte, chunk) in (0..).zip(&chunks) {
            assert!(chunk.len() == 40_000 && chunk.iter().all(|one| *one == byte));
        }
        drop(chunks);
        let count = free(64 << 10).unwrap().lock().unwrap().len();
        assert!(count > 0 && count * (64 << 10) <= FREE_BYTES_MAX, "{count}");
        // What is longer than every buffer has memory of its own.
        assert_eq!(chunk(7, BUFFER_BYTES_MAX + 1).len(), BUFFER_BYTES_MAX + 1);
        assert_eq!(chunk(7, 0).len(), 0);
    }
}
