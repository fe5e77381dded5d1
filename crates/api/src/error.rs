//! Everything that the edge may say went wrong.

use serde::{Deserialize, Serialize};

/// The `error` member of an [`Envelope`](crate::Envelope).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what, where, and what to do. Never a secret, never an upstream's address.
    pub message: String,
}

/// A stable name for what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: an id has a form that no id has.
    InvalidIdentifier,
    /// 400: a body does not parse, or breaks a rule that the message names.
    InvalidPayload,
    /// 401: the route wants `Authorization: Bearer` with the deployment's admin key.
    Unauthorized,
    /// 401: the route wants `X-Client-Token` with a token that this deployment gave out.
    ClientTokenRequired,
    /// 403: the URL is not signed by this deployment, or its time is over: ask for the stream again.
    SignatureRequired,
    /// 404: no such page, title, episode, source or asset.
    NotFound,
    /// 404: nothing is stored of the film for its starts, and the message says why: the player makes
    /// what it needs from the film's own `moov`.
    NoIndex,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: the catalogue changed since the sender read it.
    Conflict,
    /// 410: the provider has another file in its place.
    SourceGone,
    /// 412: `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed,
    /// 413: more bytes than the limit that the message names.
    PayloadTooLarge,
    /// 416: the range names no byte of what is there.
    RangeNotSatisfiable,
    /// 502: the provider did not send the bytes asked for; asking again may help.
    UpstreamFailed,
    /// 503: the provider does not answer, or wants to be left alone for a while.
    UpstreamUnavailable,
    /// 503: a store did not answer; trying again later may help.
    StorageUnavailable,
    /// 507: a store has no room left for what was sent.
    StorageFull,
}

impl ErrorCode {
    /// The HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidIdentifier | Self::InvalidPayload => 400,
            Self::Unauthorized | Self::ClientTokenRequired => 401,
            Self::SignatureRequired => 403,
            Self::NotFound | Self::NoIndex => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::SourceGone => 410,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::RangeNotSatisfiable => 416,
            Self::UpstreamFailed => 502,
            Self::StorageUnavailable | Self::UpstreamUnavailable => 503,
            Self::StorageFull => 507,
        }
    }
}
