//! What is asked of a server, and what of its answer matters.

use mp4::ByteRange;
use mp4::start_index::StartPosition;

/// What one request asks for: never an open end, so nothing comes that was not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// `bytes=a-b`, which needs no preflight on a foreign origin.
    Range(ByteRange),
    /// `bytes=-n`: the last bytes of a file whose length is not known.
    Suffix(u64),
    /// `/start`: headers of one window, and the film's bytes behind them.
    Start(StartPosition),
    /// `/headers` of some windows more.
    Headers(StartPosition),
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// `Content-Range`, where it was sent, exposed and understood.
    pub content_range: Option<ContentRange>,
    /// `Content-Length`, where known.
    pub length: Option<u64>,
    /// Name of its `ETag`, else of its `Last-Modified`: whatever changes when the file does.
    pub validator: Option<u32>,
    /// `Retry-After` in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// `Content-Range: bytes a-b/total`, `bytes a-b/*` or `bytes */total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes of this answer; none with status 416.
    pub range: Option<ByteRange>,
    /// Length of the file.
    pub total: Option<u64>,
}

impl ContentRange {
    /// What the header's numbers say; `None` for what RFC 9110 §14.4 does not allow.
    pub fn of(first: Option<u64>, last: Option<u64>, total: Option<u64>) -> Option<Self> {
        let (Some(start), Some(last)) = (first, last) else {
            return total.map(|total| Self { range: None, total: Some(total) });
        };
        let end = last.checked_add(1)?;
        let sane = start < end && total.is_none_or(|total| end <= total);
        sane.then_some(Self { range: Some(ByteRange { start, end }), total })
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
    fn a_content_range_that_makes_no_sense_is_no_content_range() {
        let of = ContentRange::of;
        assert_eq!(of(None, None, None), None);
        assert_eq!(of(Some(9), Some(5), Some(100)), None);
        assert_eq!(of(Some(5), Some(200), Some(100)), None);
        assert_eq!(of(Some(0), Some(u64::MAX), None), None);
    }
}
