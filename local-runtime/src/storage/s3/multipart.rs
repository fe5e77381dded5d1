//! Multipart uploads: create, upload a part, list, complete, abort. `copy_object` copies a part.

use std::sync::Arc;

use s3s::{S3Request, S3Response, S3Result, dto, s3_error};

use super::{
    checksums::BodyChecksums,
    conditions::write_condition,
    convert::{date, etag, size},
    metadata::{metadata_of, refuse_unsupported},
    request_body::{self, BodyFields},
};
use crate::storage::{DataFolder, LIST_PAGE_MAX, run_blocking};

/// The highest part number: S3's cap.
const PART_NUMBER_MAX: i32 = 10_000;

pub(super) async fn create(
    folder: Arc<DataFolder>,
    request: S3Request<dto::CreateMultipartUploadInput>,
) -> S3Result<S3Response<dto::CreateMultipartUploadOutput>> {
    refuse_unsupported(&request.headers)?;
    let mut input = request.input;
    let metadata = metadata_of!(input)?;
    let key = input.key.clone();
    let id = run_blocking(move || folder.create_upload(&key, metadata)).await?;
    Ok(S3Response::new(dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        ..Default::default()
    }))
}

pub(super) async fn upload_part(
    folder: Arc<DataFolder>,
    request: S3Request<dto::UploadPartInput>,
) -> S3Result<S3Response<dto::UploadPartOutput>> {
    let checksums = BodyChecksums::of(&request.headers, request.trailing_headers);
    let input = request.input;
    let (id, key, number) = (input.upload_id, input.key, input.part_number);
    check_part_number(number)?;
    let fields = BodyFields::new(input.content_length, input.content_md5.as_deref(), checksums)?;
    let (blob, sums) = request_body::receive(&folder, input.body, fields).await?;
    let part = run_blocking(move || folder.put_part(&id, &key, number, blob)).await?;
    Ok(S3Response::new(dto::UploadPartOutput {
        e_tag: Some(etag(&part.etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..Default::default()
    }))
}

/// An error for a number that no part may have.
pub(super) fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=PART_NUMBER_MAX).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "a part number is from 1 to 10,000"))
}

pub(super) async fn list_parts(
    folder: Arc<DataFolder>,
    input: dto::ListPartsInput,
) -> S3Result<S3Response<dto::ListPartsOutput>> {
    let after = input.part_number_marker.unwrap_or(0);
    let count = input.max_parts.and_then(|count| usize::try_from(count).ok());
    let count = count.unwrap_or(LIST_PAGE_MAX).min(LIST_PAGE_MAX);
    let (id, key) = (input.upload_id.clone(), input.key.clone());
    // One part more than requested says whether there is a next page.
    let mut parts = run_blocking(move || folder.parts(&id, &key, after, count + 1)).await?;
    let has_more = parts.len() > count;
    parts.truncate(count);
    let last = parts.last().map(|part| part.number);
    let parts = parts
        .into_iter()
        .map(|part| dto::Part {
            part_number: Some(part.number),
            size: Some(size(part.size)),
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(date(part.modified_ms)),
            ..Default::default()
        })
        .collect();
    Ok(S3Response::new(dto::ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: last.filter(|_| has_more),
        max_parts: i32::try_from(count).ok(),
        is_truncated: Some(has_more),
        parts: Some(parts),
        ..Default::default()
    }))
}

/// All pending uploads: there are never more than S3 lists on one page.
pub(super) async fn list_uploads(
    folder: Arc<DataFolder>,
    input: dto::ListMultipartUploadsInput,
) -> S3Result<S3Response<dto::ListMultipartUploadsOutput>> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let uploads = run_blocking(move || folder.pending_uploads(&prefix)).await?;
    let uploads = uploads
        .into_iter()
        .map(|upload| dto::MultipartUpload {
            key: Some(upload.key),
            upload_id: Some(upload.id),
            initiated: Some(date(upload.created_ms)),
            ..Default::default()
        })
        .collect();
    Ok(S3Response::new(dto::ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        is_truncated: Some(false),
        uploads: Some(uploads),
        ..Default::default()
    }))
}

pub(super) async fn complete(
    folder: Arc<DataFolder>,
    input: dto::CompleteMultipartUploadInput,
) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
    let condition = write_condition(input.if_match, input.if_none_match)?;
    let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let named = parts
        .into_iter()
        .map(|part| Some((part.part_number?, part.e_tag?.into_value())))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| s3_error!(InvalidPart, "a part is named by its number and its ETag"))?;
    let (id, key) = (input.upload_id, input.key.clone());
    let object =
        run_blocking(move || folder.complete_upload(&id, &key, &named, &condition)).await?;
    Ok(S3Response::new(dto::CompleteMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&object.etag)),
        ..Default::default()
    }))
}

pub(super) async fn abort(
    folder: Arc<DataFolder>,
    input: dto::AbortMultipartUploadInput,
) -> S3Result<S3Response<dto::AbortMultipartUploadOutput>> {
    run_blocking(move || folder.abort_upload(&input.upload_id, &input.key)).await?;
    Ok(S3Response::new(dto::AbortMultipartUploadOutput::default()))
}
