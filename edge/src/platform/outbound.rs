//! Port: reads from other servers.

use super::PortError;
use crate::http::{ByteRange, ResponseHead};

/// A response, its body not read yet.
#[derive(Debug)]
pub struct OutboundResponse<S> {
    /// Status and headers.
    pub head: ResponseHead,
    /// The bytes.
    pub stream: S,
}

/// `GET`, without codings or anything of a client's.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Outbound {
    /// The platform's own byte stream, the same as the object store's.
    type Stream;

    /// Requests all of `url`, or one range of it, with these headers. A redirect is a response like
    /// any other. The head of the response also has the headers of `more`: names in lower case.
    /// Dropping the future aborts the request.
    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        headers: &[(String, String)],
        more: &[String],
    ) -> Result<OutboundResponse<Self::Stream>, PortError>;

    /// Drops `skip` bytes, then appends to `bytes` until `length` more are there or the stream
    /// ends, and reads no further. What was appended stays, even where the stream breaks off or
    /// the future is dropped.
    async fn fill(
        &self,
        stream: Self::Stream,
        skip: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PortError>;

    /// Closes a stream unread.
    fn discard(&self, stream: Self::Stream);
}

/// The bytes of a chunk that are left after `skip` bytes of the stream are dropped, at most `length`.
pub(crate) fn take_chunk<'a>(chunk: &'a [u8], skip: &mut u64, length: usize) -> &'a [u8] {
    let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(chunk.len());
    *skip -= skipped as u64;
    let rest = chunk.get(skipped..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}
