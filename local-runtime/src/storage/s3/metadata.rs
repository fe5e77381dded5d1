//! Metadata of objects in requests: what is stored, its caps, and what is refused.

use http::HeaderMap;
use s3s::{S3Result, s3_error};

use crate::storage::ObjectMetadata;

/// Bytes of the names and values of user metadata: S3's cap.
const USER_BYTES_MAX: usize = 2 << 10;
/// Bytes of each other field.
const FIELD_BYTES_MAX: usize = 1 << 10;

/// Header fields that ask for something that this store does not do. It would be wrong to accept
/// them: a client that asks for encryption relies on it.
const UNSUPPORTED: [&str; 4] = [
    "x-amz-server-side-encryption",
    "x-amz-object-lock-",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
];

/// Refuses a write that asks for what the store does not do.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    for name in headers.keys().map(http::HeaderName::as_str) {
        let is_unsupported = UNSUPPORTED.iter().any(|start| name.starts_with(start));
        // `x-amz-tagging-directive: COPY` asks for nothing, as no object has tags.
        if is_unsupported && name != "x-amz-tagging-directive" {
            return Err(s3_error!(NotImplemented, "this store does not support {name}"));
        }
    }
    Ok(())
}

/// The stored metadata of an input of S3, whose fields have the same names in each.
macro_rules! metadata_of {
    ($input:ident) => {
        $crate::storage::s3::metadata::checked($crate::storage::ObjectMetadata {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
            user: $input.metadata.take().into_iter().flatten().collect(),
        })
    };
}
pub(super) use metadata_of;

/// Metadata within its caps, without the coding of the request's own body.
pub(super) fn checked(mut metadata: ObjectMetadata) -> S3Result<ObjectMetadata> {
    metadata.content_encoding = metadata.content_encoding.as_deref().and_then(without_aws_chunked);
    let size: usize = metadata.user.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > USER_BYTES_MAX {
        return Err(s3_error!(MetadataTooLarge, "x-amz-meta-* have at most 2 KiB together"));
    }
    let fields = [
        &metadata.content_type,
        &metadata.cache_control,
        &metadata.content_disposition,
        &metadata.content_encoding,
        &metadata.content_language,
    ];
    if fields.into_iter().flatten().any(|value| value.len() > FIELD_BYTES_MAX) {
        return Err(s3_error!(
            MetadataTooLarge,
            "Content-Type and each other field have at most 1 KiB"
        ));
    }
    Ok(metadata)
}

/// `aws-chunked` says how the request's body is framed, and is no coding of the object.
fn without_aws_chunked(codings: &str) -> Option<String> {
    let codings = codings.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked");
    let codings = codings.collect::<Vec<_>>().join(",");
    (!codings.is_empty()).then_some(codings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_encoding_is_stored_without_aws_chunked() {
        for (sent, stored) in [
            ("aws-chunked", None),
            ("gzip", Some("gzip")),
            ("gzip, aws-chunked", Some("gzip")),
            ("aws-chunked,gzip,br", Some("gzip,br")),
        ] {
            assert_eq!(without_aws_chunked(sent).as_deref(), stored, "{sent}");
        }
    }
}
