//! Outbound port whose servers are functions, as nasty as a test likes.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{pending, poll_fn},
    task::Poll,
};

use super::MemoryClock;
use crate::platform::{Answer, AnswerHead, ByteRange, Clock, Outbound, PortError, wanted};

/// One request, as a server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where to.
    pub url: String,
    /// Which bytes.
    pub range: Option<ByteRange>,
    /// How many requests came before.
    pub number: usize,
    /// When.
    pub now_ms: u64,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// Where it should, or the sender says so.
    #[default]
    Whole,
    /// By a broken connection.
    Reset,
    /// Never, and nothing comes any more.
    Stall,
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum Canned {
    /// Accepts no connection.
    Down,
    /// Accepts it, and says nothing.
    Silent,
    /// This.
    Answer(u16, Vec<(&'static str, String)>, MemoryStream),
}

/// A body in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStream {
    /// What comes of it.
    pub bytes: Vec<u8>,
    /// What comes then.
    pub ending: Ending,
    /// Milliseconds that each byte takes.
    pub byte_ms: u64,
}

impl MemoryStream {
    /// Bytes that are all there.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }
}

type Server = Box<dyn Fn(&Asked) -> Canned>;

/// Other servers, all played by one function.
pub struct MemoryOutbound {
    clock: MemoryClock,
    server: RefCell<Server>,
    /// Every request so far.
    pub asked: RefCell<Vec<Asked>>,
    /// Streams that were closed unread.
    pub discarded: Cell<usize>,
}

impl MemoryOutbound {
    pub(super) fn new(clock: MemoryClock) -> Self {
        let server: Server = Box::new(|_| Canned::Down);
        let (asked, discarded) = (RefCell::default(), Cell::default());
        Self { clock, server: RefCell::new(server), asked, discarded }
    }

    /// From now on, this function plays the servers.
    pub fn play(&self, server: impl Fn(&Asked) -> Canned + 'static) {
        *self.server.borrow_mut() = Box::new(server);
    }
}

impl fmt::Debug for MemoryOutbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryOutbound").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Outbound for MemoryOutbound {
    type Stream = MemoryStream;

    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        more: &[String],
    ) -> Result<Answer<MemoryStream>, PortError> {
        let (number, now_ms) = (self.asked.borrow().len(), self.clock.now_ms());
        let asked = Asked { url: url.to_owned(), range, number, now_ms };
        self.asked.borrow_mut().push(asked.clone());
        turn().await;
        let canned = (self.server.borrow())(&asked);
        match canned {
            Canned::Down => Err(PortError::Unavailable("no connection".to_owned())),
            Canned::Silent => pending().await,
            Canned::Answer(status, headers, stream) => {
                let value = |name: &str| headers.iter().find(|(sent, _)| *sent == name);
                let head = AnswerHead::copy(status, more, |name| Some(value(name)?.1.clone()));
                Ok(Answer { head, stream })
            }
        }
    }

    async fn fill(
        &self,
        stream: MemoryStream,
        mut skip: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PortError> {
        let end = bytes.len().saturating_add(length);
        // A slow body comes byte by byte, any other in pieces of odd size.
        let piece = if stream.byte_ms > 0 { 1 } else { 1_000 };
        for chunk in stream.bytes.chunks(piece) {
            if bytes.len() == end {
                return Ok(());
            }
            if stream.byte_ms > 0 {
                self.clock.sleep(stream.byte_ms).await;
            }
            bytes.extend_from_slice(wanted(chunk, &mut skip, end - bytes.len()));
        }
        match stream.ending {
            _ if bytes.len() == end => Ok(()),
            Ending::Whole => Ok(()),
            Ending::Reset => Err(PortError::Unavailable("reset".to_owned())),
            Ending::Stall => pending().await,
        }
    }

    fn discard(&self, _: MemoryStream) {
        self.discarded.set(self.discarded.get() + 1);
    }
}

/// Lets everybody else go on first.
async fn turn() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
