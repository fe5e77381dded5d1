//! Errors of requests, and the one place where they become HTTP.

use api::{Envelope, ErrorBody, ErrorCode};

use crate::{
    http::{Body, Reply},
    platform::{Platform, PortError, StreamOf},
};

const TOO_MANY_SESSIONS: &str =
    "too many new sessions from this address: try again after the seconds of Retry-After";
const SIGN_IN_REQUIRED: &str = "this library is private: send its password, or name and password of an \
     account, to POST /api/v2/session";
const UPSTREAM_BUSY: &str =
    "the provider does not respond: try again after the seconds of Retry-After";

/// Why a request is refused.
#[derive(Debug)]
pub enum Error {
    /// An id or path segment has a form that no id has.
    InvalidIdentifier,
    /// A body does not parse or breaks a rule.
    InvalidPayload(String),
    /// The route wants the admin key.
    Unauthorized,
    /// The route wants a client token.
    ClientTokenRequired,
    /// The URL has no good signature.
    SignatureRequired,
    /// The library is private, and the viewer has not signed in.
    SignInRequired,
    /// The password is another one, or the name.
    WrongPassword,
    /// There is such an account already, or too many; what is wrong and what to do.
    AccountRefused(&'static str),
    /// Too many attempts to sign in; no more for so many milliseconds.
    TooManyAttempts(u64),
    /// Too many new sessions of one address; the milliseconds until the next one.
    TooManySessions(u64),
    /// A page of another origin sent it.
    ForeignOrigin,
    /// A setting is missing or has a value that it cannot have; the text is for the operator.
    Misconfigured(&'static str),
    /// A setting does not parse or breaks a rule; the text is for the operator.
    InvalidSetting(String),
    /// There is no such thing; its name.
    NotFound(&'static str),
    /// A film has no start index, and why.
    NoIndex(String),
    /// The path exists, the method does not; those that do.
    MethodNotAllowed(String),
    /// A response of this form does not exist; the forms that do.
    NotImplemented(&'static str),
    /// The current catalog is not the one that the sender built upon.
    Conflict,
    /// More bytes than this limit.
    PayloadTooLarge(usize),
    /// A condition of the request does not hold.
    PreconditionFailed,
    /// The range names no byte of an object of this size.
    RangeNotSatisfiable(u64),
    /// A store failed or did not respond; the text is for the operator.
    StorageUnavailable(String),
    /// A store is full; the text is for the operator.
    StorageFull(String),
    /// A provider did not send the requested bytes; the text is for the operator.
    UpstreamFailed(String),
    /// A provider takes no requests for so many milliseconds; the text is for the operator.
    UpstreamBusy(u64, String),
    /// The provider has another file under this name now; the text is for the operator.
    SourceGone(String),
    /// The page was not built into this edge.
    PageMissing,
}

impl Error {
    const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidIdentifier => ErrorCode::InvalidIdentifier,
            Self::InvalidPayload(_) => ErrorCode::InvalidPayload,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::ClientTokenRequired => ErrorCode::ClientTokenRequired,
            Self::SignatureRequired => ErrorCode::SignatureRequired,
            Self::SignInRequired => ErrorCode::SignInRequired,
            Self::WrongPassword => ErrorCode::WrongPassword,
            Self::TooManyAttempts(_) | Self::TooManySessions(_) => ErrorCode::TooManyAttempts,
            Self::ForeignOrigin => ErrorCode::ForeignOrigin,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::NoIndex(_) => ErrorCode::NoIndex,
            Self::MethodNotAllowed(_) => ErrorCode::MethodNotAllowed,
            Self::NotImplemented(_) => ErrorCode::NotImplemented,
            Self::Conflict | Self::AccountRefused(_) => ErrorCode::Conflict,
            Self::PayloadTooLarge(_) => ErrorCode::PayloadTooLarge,
            Self::PreconditionFailed => ErrorCode::PreconditionFailed,
            Self::RangeNotSatisfiable(_) => ErrorCode::RangeNotSatisfiable,
            Self::UpstreamFailed(_) => ErrorCode::UpstreamFailed,
            Self::UpstreamBusy(..) => ErrorCode::UpstreamUnavailable,
            Self::SourceGone(_) => ErrorCode::SourceGone,
            Self::StorageFull(_) => ErrorCode::StorageFull,
            Self::StorageUnavailable(_)
            | Self::InvalidSetting(_)
            | Self::PageMissing
            | Self::Misconfigured(_) => ErrorCode::StorageUnavailable,
        }
    }

    /// The HTTP status of the reply.
    pub(crate) const fn status(&self) -> u16 {
        self.code().status()
    }

    fn message(&self) -> String {
        match self {
            Self::InvalidIdentifier => {
                "an id has 1 to 128 of a-z 0-9 . _ - and begins with a letter or digit".to_owned()
            }
            Self::InvalidPayload(why) => why.clone(),
            Self::Unauthorized => {
                "send the deployment's admin key as `Authorization: Bearer <key>`".to_owned()
            }
            Self::ClientTokenRequired => {
                "send a token from POST /api/v2/session/anonymous as `X-Client-Token`".to_owned()
            }
            Self::SignatureRequired => {
                "this URL has no valid signature, or it expired: GET /api/v2/stream/{episodeId} has a \
                 new one, for a picture GET /api/v2/catalog/{catalogId}"
                    .to_owned()
            }
            Self::SignInRequired => SIGN_IN_REQUIRED.to_owned(),
            Self::WrongPassword => "the password is wrong, or the name".to_owned(),
            Self::AccountRefused(why) => (*why).to_owned(),
            Self::TooManySessions(_) => TOO_MANY_SESSIONS.to_owned(),
            Self::TooManyAttempts(ms) => format!(
                "too many attempts to sign in: try again in {} minutes",
                ms.div_ceil(60_000)
            ),
            Self::ForeignOrigin => {
                "a page of another origin may not send this: the deployer allows origins by the \
                 setting cors_origins"
                    .to_owned()
            }
            Self::Misconfigured(_) => {
                "a setting of this deployment is wrong: its log says which".to_owned()
            }
            Self::NotFound(what) => format!("there is no such {what}"),
            Self::NoIndex(why) => format!("this film has no start index: {why}"),
            Self::MethodNotAllowed(allow) => format!("this path allows {allow}"),
            Self::NotImplemented(forms) => format!("the response has no other form than {forms}"),
            Self::Conflict => {
                "the catalog changed since it was read: read the root again and build upon that"
                    .to_owned()
            }
            Self::PayloadTooLarge(bytes_max) => format!("at most {bytes_max} bytes fit"),
            Self::PreconditionFailed => "a condition of the request does not hold".to_owned(),
            Self::RangeNotSatisfiable(size_bytes) => {
                format!("the range names none of the {size_bytes} bytes")
            }
            Self::StorageUnavailable(_) | Self::InvalidSetting(_) => {
                "a store did not answer: try again later".to_owned()
            }
            Self::StorageFull(_) => {
                "a store is full and keeps nothing new: make room, or raise its limit, and send \
                 this again"
                    .to_owned()
            }
            Self::UpstreamFailed(_) => {
                "the provider did not send the requested bytes: send the request again"
                    .to_owned()
            }
            Self::UpstreamBusy(..) => UPSTREAM_BUSY.to_owned(),
            Self::SourceGone(_) => {
                "the provider has replaced this file by another one: load the stream, or the title, \
                 again"
                    .to_owned()
            }
            Self::PageMissing => {
                "the page was not built into this edge: build it with `cargo xtask build`"
                    .to_owned()
            }
        }
    }

    /// The text for the operator, where there is one.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::StorageUnavailable(detail)
            | Self::InvalidSetting(detail)
            | Self::StorageFull(detail)
            | Self::UpstreamFailed(detail)
            | Self::UpstreamBusy(_, detail)
            | Self::SourceGone(detail) => Some(detail),
            Self::Misconfigured(detail) => Some(detail),
            Self::InvalidIdentifier
            | Self::InvalidPayload(_)
            | Self::Unauthorized
            | Self::ClientTokenRequired
            | Self::SignatureRequired
            | Self::SignInRequired
            | Self::WrongPassword
            | Self::AccountRefused(_)
            | Self::TooManyAttempts(_)
            | Self::TooManySessions(_)
            | Self::ForeignOrigin
            | Self::NotFound(_)
            | Self::NoIndex(_)
            | Self::MethodNotAllowed(_)
            | Self::NotImplemented(_)
            | Self::Conflict
            | Self::PayloadTooLarge(_)
            | Self::PreconditionFailed
            | Self::RangeNotSatisfiable(_)
            | Self::PageMissing => None,
        }
    }

    /// Tells the operator: the detail, or `otherwise` where there is none.
    pub(crate) fn report<P: Platform>(&self, platform: &P, otherwise: &str) {
        platform.report(self.detail().unwrap_or(otherwise));
    }

    /// The reply to the deployer, who also gets the text about providers. What stores say stays in
    /// the log.
    pub(crate) fn into_explained_reply<P: Platform>(self, platform: &P) -> Reply<StreamOf<P>> {
        let Some(detail) = self.detail().map(str::to_owned) else { return self.into_reply() };
        platform.report(&detail);
        let is_of_a_store = matches!(self, Self::StorageUnavailable(_) | Self::StorageFull(_));
        if is_of_a_store {
            return self.into_reply();
        }
        self.reply(format!("{detail}; mend that, or wait, and send this again"))
    }

    pub(crate) fn into_reply<S>(self) -> Reply<S> {
        let message = self.message();
        self.reply(message)
    }

    fn reply<S>(self, message: String) -> Reply<S> {
        let code = self.code();
        let envelope = Envelope::<()>::error(ErrorBody { code, message });
        let reply = Reply::new(code.status(), Body::Bytes(crate::http::json_bytes(&envelope)))
            .with("content-type", "application/json")
            .with("cache-control", "no-store");
        match self {
            Self::Unauthorized => reply.with("www-authenticate", "Bearer realm=\"firstframe\""),
            // A scheme that browsers do not know, so that they show no dialog of their own.
            Self::SignInRequired | Self::WrongPassword => {
                reply.with("www-authenticate", "Cookie realm=\"firstframe\"")
            }
            Self::MethodNotAllowed(allow) => reply.with("allow", allow),
            Self::RangeNotSatisfiable(size) => reply
                .with("accept-ranges", "bytes")
                .with("content-range", format!("bytes */{size}")),
            Self::StorageUnavailable(_) | Self::InvalidSetting(_) | Self::UpstreamFailed(_) => {
                reply.with("retry-after", "1")
            }
            Self::UpstreamBusy(ms, _) | Self::TooManyAttempts(ms) | Self::TooManySessions(ms) => {
                reply.with("retry-after", ms.div_ceil(1000).to_string())
            }
            Self::InvalidIdentifier
            | Self::InvalidPayload(_)
            | Self::ClientTokenRequired
            | Self::SignatureRequired
            | Self::ForeignOrigin
            | Self::Misconfigured(_)
            | Self::NotFound(_)
            | Self::NoIndex(_)
            | Self::NotImplemented(_)
            | Self::Conflict
            | Self::AccountRefused(_)
            | Self::PayloadTooLarge(_)
            | Self::PreconditionFailed
            | Self::StorageFull(_)
            | Self::SourceGone(_)
            | Self::PageMissing => reply,
        }
    }
}

impl From<PortError> for Error {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unavailable(detail) | PortError::Denied(detail) => {
                Self::StorageUnavailable(detail)
            }
            PortError::Full(detail) => Self::StorageFull(detail),
            PortError::TooLarge => Self::StorageUnavailable("more bytes than expected".into()),
        }
    }
}

impl From<catalog::Error> for Error {
    /// A stored pack that cannot be read.
    fn from(error: catalog::Error) -> Self {
        Self::StorageUnavailable(error.to_string())
    }
}
