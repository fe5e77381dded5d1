//! A response whose body has requested bytes, or why there is none.

use super::fetch::FetchFault;
use crate::{
    http::ByteRange,
    media::film::MediaPart,
    platform::{OutboundResponse, PortError},
    rules::{
        identity::Validators,
        retry::Blame,
        upstream_response::{UpstreamFault, UpstreamResponse},
    },
};

/// Some bytes of a file, of which the first is the first requested one.
pub(crate) struct StreamedPart<S> {
    pub(crate) sent: ByteRange,
    pub(crate) part: MediaPart<S>,
    /// Whether a stream is exactly these bytes, and its length is known.
    pub(crate) can_pass: bool,
}

/// A response whose body has the requested bytes.
pub(super) struct UsableResponse<S> {
    pub(super) response: OutboundResponse<S>,
    pub(super) body: BodyPart,
    /// The origin that sent it.
    pub(super) origin: String,
}

/// Where in a body the requested bytes are.
pub(super) struct BodyPart {
    /// Bytes of the body in front of the requested ones.
    pub(super) skip: u64,
    /// The bytes that the body has of the requested range.
    pub(super) sent: ByteRange,
    /// Whether the body ends behind them.
    pub(super) is_last: bool,
    /// Whether the length of the body is known, so that a platform detects a truncated one.
    pub(super) has_length: bool,
}

/// Why an attempt came to nothing, and at which origin.
pub(super) enum AttemptFault {
    /// The head of the response.
    Response(String, UpstreamFault),
    /// There was no response.
    Fetch(FetchFault),
}

/// What a checked response has of the requested range.
pub(super) fn requested_part(
    checked: UpstreamResponse,
    range: ByteRange,
) -> (Validators, BodyPart) {
    match checked {
        UpstreamResponse::Partial { sent, validators, has_length } => {
            (validators, BodyPart { skip: 0, sent, is_last: true, has_length })
        }
        UpstreamResponse::Complete { validators, has_length } => {
            let end = range.end.min(validators.size_bytes);
            let is_last = end == validators.size_bytes;
            let sent = ByteRange { start: range.start, end };
            (validators, BodyPart { skip: range.start, sent, is_last, has_length })
        }
    }
}

/// Why a body has fewer bytes than its head promised, and whom that says something of.
pub(super) fn incomplete_body(filled: Option<Result<(), PortError>>) -> (Blame, &'static str) {
    match filled {
        None => (Blame::Origin, "the body came too slowly"),
        Some(Ok(())) => (Blame::File, "the body is shorter than its Content-Length"),
        Some(Err(_)) => (Blame::Origin, "the connection broke within the body"),
    }
}
