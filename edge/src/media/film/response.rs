//! Responses about a film's bytes, before routes make HTTP of them.

use crate::{
    error::Error,
    http::{Body, ByteRange, FilmRest, Headers, Joined, ObjectMeta, PartStream},
    rules::conditions::{self, Precondition},
};

/// One part of a response's bytes.
pub(crate) enum MediaPart<S> {
    /// The store's or the provider's own stream.
    Stream(PartStream<S>),
    /// In memory, from startup blocks.
    Bytes(Vec<u8>),
}

/// The bytes of a response.
pub(crate) struct MediaBody<S> {
    first: MediaPart<S>,
    /// Whether the stream is exactly these bytes, and a cut in it is noticed.
    can_pass: bool,
    rest: Option<FilmRest>,
}

impl<S> MediaBody<S> {
    /// A stream that is exactly the bytes of the response.
    pub(crate) const fn whole(stream: S, length: u64) -> Self {
        let first = MediaPart::Stream(PartStream { stream, skip: 0, length });
        Self { first, can_pass: true, rest: None }
    }

    /// Bytes in memory that are all of the response.
    pub(crate) const fn bytes(bytes: Vec<u8>) -> Self {
        Self { first: MediaPart::Bytes(bytes), can_pass: false, rest: None }
    }

    /// A part of an upstream film's bytes, and what is left of them.
    pub(crate) const fn continued(first: MediaPart<S>, can_pass: bool, rest: FilmRest) -> Self {
        Self { first, can_pass, rest: Some(rest) }
    }

    /// The body of a reply, with `front` before the bytes.
    pub(crate) fn into_body(self, front: Vec<u8>) -> Body<S> {
        let Self { first, can_pass, rest } = self;
        let is_all = rest.as_ref().is_none_or(|rest| rest.range.is_empty());
        match first {
            MediaPart::Bytes(bytes) => {
                // Megabytes are not copied for nothing.
                let front = if front.is_empty() { bytes } else { [front, bytes].concat() };
                if is_all { Body::Bytes(front) } else { joined(front, None, rest) }
            }
            MediaPart::Stream(part) if is_all && can_pass && front.is_empty() => {
                Body::Stream(part.stream)
            }
            MediaPart::Stream(part) => joined(front, Some(part), rest),
        }
    }
}

const fn joined<S>(
    front: Vec<u8>,
    stream: Option<PartStream<S>>,
    rest: Option<FilmRest>,
) -> Body<S> {
    Body::Joined(Joined { front, stream, rest })
}

/// The response to a conditional `GET`.
pub(crate) enum FilmResponse<S> {
    /// 304: the client has this state of the film.
    NotModified(ObjectMeta),
    /// 200: all bytes.
    Whole(ObjectMeta, MediaBody<S>),
    /// 206: these bytes.
    Partial(ObjectMeta, ByteRange, MediaBody<S>),
}

/// The response to a conditional `HEAD`.
pub(crate) enum FilmHead {
    /// 304: the client has this state of the film.
    NotModified(ObjectMeta),
    /// 200: the film's current state.
    Current(ObjectMeta),
}

impl FilmHead {
    /// Evaluates the conditions of a `HEAD`, which has no ranges (RFC 9110 §14.2).
    pub(crate) fn evaluate(headers: &Headers, meta: ObjectMeta) -> Result<Self, Error> {
        let not_modified = is_not_modified(headers, &meta)?;
        Ok(if not_modified { Self::NotModified(meta) } else { Self::Current(meta) })
    }
}

/// Whether the client has this state already; an error where its precondition fails.
pub(crate) fn is_not_modified(headers: &Headers, meta: &ObjectMeta) -> Result<bool, Error> {
    match conditions::evaluate(headers, meta) {
        Precondition::Proceed => Ok(false),
        Precondition::NotModified => Ok(true),
        Precondition::Failed => Err(Error::PreconditionFailed),
    }
}
