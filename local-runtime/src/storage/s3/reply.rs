//! Storage's words in S3's.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use s3s::{
    S3Error, S3ErrorCode,
    dto::{ETag, Timestamp},
};

use crate::storage::Error;

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let code = match error {
            Error::Full => {
                let mut full =
                    Self::with_message(S3ErrorCode::Custom("InsufficientStorage".into()), text);
                full.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
                return full;
            }
            Error::TooLarge(_) => S3ErrorCode::EntityTooLarge,
            Error::Missing("upload") => S3ErrorCode::NoSuchUpload,
            Error::Missing("part") => S3ErrorCode::InvalidPart,
            Error::Missing(_) => S3ErrorCode::NoSuchKey,
            Error::Conflict(_) => S3ErrorCode::InvalidRequest,
            Error::Io(_) | Error::Sqlite(_) | Error::Stopped => {
                tracing::error!(%error, "the object store failed");
                return Self::with_message(S3ErrorCode::InternalError, "the object store failed");
            }
        };
        Self::with_message(code, text)
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

/// A size as S3's types have it.
pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
