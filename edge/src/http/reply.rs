//! The reply of a handler: a response as plain data.

use std::borrow::Cow;

use serde::Serialize;

use super::ByteRange;

/// Streams in a row that may break off before [`PROGRESS_BYTES`] came of them.
const BREAK_COUNT_MAX: u32 = 7;
/// Bytes of a stream that count as progress.
const PROGRESS_BYTES: u64 = 256 * 1024;

/// One response.
#[derive(Debug)]
pub struct Reply<S> {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, each at most once.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Body<S>,
    /// Work that runs after the reply was sent.
    pub prefetch: Option<PrefetchJob>,
}

/// Films to prefetch for a viewer, so that the films before them can be evicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefetchJob {
    /// The viewer, if the request carried a known token.
    pub viewer: Option<i64>,
    /// The film that is watched.
    pub current: Option<String>,
    /// The films that come next.
    pub next: Vec<String>,
}

/// The body of a response.
#[derive(Debug)]
pub enum Body<S> {
    /// None.
    Empty,
    /// Made here.
    Bytes(Vec<u8>),
    /// Part of this program. With `content-encoding` set, it is encoded already.
    Static(&'static [u8]),
    /// Passed through to the client untouched.
    Stream(S),
    /// Made here, followed by the bytes of a film.
    Joined(Joined<S>),
}

/// A body of several parts, which [`write_joined`](crate::serve::write_joined) sends in this order.
#[derive(Debug)]
pub struct Joined<S> {
    /// Made here.
    pub front: Vec<u8>,
    /// A stream whose bytes follow.
    pub stream: Option<PartStream<S>>,
    /// What follows then, and what is read again where the stream breaks off.
    pub rest: Option<FilmRest>,
}

/// A stream of which a body has some bytes.
#[derive(Debug)]
pub struct PartStream<S> {
    /// The store's or the provider's own stream.
    pub stream: S,
    /// Bytes of it that are dropped first.
    pub skip: u64,
    /// Bytes of it that the body then has; the stream may have more, and it may break off.
    pub length: u64,
}

/// Bytes of an upstream film that a body still lacks. Plain data: the request that began the body
/// has ended when they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmRest {
    /// The film.
    pub source_id: String,
    /// The bytes; none where the body has all.
    pub range: ByteRange,
    breaks: u32,
}

impl FilmRest {
    /// These bytes of a film.
    pub const fn new(source_id: String, range: ByteRange) -> Self {
        Self { source_id, range, breaks: 0 }
    }

    /// Goes back to the byte where a stream broke off, and returns how many streams in a row broke off
    /// too early; none where there is no further attempt.
    pub(crate) fn resume(&mut self, came: u64, missing: u64) -> Option<u32> {
        self.range.start = self.range.start.saturating_sub(missing);
        self.breaks = if came >= PROGRESS_BYTES { 0 } else { self.breaks + 1 };
        (self.breaks <= BREAK_COUNT_MAX).then_some(self.breaks)
    }
}

impl<S> Body<S> {
    /// How many bytes it has; unknown of a stream.
    fn len(&self) -> Option<usize> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Static(bytes) => Some(bytes.len()),
            Self::Stream(_) | Self::Joined(_) => None,
        }
    }
}

impl<S> Reply<S> {
    /// A response without headers.
    pub const fn new(status: u16, body: Body<S>) -> Self {
        Self { status, headers: Vec::new(), body, prefetch: None }
    }

    /// The same response with one more header.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same response with this value in place of the header's own.
    #[must_use]
    pub(crate) fn replacing(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.with(name, value)
    }

    /// Adds a header where there is none of its name.
    #[must_use]
    pub(crate) fn with_default(self, name: &'static str, value: &str) -> Self {
        if self.header(name).is_some() { self } else { self.with(name, value) }
    }

    /// Adds a request header to those by which the response varies (RFC 9110 §12.5.5).
    #[must_use]
    pub(crate) fn varying_by(self, name: &str) -> Self {
        let names = self.header("vary").map(|known| format!("{known}, {name}"));
        self.replacing("vary", names.as_deref().unwrap_or(name))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Adds `Content-Length`, unless the handler did or there can be no body (RFC 9110 §8.6).
    #[must_use]
    pub(crate) fn with_length(self) -> Self {
        match self.body.len() {
            Some(length)
                if self.header("content-length").is_none() && !matches!(self.status, 204 | 304) =>
            {
                self.with("content-length", length.to_string())
            }
            _ => self,
        }
    }

    /// The same response to `HEAD`: all headers, no body (RFC 9110 §9.3.2).
    #[must_use]
    pub(crate) fn without_body(self) -> Self {
        Self { body: Body::Empty, ..self.with_length() }
    }
}

/// JSON of one of our own types, none of which can fail to be written.
pub(crate) fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
