//! The reply of a handler: a response as plain data.

use std::borrow::Cow;

use serde::Serialize;

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
    /// Made here, followed by a stream that is passed through.
    Joined(Vec<u8>, S),
}

impl<S> Body<S> {
    /// How many bytes it has; unknown of a stream.
    fn len(&self) -> Option<usize> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Static(bytes) => Some(bytes.len()),
            Self::Stream(_) | Self::Joined(..) => None,
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
