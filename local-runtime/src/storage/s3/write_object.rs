//! `PutObject`, `DeleteObject` and `DeleteObjects`.

use std::sync::Arc;

use s3s::{S3Request, S3Response, S3Result, dto, s3_error};

use super::{
    checksums::BodyChecksums,
    conditions::write_condition,
    convert::etag,
    metadata::{metadata_of, refuse_unsupported},
    request_body::{self, BodyFields},
};
use crate::storage::{DataFolder, check_key, run_blocking};

/// Keys of one `DeleteObjects`: S3's cap.
const DELETED_KEYS_MAX: usize = 1000;

pub(super) async fn put(
    folder: Arc<DataFolder>,
    request: S3Request<dto::PutObjectInput>,
) -> S3Result<S3Response<dto::PutObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    // Before the body is written.
    check_key(&request.input.key)?;
    let checksums = BodyChecksums::of(&request.headers, request.trailing_headers);
    let mut input = request.input;
    let condition = write_condition(input.if_match.take(), input.if_none_match.take())?;
    let metadata = metadata_of!(input)?;
    let fields = BodyFields::new(input.content_length, input.content_md5.as_deref(), checksums)?;
    let (blob, sums) = request_body::receive(&folder, input.body, fields).await?;
    let key = input.key;
    let object =
        run_blocking(move || folder.put_object_if(&key, metadata, blob, &condition)).await?;
    Ok(S3Response::new(dto::PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..Default::default()
    }))
}

pub(super) async fn delete(
    folder: Arc<DataFolder>,
    input: dto::DeleteObjectInput,
) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
    run_blocking(move || folder.delete_object(&input.key)).await?;
    Ok(S3Response::new(dto::DeleteObjectOutput::default()))
}

pub(super) async fn delete_many(
    folder: Arc<DataFolder>,
    input: dto::DeleteObjectsInput,
) -> S3Result<S3Response<dto::DeleteObjectsOutput>> {
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > DELETED_KEYS_MAX {
        return Err(s3_error!(MalformedXML, "a DeleteObjects has from 1 to 1,000 keys"));
    }
    let keys: Vec<String> = objects.into_iter().map(|object| object.key).collect();
    let deleted =
        keys.iter().map(|key| dto::DeletedObject { key: Some(key.clone()), ..Default::default() });
    let is_quiet = input.delete.quiet.unwrap_or(false);
    let deleted = (!is_quiet).then(|| deleted.collect());
    run_blocking(move || folder.delete_objects(&keys)).await?;
    Ok(S3Response::new(dto::DeleteObjectsOutput { deleted, ..Default::default() }))
}
