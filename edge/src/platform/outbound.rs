//! Port: reads from other servers.

use super::PortError;
use crate::http::{ByteRange, ResponseHead};

/// An answer, its body not read yet.
#[derive(Debug)]
pub struct OutboundResponse<S> {
    /// What the server says of it.
    pub head: ResponseHead,
    /// The bytes.
    pub stream: S,
}

/// `GET`, without cookies, credentials, codings or anything else of a client's.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Outbound {
    /// The platform's own byte stream, the same as the object store's.
    type Stream;

    /// Asks for all of `url`, or for one range of it. A redirect is an answer like any other. The
    /// head of the answer has the headers of `more`, too: names in lower case. Giving up the future
    /// gives up the request.
    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        more: &[String],
    ) -> Result<OutboundResponse<Self::Stream>, PortError>;

    /// Drops `skip` bytes, then appends to `bytes` until `length` more are there or the stream
    /// ends, and reads no further. What was appended stays, even where the stream breaks off or
    /// the future is given up.
    async fn fill(
        &self,
        stream: Self::Stream,
        skip: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PortError>;

    /// Closes a stream that nobody reads.
    fn discard(&self, stream: Self::Stream);
}

/// Which bytes of a chunk are wanted, when `skip` are to be dropped first and `length` are enough.
pub(crate) fn take_chunk<'a>(chunk: &'a [u8], skip: &mut u64, length: usize) -> &'a [u8] {
    let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(chunk.len());
    *skip -= skipped as u64;
    let rest = chunk.get(skipped..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}
