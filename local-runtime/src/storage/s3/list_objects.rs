//! `ListObjects` and `ListObjectsV2`.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::{S3Response, S3Result, dto, s3_error};

use super::convert::{date, etag, size};
use crate::storage::{DataFolder, LIST_PAGE_MAX, ListPage, Object, run_blocking};

/// What a URL-encoded key has as it is.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What both versions ask for.
struct Query {
    prefix: String,
    delimiter: String,
    /// The page has what comes after this string.
    after: String,
    count: usize,
    encoding: Encoding,
}

impl Query {
    async fn run(self, folder: Arc<DataFolder>) -> S3Result<Page> {
        let Self { prefix, delimiter, after, count, encoding } = self;
        let page =
            run_blocking(move || folder.list_objects(&prefix, &delimiter, &after, count)).await?;
        Ok(Page::new(page, encoding))
    }
}

/// The keys and prefixes of one page, as both versions write them.
struct Page {
    contents: Vec<dto::Object>,
    prefixes: Vec<dto::CommonPrefix>,
    /// After which string the next page begins, if there is one.
    next: Option<String>,
}

impl Page {
    fn new(page: ListPage, encoding: Encoding) -> Self {
        let prefixes = page.prefixes.into_iter();
        Self {
            contents: page.objects.into_iter().map(|object| entry(object, encoding)).collect(),
            prefixes: prefixes
                .map(|prefix| dto::CommonPrefix { prefix: Some(encoding.encode(prefix)) })
                .collect(),
            next: page.next,
        }
    }

    fn key_count(&self) -> Option<i32> {
        i32::try_from(self.contents.len() + self.prefixes.len()).ok()
    }
}

pub(super) async fn list_v2(
    folder: Arc<DataFolder>,
    input: dto::ListObjectsV2Input,
) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: start_of_page(&input)?,
        count: page_size(input.max_keys)?,
        encoding,
    };
    let max_keys = i32::try_from(query.count).ok();
    let page = query.run(folder).await?;
    let next = page.next.as_ref();
    let next = next.map(|next| utf8_percent_encode(next, NON_ALPHANUMERIC).to_string());
    Ok(S3Response::new(dto::ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix.map(|prefix| encoding.encode(prefix)),
        delimiter: input.delimiter.map(|delimiter| encoding.encode(delimiter)),
        max_keys,
        key_count: page.key_count(),
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        start_after: input.start_after.map(|after| encoding.encode(after)),
        encoding_type: input.encoding_type,
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        ..Default::default()
    }))
}

pub(super) async fn list_v1(
    folder: Arc<DataFolder>,
    input: dto::ListObjectsInput,
) -> S3Result<S3Response<dto::ListObjectsOutput>> {
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let prefix = input.prefix.clone().unwrap_or_default();
    let query = Query {
        after: after_marker(input.marker.as_deref().unwrap_or_default(), &prefix, &delimiter),
        prefix,
        delimiter,
        count: page_size(input.max_keys)?,
        encoding,
    };
    let max_keys = i32::try_from(query.count).ok();
    let page = query.run(folder).await?;
    // A marker that stands for a common prefix is that prefix.
    let next = page.next.map(|next| next.strip_suffix(char::MAX).unwrap_or(&next).to_owned());
    Ok(S3Response::new(dto::ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.encode(input.prefix.unwrap_or_default())),
        marker: Some(encoding.encode(input.marker.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| encoding.encode(delimiter)),
        max_keys,
        is_truncated: Some(next.is_some()),
        next_marker: next.map(|next| encoding.encode(next)),
        encoding_type: input.encoding_type,
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        ..Default::default()
    }))
}

/// Keys on a page.
fn page_size(max_keys: Option<i32>) -> S3Result<usize> {
    let Some(count) = max_keys else { return Ok(LIST_PAGE_MAX) };
    let count = usize::try_from(count);
    let count = count.map_err(|_| s3_error!(InvalidArgument, "max-keys is 0 or more"))?;
    Ok(count.min(LIST_PAGE_MAX))
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

/// The string after which a page of version 1 starts. A marker that is a common prefix stands for all
/// keys that start with it.
fn after_marker(marker: &str, prefix: &str, delimiter: &str) -> String {
    let rest = marker.strip_prefix(prefix).filter(|_| !delimiter.is_empty());
    let ends_at = |rest: &str| Some(rest.find(delimiter)? + delimiter.len());
    let is_common_prefix = rest.is_some_and(|rest| ends_at(rest) == Some(rest.len()));
    if is_common_prefix { format!("{marker}{}", char::MAX) } else { marker.to_owned() }
}

/// How keys are written: with `encoding-type=url` percent-encoded, as XML cannot have all
/// characters.
#[derive(Clone, Copy)]
enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    fn of(parameter: Option<&dto::EncodingType>) -> S3Result<Self> {
        match parameter.map(dto::EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(dto::EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(s3_error!(InvalidArgument, "encoding-type is url")),
        }
    }

    fn encode(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => utf8_percent_encode(&text, KEY).to_string(),
        }
    }
}

fn entry(object: Object, encoding: Encoding) -> dto::Object {
    dto::Object {
        key: Some(encoding.encode(object.key)),
        size: Some(size(object.size)),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(date(object.modified_ms)),
        storage_class: Some(dto::ObjectStorageClass::from_static(
            dto::ObjectStorageClass::STANDARD,
        )),
        ..Default::default()
    }
}
