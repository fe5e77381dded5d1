//! The one place where stores and upstreams become media bytes: every film is read through here.

mod blocks;
pub(crate) mod durable;
mod fetch;
pub(crate) mod film;
pub(crate) mod index;
mod kept;
pub(crate) mod object;
pub(crate) mod passage;
pub(crate) mod picture;
mod places;
mod reader;
pub(crate) mod record;
pub(crate) mod register;
pub(crate) mod warm;

pub(crate) use blocks::{purge, purge_all};

use crate::{
    error::Error,
    platform::{ByteRange, ObjectMeta, Platform, within},
    request::Headers,
    rules::conditions::{self, Outcome},
};

/// The bytes of an answer.
pub(crate) enum Payload<S> {
    /// Passed on untouched.
    Stream(S),
    /// From startup blocks, or from an upstream whose own answer could not be passed on.
    Bytes(Vec<u8>),
}

/// What a client gets of a film.
pub(crate) enum Opened<S> {
    /// Nothing: it has it.
    NotModified(ObjectMeta),
    /// All of it.
    Whole(ObjectMeta, Payload<S>),
    /// Some of it.
    Part(ObjectMeta, ByteRange, Payload<S>),
}

/// What a client gets to know of a film.
pub(crate) enum Described {
    /// Nothing new.
    NotModified(ObjectMeta),
    /// This.
    Current(ObjectMeta),
}

/// How long a store is waited for where the film goes on without it: ten times what the slowest of
/// them takes.
const STORE_MS_MAX: u64 = 3_000;

/// What a store says, if it does in that time.
async fn told<P: Platform, T>(
    platform: &P,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let silent = || Err(Error::StorageUnavailable("a store says nothing".to_owned()));
    within(platform.clock(), STORE_MS_MAX, answer).await.unwrap_or_else(silent)
}

/// Whether the client has this state already; an error where it wants another one.
pub(crate) fn is_held(headers: &Headers, meta: &ObjectMeta) -> Result<bool, Error> {
    match conditions::evaluate(headers, meta) {
        Outcome::Proceed => Ok(false),
        Outcome::NotModified => Ok(true),
        Outcome::Failed => Err(Error::PreconditionFailed),
    }
}

/// What a conditional `HEAD` comes to, which knows no ranges (RFC 9110 §14.2).
fn describe(headers: &Headers, meta: ObjectMeta) -> Result<Described, Error> {
    let held = is_held(headers, &meta)?;
    Ok(if held { Described::NotModified(meta) } else { Described::Current(meta) })
}
