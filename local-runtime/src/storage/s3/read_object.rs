//! `HeadObject` and `GetObject`.

use std::{ops::Range, sync::Arc};

use http::header;
use s3s::{S3Response, S3Result, dto, s3_error};

use super::{
    conditions::Conditions,
    convert::{date, etag, size, with_header},
};
use crate::storage::{DataFolder, ObjectStream, OpenObject, run_blocking};

/// `GetObject` of the whole object, without its body.
pub(super) async fn head(
    folder: Arc<DataFolder>,
    input: dto::HeadObjectInput,
) -> S3Result<S3Response<dto::HeadObjectOutput>> {
    let whole = dto::GetObjectInput {
        bucket: input.bucket,
        key: input.key,
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
        part_number: input.part_number,
        version_id: input.version_id,
        ..Default::default()
    };
    let whole = get(folder, whole).await?.output;
    Ok(S3Response::new(dto::HeadObjectOutput {
        accept_ranges: whole.accept_ranges,
        cache_control: whole.cache_control,
        content_disposition: whole.content_disposition,
        content_encoding: whole.content_encoding,
        content_language: whole.content_language,
        content_length: whole.content_length,
        content_type: whole.content_type,
        e_tag: whole.e_tag,
        last_modified: whole.last_modified,
        metadata: whole.metadata,
        ..Default::default()
    }))
}

pub(super) async fn get(
    folder: Arc<DataFolder>,
    input: dto::GetObjectInput,
) -> S3Result<S3Response<dto::GetObjectOutput>> {
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    check_whole(input.version_id.as_deref(), input.part_number)?;
    let open = open(folder, input.key).await?;
    let object = &open.object;
    conditions.check(object)?;
    let range = match input.range {
        None => 0..object.size,
        Some(requested) => satisfiable(requested, object.size)?,
    };
    let content_range = input
        .range
        .map(|_| format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), object.size));
    let metadata = object.metadata.clone();
    Ok(S3Response::new(dto::GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(size(range.end - range.start)),
        content_range,
        body: Some(dto::StreamingBlob::new(ObjectStream::new(Arc::clone(&open), range))),
        cache_control: metadata.cache_control,
        content_disposition: metadata.content_disposition,
        content_encoding: metadata.content_encoding,
        content_language: metadata.content_language,
        content_type: metadata.content_type,
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        metadata: (!metadata.user.is_empty()).then(|| metadata.user.into_iter().collect()),
        ..Default::default()
    }))
}

/// An error where something else than the whole current object is requested: an object has one
/// version, and is not stored in parts.
fn check_whole(version: Option<&str>, part: Option<dto::PartNumber>) -> S3Result<()> {
    if version.is_some_and(|version| version != "null") {
        return Err(s3_error!(NoSuchVersion, "an object has one version, whose id is null"));
    }
    if part.is_some_and(|part| part != 1) {
        return Err(s3_error!(InvalidArgument, "an object is read as one part, number 1"));
    }
    Ok(())
}

/// The object under `key`.
pub(super) async fn open(folder: Arc<DataFolder>, key: String) -> S3Result<Arc<OpenObject>> {
    if let Some(open) = folder.open_object_if_cached(&key) {
        return Ok(open);
    }
    let open = run_blocking(move || folder.open_object(&key)).await?;
    open.ok_or_else(|| s3_error!(NoSuchKey))
}

/// The requested bytes of an object of `size` bytes; an error with status 416 where there are none.
pub(super) fn satisfiable(requested: dto::Range, size: u64) -> S3Result<Range<u64>> {
    let range = match requested {
        dto::Range::Int { first, last } => {
            first..last.map_or(size, |last| last.saturating_add(1).min(size))
        }
        dto::Range::Suffix { length } => size.saturating_sub(length)..size,
    };
    if range.start < range.end {
        return Ok(range);
    }
    Err(with_header(s3_error!(InvalidRange), header::CONTENT_RANGE, &format!("bytes */{size}")))
}
