//! A range of an object's file as a stream of chunks. Bytes in the page cache are read at once;
//! bytes that have to come from the disk are read on a thread that may block.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use futures::Stream;
use s3s::{StdError, stream::ByteStream, stream::RemainingLength};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{
    OpenObject,
    chunk_buffers::{BUFFER_BYTES_MAX, BUFFER_BYTES_MIN, ChunkBuffer},
};

/// Bytes of the smallest chunk. A client that stops reading holds two or three such chunks: 5,000 of
/// them, with all their other state, stay far under a gigabyte (`cargo xtask bench media`).
const CHUNK_BYTES_MIN: u64 = BUFFER_BYTES_MIN as u64;
/// Bytes of the largest chunk.
const CHUNK_BYTES_MAX: u64 = BUFFER_BYTES_MAX as u64;
/// A chunk grows to the bytes that the client reads in this time,
const CHUNK_MS: u64 = 20;
/// but to no more than this part of the bytes that it has read: the first bytes all fit into socket
/// buffers, so their rate is not the client's.
const SENT_PART: u64 = 8;

/// Bytes of an object. The stream ends with an error when the object's file changes meanwhile, and
/// never mixes bytes of two states.
pub(crate) struct ObjectStream {
    object: Arc<OpenObject>,
    remaining: Range<u64>,
    sent: u64,
    started: Instant,
    /// The read that runs on another thread, if one does.
    pending_read: Option<JoinHandle<io::Result<Bytes>>>,
}

impl ObjectStream {
    /// The bytes `range` of an object.
    pub(crate) fn new(object: Arc<OpenObject>, range: Range<u64>) -> Self {
        let started = Instant::now();
        Self { object, remaining: range, sent: 0, started, pending_read: None }
    }

    /// The range of the next chunk.
    fn next_chunk(&self) -> Range<u64> {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let by_rate = (self.sent / ms).saturating_mul(CHUNK_MS).min(self.sent / SENT_PART);
        let length = by_rate.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
        // A buffer is filled.
        let length = 1 << length.ilog2();
        self.remaining.start..self.remaining.end.min(self.remaining.start + length)
    }

    /// Counts a chunk as sent. An error ends the stream.
    fn advance(&mut self, chunk: io::Result<Bytes>) -> Result<Bytes, StdError> {
        match &chunk {
            Ok(chunk) => {
                self.remaining.start += chunk.len() as u64;
                self.sent += chunk.len() as u64;
            }
            Err(_) => self.remaining.end = self.remaining.start,
        }
        Ok(chunk?)
    }
}

/// Those of the bytes `range` that are in the page cache, from the first on; `None` where there are
/// none.
fn read_cached(object: &OpenObject, range: &Range<u64>) -> io::Result<Option<Bytes>> {
    let length = length(range);
    let mut buffer = ChunkBuffer::new(length);
    let read = read_nowait(&object.file, buffer.room(length), range.start)?;
    let Some(count) = read else { return Ok(None) };
    verify_unchanged(object, buffer.into_bytes(count)).map(Some)
}

/// The bytes `range`. Waits for the disk.
fn read(object: &OpenObject, range: &Range<u64>) -> io::Result<Bytes> {
    let length = length(range);
    let mut buffer = ChunkBuffer::new(length);
    object.file.read_exact_at(buffer.room(length), range.start)?;
    verify_unchanged(object, buffer.into_bytes(length))
}

/// Checks the file after a read, so that every change before the read is seen.
fn verify_unchanged(object: &OpenObject, chunk: Bytes) -> io::Result<Bytes> {
    if object.is_unchanged()? && !chunk.is_empty() {
        return Ok(chunk);
    }
    Err(io::Error::other("the file of this object has changed since the response started"))
}

fn length(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or_default()
}

/// Reads from the page cache at offset `at`; `None` where the bytes are not there, or the file
/// system cannot tell.
#[cfg(target_os = "linux")]
fn read_nowait(file: &File, buffer: &mut [u8], at: u64) -> io::Result<Option<usize>> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let read = preadv2(file, &mut [io::IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT);
    match read {
        Ok(count) => Ok(Some(count)),
        // Not in the page cache, interrupted by a signal, or not supported by the file system.
        Err(Errno::AGAIN | Errno::INTR | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn read_nowait(_: &File, _: &mut [u8], _: u64) -> io::Result<Option<usize>> {
    Ok(None)
}

impl Stream for ObjectStream {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.remaining.is_empty() {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let pending_read = if let Some(pending_read) = &mut this.pending_read {
            pending_read
        } else {
            let range = this.next_chunk();
            if let Some(chunk) = read_cached(&this.object, &range).transpose() {
                return Poll::Ready(Some(this.advance(chunk)));
            }
            let object = Arc::clone(&this.object);
            this.pending_read.insert(spawn_blocking(move || read(&object, &range)))
        };
        let chunk = ready!(Pin::new(pending_read).poll(context));
        this.pending_read = None;
        Poll::Ready(Some(this.advance(chunk.unwrap_or_else(|error| Err(error.into())))))
    }
}

impl ByteStream for ObjectStream {
    fn remaining_length(&self) -> RemainingLength {
        match usize::try_from(self.remaining.end.saturating_sub(self.remaining.start)) {
            Ok(remaining) => RemainingLength::new_exact(remaining),
            Err(_) => RemainingLength::unknown(),
        }
    }
}
