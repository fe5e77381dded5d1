//! Responses about a film's bytes, before routes make HTTP of them.

use crate::{
    error::Error,
    http::{ByteRange, Headers, ObjectMeta},
    rules::conditions::{self, Precondition},
};

/// The bytes of a response.
pub(crate) enum MediaBody<S> {
    /// The store's or the provider's own stream, passed on untouched.
    Stream(S),
    /// In memory: from startup blocks, or from an upstream whose own response cannot be passed on.
    Bytes(Vec<u8>),
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
