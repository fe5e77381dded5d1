//! Port: reads from other servers.

use super::{ByteRange, PortError};

/// The response headers that some rule reads. Adapters copy these, and those that were asked for.
pub const ANSWER_HEADERS: [&str; 7] = [
    "content-encoding",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
    "location",
    "retry-after",
];

/// The head of an answer. Names are in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerHead {
    /// HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl AnswerHead {
    /// Copies those of [`ANSWER_HEADERS`], and of `more`, that `value_of` has.
    pub fn copy(
        status: u16,
        more: &[String],
        mut value_of: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let names = ANSWER_HEADERS.into_iter().chain(more.iter().map(String::as_str));
        let value = |name: &str| Some((name.to_owned(), value_of(name)?));
        Self { status, headers: names.filter_map(value).collect() }
    }

    /// The value, if the server sent one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer, its body not read yet.
#[derive(Debug)]
pub struct Answer<S> {
    /// What the server says of it.
    pub head: AnswerHead,
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
    ) -> Result<Answer<Self::Stream>, PortError>;

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
pub(crate) fn wanted<'a>(chunk: &'a [u8], skip: &mut u64, length: usize) -> &'a [u8] {
    let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(chunk.len());
    *skip -= skipped as u64;
    let rest = chunk.get(skipped..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}
