//! HTTP as the pipeline sees it: its requests, and the fields of a response head that it reads.

use mp4::ByteRange;
use mp4::start_index::StartPosition;

/// One GET request. Ranges always have an end, so that no byte comes that was not requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// `Range: bytes=a-b` of the film's file. Such a request needs no CORS preflight (Fetch
    /// standard, "CORS-safelisted request-header").
    Range(ByteRange),
    /// `Range: bytes=-n`: the last `n` bytes of a file whose length is unknown.
    Suffix(u64),
    /// The edge's `start` route: the fragment headers of one window, then the media bytes of its
    /// first range.
    Start(StartPosition),
    /// The edge's `headers` route: the fragment headers of up to
    /// [`HEADERS_WINDOWS`](super::HEADERS_WINDOWS) windows.
    Headers(StartPosition),
}

/// Who reads the body of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// The pipeline: the driver hands the bytes over.
    Index,
    /// A `SourceBuffer`: the driver keeps the bytes and reports how many came.
    Media,
}

/// The head of a response: status and the header fields that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHead {
    /// HTTP status code.
    pub status: u16,
    /// `Content-Range`; `None` if absent, hidden by CORS or malformed.
    pub content_range: Option<ContentRange>,
    /// `Content-Length` in bytes, if known.
    pub length: Option<u64>,
    /// A number that stands for the `ETag`, else for the `Last-Modified`, of the response. Equal
    /// validators have equal numbers.
    pub validator: Option<u32>,
    /// `Retry-After` in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// `Content-Range: bytes a-b/total`, `bytes a-b/*` or `bytes */total` (RFC 9110 §14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes in the body; `None` with status 416.
    pub range: Option<ByteRange>,
    /// Length of the file in bytes.
    pub total: Option<u64>,
}

impl ContentRange {
    /// A `Content-Range` of the numbers in the field: first byte, last byte, length. `None` if
    /// RFC 9110 §14.4 calls the combination invalid.
    pub fn of(first: Option<u64>, last: Option<u64>, total: Option<u64>) -> Option<Self> {
        let (Some(start), Some(last)) = (first, last) else {
            return total.map(|total| Self { range: None, total: Some(total) });
        };
        let end = last.checked_add(1)?;
        let is_valid = start < end && total.is_none_or(|total| end <= total);
        is_valid.then_some(Self { range: Some(ByteRange { start, end }), total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_has_three_forms() {
        let range = Some(ByteRange { start: 5, end: 10 });
        let of = ContentRange::of;
        assert_eq!(of(Some(5), Some(9), Some(100)), Some(ContentRange { range, total: Some(100) }));
        assert_eq!(of(Some(5), Some(9), None), Some(ContentRange { range, total: None }));
        assert_eq!(of(None, None, Some(100)), Some(ContentRange { range: None, total: Some(100) }));
    }

    #[test]
    fn invalid_content_range_is_ignored() {
        let of = ContentRange::of;
        assert_eq!(of(None, None, None), None);
        assert_eq!(of(Some(9), Some(5), Some(100)), None);
        assert_eq!(of(Some(5), Some(200), Some(100)), None);
        assert_eq!(of(Some(0), Some(u64::MAX), None), None);
    }
}
