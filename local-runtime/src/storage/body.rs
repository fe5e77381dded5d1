//! Bytes of a file as a stream: one chunk at a time. What the system has in memory is read at once;
//! what has to come from the disk, where waiting blocks nobody.

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

use super::Opened;

/// Bytes of a read, at least. A reader that stands still holds such chunks on their way to the
/// socket: 5,000 of them, with all that is around them, stay far under a gigabyte (`cargo xtask bench
/// media`).
const CHUNK_BYTES: u64 = 32 << 10;
/// Bytes of a read, at most.
const CHUNK_BYTES_MAX: u64 = 256 << 10;
/// A longer chunk is what a reader takes in this time,
const TAKEN_MS: u64 = 20;
/// and no more than this part of what it has taken: at first, all that fits into sockets goes at once.
const PART: u64 = 8;

/// Part of an object's file. It ends with an error, not with other bytes, when the file changes.
pub(crate) struct FileBody {
    opened: Arc<Opened>,
    left: Range<u64>,
    sent: u64,
    begun: Instant,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileBody {
    /// The bytes `range` of an object.
    pub(crate) fn new(opened: Arc<Opened>, range: Range<u64>) -> Self {
        Self { opened, left: range, sent: 0, begun: Instant::now(), reading: None }
    }

    /// What to read next.
    fn chunk(&self) -> Range<u64> {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let taken = (self.sent / ms).saturating_mul(TAKEN_MS).min(self.sent / PART);
        let length = taken.clamp(CHUNK_BYTES, CHUNK_BYTES_MAX);
        self.left.start..self.left.end.min(self.left.start + length)
    }

    /// Counts what goes out; behind an error nothing does.
    fn send(&mut self, chunk: io::Result<Bytes>) -> Result<Bytes, StdError> {
        match &chunk {
            Ok(chunk) => {
                self.left.start += chunk.len() as u64;
                self.sent += chunk.len() as u64;
            }
            Err(_) => self.left.end = self.left.start,
        }
        Ok(chunk?)
    }
}

/// The bytes `range`, or the first of them; none where they are not in memory.
fn peek(opened: &Opened, range: &Range<u64>) -> io::Result<Option<Bytes>> {
    let mut chunk = buffer(range);
    let Some(count) = resident(&opened.file, &mut chunk, range.start)? else { return Ok(None) };
    chunk.truncate(count);
    checked(opened, chunk).map(Some)
}

/// The bytes `range`.
fn read(opened: &Opened, range: &Range<u64>) -> io::Result<Bytes> {
    let mut chunk = buffer(range);
    opened.file.read_exact_at(&mut chunk, range.start)?;
    checked(opened, chunk)
}

/// After a read: whatever was written before it is seen here.
fn checked(opened: &Opened, chunk: Vec<u8>) -> io::Result<Bytes> {
    if opened.is_unchanged()? && !chunk.is_empty() {
        return Ok(Bytes::from(chunk));
    }
    Err(io::Error::other("the file of this object has changed"))
}

fn buffer(range: &Range<u64>) -> Vec<u8> {
    vec![0; usize::try_from(range.end - range.start).unwrap_or_default()]
}

/// Reads what is in memory of the bytes from `at` on; none where nothing is, or nobody can tell.
#[cfg(target_os = "linux")]
fn resident(file: &File, buffer: &mut [u8], at: u64) -> io::Result<Option<usize>> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let read = preadv2(file, &mut [io::IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT);
    match read {
        Ok(count) => Ok(Some(count)),
        // Not in memory, a signal, or a file system that does not tell.
        Err(Errno::AGAIN | Errno::INTR | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn resident(_: &File, _: &mut [u8], _: u64) -> io::Result<Option<usize>> {
    Ok(None)
}

impl Stream for FileBody {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let reading = if let Some(reading) = &mut this.reading {
            reading
        } else {
            let range = this.chunk();
            if let Some(chunk) = peek(&this.opened, &range).transpose() {
                return Poll::Ready(Some(this.send(chunk)));
            }
            let opened = Arc::clone(&this.opened);
            this.reading.insert(spawn_blocking(move || read(&opened, &range)))
        };
        let chunk = ready!(Pin::new(reading).poll(context));
        this.reading = None;
        Poll::Ready(Some(this.send(chunk.unwrap_or_else(|error| Err(error.into())))))
    }
}

impl ByteStream for FileBody {
    fn remaining_length(&self) -> RemainingLength {
        match usize::try_from(self.left.end.saturating_sub(self.left.start)) {
            Ok(left) => RemainingLength::new_exact(left),
            Err(_) => RemainingLength::unknown(),
        }
    }
}
