//! Bytes of a file as a stream: one chunk at a time, read where waiting blocks nobody.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    mem,
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::Stream;
use s3s::{StdError, stream::ByteStream, stream::RemainingLength};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::storage::Object;

/// One read. A reader that stands still holds one chunk here and one on its way to the socket:
/// 5,000 of them, with all that is around them, take under 1 GiB.
const CHUNK_BYTES: u64 = 32 << 10;

/// Part of an object's file. It ends with an error, not with other bytes, when the file changes.
pub(super) struct FileBody {
    state: State,
    left: u64,
}

enum State {
    Idle(Source),
    Reading(JoinHandle<io::Result<(Source, Vec<u8>)>>),
    Done,
}

struct Source {
    file: File,
    size: u64,
    mtime_ns: i64,
}

impl FileBody {
    /// The bytes `range` of `object`, whose file is `file`.
    pub(super) fn new(object: &Object, mut file: File, range: &Range<u64>) -> io::Result<Self> {
        file.seek(SeekFrom::Start(range.start))?;
        let source = Source { file, size: object.size, mtime_ns: object.mtime_ns };
        Ok(Self { state: State::Idle(source), left: range.end.saturating_sub(range.start) })
    }
}

impl Source {
    fn read(mut self, count: u64) -> io::Result<(Self, Vec<u8>)> {
        let mut chunk = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        (&mut self.file).take(count).read_to_end(&mut chunk)?;
        // After the read: whatever was written before it is seen here.
        let unchanged = Object::stat(&self.file)? == (self.size, self.mtime_ns);
        if unchanged && chunk.len() as u64 == count {
            return Ok((self, chunk));
        }
        Err(io::Error::other("the file of this object has changed"))
    }
}

impl Stream for FileBody {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Idle(_) if self.left == 0 => return Poll::Ready(None),
                State::Idle(source) => {
                    let count = self.left.min(CHUNK_BYTES);
                    self.state = State::Reading(spawn_blocking(move || source.read(count)));
                }
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let (source, chunk) = match read {
                        Ok(Ok(read)) => read,
                        Ok(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                        Err(error) => return Poll::Ready(Some(Err(error.into()))),
                    };
                    self.left -= chunk.len() as u64;
                    self.state = State::Idle(source);
                    return Poll::Ready(Some(Ok(Bytes::from(chunk))));
                }
            }
        }
    }
}

impl ByteStream for FileBody {
    fn remaining_length(&self) -> RemainingLength {
        match usize::try_from(self.left) {
            Ok(left) => RemainingLength::new_exact(left),
            Err(_) => RemainingLength::unknown(),
        }
    }
}
