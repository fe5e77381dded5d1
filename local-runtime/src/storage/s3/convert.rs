//! Conversions from storage's types to those of S3.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use s3s::{
    S3Error, S3ErrorCode,
    dto::{ETag, Timestamp},
};

use crate::storage::Error;

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let code = match error {
            Error::DiskFull => {
                let mut full =
                    Self::with_message(S3ErrorCode::Custom("InsufficientStorage".into()), message);
                full.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
                return full;
            }
            Error::TooLarge(_) => S3ErrorCode::EntityTooLarge,
            Error::NotFound("upload") => S3ErrorCode::NoSuchUpload,
            Error::NotFound("part") => S3ErrorCode::InvalidPart,
            Error::NotFound(_) => S3ErrorCode::NoSuchKey,
            Error::Conflict(_) => S3ErrorCode::InvalidRequest,
            Error::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            Error::Io(_) | Error::Sqlite(_) | Error::TaskFailed => {
                tracing::error!(%error, "the object store failed");
                return Self::with_message(
                    S3ErrorCode::InternalError,
                    "the object store failed; the server's log has the cause",
                );
            }
        };
        Self::with_message(code, message)
    }
}

/// A strong validator.
pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

/// A date, from milliseconds since 1970.
pub(super) fn date(ms: i64) -> Timestamp {
    let since = Duration::from_millis(u64::try_from(ms).unwrap_or_default());
    Timestamp::from(SystemTime::UNIX_EPOCH + since)
}

/// A size in bytes as the signed integer of S3's types.
pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// `error`, with a header in its response.
pub(super) fn with_header(mut error: S3Error, name: HeaderName, value: &str) -> S3Error {
    if let Ok(value) = HeaderValue::from_str(value) {
        error.set_headers(HeaderMap::from_iter([(name, value)]));
    }
    error
}
