//! `HeadObject`, `GetObject` and `ListObjectsV2`.

use std::{ops::Range, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::{S3Error, S3ErrorCode, S3Response, S3Result, dto, s3_error};

use super::reply::{date, etag, size};
use crate::storage::{FileBody, Folder, Object, Opened, PAGE_MAX, blocking};

/// The conditions of a request, as RFC 9110 §13.2.2 orders them.
struct Conditions {
    matching: Option<dto::IfMatch>,
    none_match: Option<dto::IfNoneMatch>,
    modified_since: Option<dto::IfModifiedSince>,
    unmodified_since: Option<dto::IfUnmodifiedSince>,
}

pub(super) async fn head(
    folder: Arc<Folder>,
    input: dto::HeadObjectInput,
) -> S3Result<S3Response<dto::HeadObjectOutput>> {
    let opened = open(folder, input.key).await?;
    let object = &opened.object;
    let conditions = Conditions {
        matching: input.if_match,
        none_match: input.if_none_match,
        modified_since: input.if_modified_since,
        unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object)?;
    Ok(S3Response::new(dto::HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(size(object.size)),
        content_type: object.content_type.clone(),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        ..Default::default()
    }))
}

pub(super) async fn get(
    folder: Arc<Folder>,
    input: dto::GetObjectInput,
) -> S3Result<S3Response<dto::GetObjectOutput>> {
    let opened = open(folder, input.key).await?;
    let object = &opened.object;
    let conditions = Conditions {
        matching: input.if_match,
        none_match: input.if_none_match,
        modified_since: input.if_modified_since,
        unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object)?;
    let (range, content_range) = match input.range {
        None => (0..object.size, None),
        Some(asked) => {
            let range = satisfy(asked, object.size)?;
            let content_range =
                format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), object.size);
            (range, Some(content_range))
        }
    };
    let content_length = size(range.end - range.start);
    let body = FileBody::new(Arc::clone(&opened), range);
    Ok(S3Response::new(dto::GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(dto::StreamingBlob::new(body)),
        content_length: Some(content_length),
        content_range,
        content_type: object.content_type.clone(),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        ..Default::default()
    }))
}

async fn open(folder: Arc<Folder>, key: String) -> S3Result<Arc<Opened>> {
    if let Some(opened) = folder.opened(&key) {
        return Ok(opened);
    }
    let found = blocking(move || folder.open_object(&key)).await?;
    found.ok_or_else(|| s3_error!(NoSuchKey))
}

/// The bytes that `asked` names of `size`, at least one.
fn satisfy(asked: dto::Range, size: u64) -> S3Result<Range<u64>> {
    let range = match asked {
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

impl Conditions {
    fn check(&self, object: &Object) -> S3Result<()> {
        let tag = etag(&object.etag);
        // HTTP dates have whole seconds.
        let modified = date(object.modified_ms - object.modified_ms.rem_euclid(1000));
        let unmet = match (&self.matching, &self.unmodified_since) {
            (Some(dto::ETagCondition::ETag(asked)), _) => !asked.strong_cmp(&tag),
            (None, Some(since)) => modified > *since,
            (Some(dto::ETagCondition::Any), _) | (None, None) => false,
        };
        if unmet {
            return Err(s3_error!(PreconditionFailed));
        }
        let known = match (&self.none_match, &self.modified_since) {
            (Some(dto::ETagCondition::Any), _) => true,
            (Some(dto::ETagCondition::ETag(asked)), _) => asked.weak_cmp(&tag),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if known {
            let unchanged = S3Error::new(S3ErrorCode::NotModified);
            let tag = format!("\"{}\"", object.etag);
            return Err(with_header(unchanged, header::ETAG, &tag));
        }
        Ok(())
    }
}

fn with_header(mut error: S3Error, name: HeaderName, value: &str) -> S3Error {
    if let Ok(value) = HeaderValue::from_str(value) {
        error.set_headers(HeaderMap::from_iter([(name, value)]));
    }
    error
}

pub(super) async fn list(
    folder: Arc<Folder>,
    input: dto::ListObjectsV2Input,
) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let count = input.max_keys.map_or(PAGE_MAX, |count| usize::try_from(count).unwrap_or(0));
    let after = match &input.continuation_token {
        Some(token) => percent_decode_str(token)
            .decode_utf8()
            .map_err(|_| s3_error!(InvalidArgument, "the continuation token is not one of ours"))?
            .into_owned(),
        None => input.start_after.clone().unwrap_or_default(),
    };
    let page = blocking(move || folder.list(&prefix, &delimiter, &after, count)).await?;
    let contents: Vec<_> = page.objects.into_iter().map(entry).collect();
    let prefixes: Vec<_> = page
        .prefixes
        .into_iter()
        .map(|prefix| dto::CommonPrefix { prefix: Some(prefix) })
        .collect();
    let next = page.next.map(|next| utf8_percent_encode(&next, NON_ALPHANUMERIC).to_string());
    Ok(S3Response::new(dto::ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        max_keys: i32::try_from(count.min(PAGE_MAX)).ok(),
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        start_after: input.start_after,
        contents: Some(contents),
        common_prefixes: Some(prefixes),
        ..Default::default()
    }))
}

fn entry(object: Object) -> dto::Object {
    dto::Object {
        key: Some(object.key),
        size: Some(size(object.size)),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        ..Default::default()
    }
}
