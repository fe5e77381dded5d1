//! `ListObjectsV2`.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::{S3Response, S3Result, dto, s3_error};

use super::convert::{date, etag, size};
use crate::storage::{DataFolder, LIST_PAGE_MAX, Object, run_blocking};

pub(super) async fn list(
    folder: Arc<DataFolder>,
    input: dto::ListObjectsV2Input,
) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let count = input.max_keys.map_or(LIST_PAGE_MAX, |count| usize::try_from(count).unwrap_or(0));
    let after = start_of_page(&input)?;
    let page =
        run_blocking(move || folder.list_objects(&prefix, &delimiter, &after, count)).await?;
    let contents: Vec<_> = page.objects.into_iter().map(list_entry).collect();
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
        max_keys: i32::try_from(count.min(LIST_PAGE_MAX)).ok(),
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

/// The key after which the page starts. A continuation token is such a key, percent-encoded.
fn start_of_page(input: &dto::ListObjectsV2Input) -> S3Result<String> {
    let Some(token) = &input.continuation_token else {
        return Ok(input.start_after.clone().unwrap_or_default());
    };
    let key = percent_decode_str(token).decode_utf8().map_err(|_| {
        s3_error!(InvalidArgument, "the continuation token is not one that this server issued")
    })?;
    Ok(key.into_owned())
}

fn list_entry(object: Object) -> dto::Object {
    dto::Object {
        key: Some(object.key),
        size: Some(size(object.size)),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        ..Default::default()
    }
}
