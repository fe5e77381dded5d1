//! Preconditions of reads and writes (RFC 9110 §13).

use http::header;
use s3s::{S3Error, S3ErrorCode, S3Result, dto, s3_error};

use super::convert::{date, etag, with_header};
use crate::storage::{Object, WriteCondition};

/// The preconditions of one request.
#[expect(clippy::struct_field_names, reason = "the names of the header fields")]
pub(super) struct Conditions {
    pub(super) if_match: Option<dto::IfMatch>,
    pub(super) if_none_match: Option<dto::IfNoneMatch>,
    pub(super) if_modified_since: Option<dto::IfModifiedSince>,
    pub(super) if_unmodified_since: Option<dto::IfUnmodifiedSince>,
}

impl Conditions {
    /// An error with status 412 or 304 where a precondition says so, in the order of RFC 9110
    /// §13.2.2.
    pub(super) fn check(&self, object: &Object) -> S3Result<()> {
        let tag = etag(&object.etag);
        // HTTP dates have whole seconds.
        let modified = date(object.modified_ms - object.modified_ms.rem_euclid(1000));
        let fails = match (&self.if_match, &self.if_unmodified_since) {
            (Some(dto::ETagCondition::ETag(expected)), _) => !expected.strong_cmp(&tag),
            (None, Some(since)) => modified > *since,
            (Some(dto::ETagCondition::Any), _) | (None, None) => false,
        };
        if fails {
            return Err(s3_error!(PreconditionFailed));
        }
        let is_not_modified = match (&self.if_none_match, &self.if_modified_since) {
            (Some(dto::ETagCondition::Any), _) => true,
            (Some(dto::ETagCondition::ETag(known)), _) => known.weak_cmp(&tag),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if is_not_modified {
            let error = S3Error::new(S3ErrorCode::NotModified);
            return Err(with_header(error, header::ETAG, &format!("\"{}\"", object.etag)));
        }
        Ok(())
    }
}

/// The precondition of a write.
pub(super) fn write_condition(
    if_match: Option<dto::IfMatch>,
    if_none_match: Option<dto::IfNoneMatch>,
) -> S3Result<WriteCondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(WriteCondition::None),
        (None, Some(dto::ETagCondition::Any)) => Ok(WriteCondition::Absent),
        (Some(dto::ETagCondition::Any), None) => Ok(WriteCondition::Exists),
        (Some(dto::ETagCondition::ETag(expected)), None) => {
            Ok(WriteCondition::ETag(expected.into_value()))
        }
        (None, Some(dto::ETagCondition::ETag(_))) => {
            Err(s3_error!(NotImplemented, "If-None-Match of a write is * only"))
        }
        (Some(_), Some(_)) => {
            Err(s3_error!(NotImplemented, "a write has If-Match or If-None-Match, not both"))
        }
    }
}
