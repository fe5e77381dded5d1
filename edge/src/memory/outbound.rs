//! Outbound port whose servers are functions, as faulty as a test needs.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{pending, poll_fn},
    task::Poll,
};

use super::MemoryClock;
use crate::{
    http::{ByteRange, ResponseHead},
    platform::{Clock, Outbound, OutboundResponse, PortError, take_chunk},
};

/// One request, as a server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// Where to.
    pub url: String,
    /// Which bytes.
    pub range: Option<ByteRange>,
    /// The headers that were sent.
    pub headers: Vec<(String, String)>,
    /// How many requests came before.
    pub number: usize,
    /// When.
    pub now_ms: u64,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamEnd {
    /// Where it should, or the sender says so.
    #[default]
    Complete,
    /// By a broken connection.
    Reset,
    /// Never, and nothing comes any more.
    Stalled,
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum ScriptedResponse {
    /// Accepts no connection.
    ConnectionRefused,
    /// Accepts it, and says nothing.
    NoResponse,
    /// This.
    Response(u16, Vec<(&'static str, String)>, MemoryStream),
}

/// A body in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStream {
    /// What comes of it.
    pub bytes: Vec<u8>,
    /// What comes then.
    pub ending: StreamEnd,
    /// Milliseconds that each byte takes.
    pub byte_ms: u64,
}

impl MemoryStream {
    /// Bytes that are all there.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }
}

type Server = Box<dyn Fn(&OutboundRequest) -> ScriptedResponse>;

/// Other servers, all played by one function.
pub struct MemoryOutbound {
    clock: MemoryClock,
    server: RefCell<Server>,
    /// Every request so far.
    pub requests: RefCell<Vec<OutboundRequest>>,
    /// Streams that were closed unread.
    pub discarded: Cell<usize>,
}

impl MemoryOutbound {
    pub(super) fn new(clock: MemoryClock) -> Self {
        let server: Server = Box::new(|_| ScriptedResponse::ConnectionRefused);
        let (requests, discarded) = (RefCell::default(), Cell::default());
        Self { clock, server: RefCell::new(server), requests, discarded }
    }

    /// From now on, this function plays the servers.
    pub fn serve_with(&self, server: impl Fn(&OutboundRequest) -> ScriptedResponse + 'static) {
        *self.server.borrow_mut() = Box::new(server);
    }
}

impl fmt::Debug for MemoryOutbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryOutbound").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl Outbound for MemoryOutbound {
    type Stream = MemoryStream;

    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        headers: &[(String, String)],
        more: &[String],
    ) -> Result<OutboundResponse<MemoryStream>, PortError> {
        let (number, now_ms) = (self.requests.borrow().len(), self.clock.now_ms());
        let headers = headers.to_vec();
        let request = OutboundRequest { url: url.to_owned(), range, headers, number, now_ms };
        self.requests.borrow_mut().push(request.clone());
        turn().await;
        let scripted = (self.server.borrow())(&request);
        match scripted {
            ScriptedResponse::ConnectionRefused => {
                Err(PortError::Unavailable("no connection".to_owned()))
            }
            ScriptedResponse::NoResponse => pending().await,
            ScriptedResponse::Response(status, headers, stream) => {
                let value = |name: &str| headers.iter().find(|(sent, _)| *sent == name);
                let head = ResponseHead::copy(status, more, |name| Some(value(name)?.1.clone()));
                Ok(OutboundResponse { head, stream })
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
            bytes.extend_from_slice(take_chunk(chunk, &mut skip, end - bytes.len()));
        }
        match stream.ending {
            _ if bytes.len() == end => Ok(()),
            StreamEnd::Complete => Ok(()),
            StreamEnd::Reset => Err(PortError::Unavailable("reset".to_owned())),
            StreamEnd::Stalled => pending().await,
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
