//! Error codes of the API, and the HTTP status of each.

use serde::{Deserialize, Serialize};

/// The `error` member of an [`Envelope`](crate::Envelope).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what is wrong, where, and what to do. It never holds a secret or an upstream's URL.
    pub message: String,
}

/// A stable name of an error, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: an id is malformed (see [`is_id`](crate::limits::is_id)).
    InvalidIdentifier,
    /// 400: a body does not parse, or breaks a rule that the message names.
    InvalidPayload,
    /// 401: the route needs `Authorization: Bearer` with the deployment's admin key.
    Unauthorized,
    /// 401: the route needs `X-Client-Token` with a token that this deployment issued.
    ClientTokenRequired,
    /// 401: the library is private, and the viewer has not signed in.
    SignInRequired,
    /// 401: the password is another one, or the name of the account.
    WrongPassword,
    /// 403: a page of an origin that the deployer did not allow sent a write.
    ForeignOrigin,
    /// 403: the URL is not signed by this deployment, or has expired; request the stream again.
    SignatureRequired,
    /// 404: no such page, title, episode, source or asset.
    NotFound,
    /// 404: the film has no start index, and the message says why; the player reads the film's own
    /// `moov` instead.
    NoIndex,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: the catalog changed since the sender read it, or an account exists already.
    Conflict,
    /// 410: the provider has replaced the file.
    SourceGone,
    /// 412: `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed,
    /// 413: more bytes than the limit that the message names.
    PayloadTooLarge,
    /// 416: the range is not satisfiable (RFC 9110 §15.5.17).
    RangeNotSatisfiable,
    /// 421: the server has no such name.
    UnknownHost,
    /// 429: too many attempts to sign in, or new sessions; a retry helps after the seconds of `Retry-After`.
    TooManyAttempts,
    /// 501: the edge has no such form of a response.
    NotImplemented,
    /// 502: the provider did not send the requested bytes; a retry may help.
    UpstreamFailed,
    /// 503: the provider does not respond, or limits the rate of requests.
    UpstreamUnavailable,
    /// 503: a store did not respond; a later retry may help.
    StorageUnavailable,
    /// 507: a store has no room left.
    StorageFull,
}

impl ErrorCode {
    /// The HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidIdentifier | Self::InvalidPayload => 400,
            Self::Unauthorized
            | Self::ClientTokenRequired
            | Self::SignInRequired
            | Self::WrongPassword => 401,
            Self::SignatureRequired | Self::ForeignOrigin => 403,
            Self::NotFound | Self::NoIndex => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::SourceGone => 410,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::RangeNotSatisfiable => 416,
            Self::UnknownHost => 421,
            Self::TooManyAttempts => 429,
            Self::NotImplemented => 501,
            Self::UpstreamFailed => 502,
            Self::StorageUnavailable | Self::UpstreamUnavailable => 503,
            Self::StorageFull => 507,
        }
    }
}
