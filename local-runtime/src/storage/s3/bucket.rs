//! The bucket itself: `ListBuckets`, `GetBucketLocation`, `CreateBucket`.

use std::{sync::Arc, time::SystemTime};

use s3s::{S3Response, S3Result, dto, s3_error};

use crate::storage::{BUCKET, DataFolder, run_blocking};

/// The one bucket.
pub(super) async fn list(
    folder: Arc<DataFolder>,
    input: dto::ListBucketsInput,
) -> S3Result<S3Response<dto::ListBucketsOutput>> {
    let created = run_blocking(move || folder.created()).await?;
    let is_listed = input.prefix.as_ref().is_none_or(|prefix| BUCKET.starts_with(prefix));
    let bucket = dto::Bucket {
        name: Some(BUCKET.to_owned()),
        creation_date: Some(created.unwrap_or(SystemTime::UNIX_EPOCH).into()),
        ..Default::default()
    };
    Ok(S3Response::new(dto::ListBucketsOutput {
        buckets: Some(is_listed.then_some(bucket).into_iter().collect()),
        owner: Some(dto::Owner {
            display_name: Some(BUCKET.to_owned()),
            id: Some(BUCKET.to_owned()),
        }),
        prefix: input.prefix,
        ..Default::default()
    }))
}

/// No constraint, which clients read as `us-east-1`. A request may be signed for any region.
pub(super) fn location() -> S3Response<dto::GetBucketLocationOutput> {
    S3Response::new(dto::GetBucketLocationOutput::default())
}

/// Always an error: the one bucket exists. Clients create a bucket before they write to it, and go
/// on after `BucketAlreadyOwnedByYou`.
pub(super) fn create(bucket: &str) -> S3Result<S3Response<dto::CreateBucketOutput>> {
    if bucket == BUCKET {
        return Err(s3_error!(BucketAlreadyOwnedByYou, "the bucket firstframe always exists"));
    }
    Err(s3_error!(TooManyBuckets, "this store has one bucket, firstframe"))
}
