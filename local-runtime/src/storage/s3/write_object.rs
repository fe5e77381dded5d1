//! `PutObject`, `CopyObject` and `DeleteObject`.

use std::sync::Arc;

use s3s::{S3Response, S3Result, dto, s3_error};

use super::{
    convert::{date, etag},
    request_body,
};
use crate::storage::{DataFolder, INCOMING_BUCKET, check_key, run_blocking};

pub(super) async fn put(
    folder: Arc<DataFolder>,
    input: dto::PutObjectInput,
) -> S3Result<S3Response<dto::PutObjectOutput>> {
    if input.if_match.is_some() || input.if_none_match.is_some() {
        return Err(s3_error!(NotImplemented, "conditional writes"));
    }
    // Before the body is written.
    check_key(&input.key)?;
    let md5 = input.content_md5.as_deref();
    let blob = request_body::receive(&folder, input.body, input.content_length, md5).await?;
    let put = run_blocking(move || folder.put_object(&input.key, input.content_type, blob));
    let object = put.await?;
    Ok(S3Response::new(dto::PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        ..Default::default()
    }))
}

/// `CopyObject` from the bucket `incoming` only, which moves the file.
pub(super) async fn copy(
    folder: Arc<DataFolder>,
    input: dto::CopyObjectInput,
) -> S3Result<S3Response<dto::CopyObjectOutput>> {
    let dto::CopySource::Bucket { bucket, key: name, .. } = input.copy_source else {
        return Err(s3_error!(NotImplemented, "copies from an access point"));
    };
    if *bucket != *INCOMING_BUCKET {
        return Err(s3_error!(NotImplemented, "copies other than from the bucket incoming"));
    }
    let import =
        run_blocking(move || folder.import_incoming(&input.key, input.content_type, &name));
    let object = import.await?;
    Ok(S3Response::new(dto::CopyObjectOutput {
        copy_object_result: Some(dto::CopyObjectResult {
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(date(object.modified_ms)),
            ..Default::default()
        }),
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
