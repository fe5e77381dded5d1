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
};

use bytes::Bytes;
use futures::Stream;
use s3s::{StdError, stream::ByteStream, stream::RemainingLength};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::storage::Opened;

/// One read. A reader that stands still holds one chunk on its way to the socket: 5,000 of them,
/// with all that is around them, take 700 MB (`cargo xtask bench media`). Longer ones are not faster.
const CHUNK_BYTES: usize = 32 << 10;

/// Part of an object's file. It ends with an error, not with other bytes, when the file changes.
pub(super) struct FileBody {
    opened: Arc<Opened>,
    left: Range<u64>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileBody {
    /// The bytes `range` of an object.
    pub(super) fn new(opened: Arc<Opened>, range: Range<u64>) -> Self {
        Self { opened, left: range, reading: None }
    }
}

/// The next bytes of `left`, or the first of them; none where they are not in memory.
fn peek(opened: &Opened, left: &Range<u64>) -> io::Result<Option<Bytes>> {
    let mut chunk = buffer(left);
    let Some(count) = resident(&opened.file, &mut chunk, left.start)? else { return Ok(None) };
    chunk.truncate(count);
    checked(opened, chunk).map(Some)
}

/// The next bytes of `left`.
fn read(opened: &Opened, left: &Range<u64>) -> io::Result<Bytes> {
    let mut chunk = buffer(left);
    opened.file.read_exact_at(&mut chunk, left.start)?;
    checked(opened, chunk)
}

/// After a read: whatever was written before it is seen here.
fn checked(opened: &Opened, chunk: Vec<u8>) -> io::Result<Bytes> {
    if opened.is_unchanged()? && !chunk.is_empty() {
        return Ok(Bytes::from(chunk));
    }
    Err(io::Error::other("the file of this object has changed"))
}

/// Room for one chunk.
fn buffer(left: &Range<u64>) -> Vec<u8> {
    let most = usize::try_from(left.end - left.start).unwrap_or(usize::MAX);
    vec![0; most.min(CHUNK_BYTES)]
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
        let at_once = match this.reading {
            None => peek(&this.opened, &this.left).transpose(),
            Some(_) => None,
        };
        let chunk = if let Some(chunk) = at_once {
            chunk
        } else {
            let reading = this.reading.get_or_insert_with(|| {
                let (opened, left) = (Arc::clone(&this.opened), this.left.clone());
                spawn_blocking(move || read(&opened, &left))
            });
            let read = ready!(Pin::new(reading).poll(context));
            this.reading = None;
            read.unwrap_or_else(|error| Err(error.into()))
        };
        match chunk {
            Ok(chunk) => {
                this.left.start += chunk.len() as u64;
                Poll::Ready(Some(Ok(chunk)))
            }
            Err(error) => {
                this.left.end = this.left.start;
                Poll::Ready(Some(Err(error.into())))
            }
        }
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
