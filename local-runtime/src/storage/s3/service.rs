//! The S3 operations that the service has. The other files of this folder implement them.

use std::sync::Arc;

use s3s::{
    S3, S3Request, S3Response, S3Result, auth::SimpleAuth, dto, s3_error, service::S3Service,
    service::S3ServiceBuilder,
};

use super::{
    access::SignedRequests, bucket, copy_object, list_objects, multipart, read_object, write_object,
};
use crate::storage::{BUCKET, DataFolder};

/// The S3 service of `folder`. Requests have to be signed with this key.
pub(crate) fn service(folder: Arc<DataFolder>, access_key: &str, secret_key: &str) -> S3Service {
    let mut builder = S3ServiceBuilder::new(S3Operations(folder));
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.set_access(SignedRequests);
    builder.build()
}

struct S3Operations(Arc<DataFolder>);

impl S3Operations {
    /// The data folder, where the requested bucket is the one that there is.
    fn folder(&self, bucket: &str) -> S3Result<Arc<DataFolder>> {
        if bucket == BUCKET { Ok(Arc::clone(&self.0)) } else { Err(s3_error!(NoSuchBucket)) }
    }
}

/// The result of an S3 operation.
type S3Reply<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for S3Operations {
    async fn head_bucket(
        &self,
        request: S3Request<dto::HeadBucketInput>,
    ) -> S3Reply<dto::HeadBucketOutput> {
        self.folder(&request.input.bucket)?;
        Ok(S3Response::new(dto::HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        request: S3Request<dto::ListBucketsInput>,
    ) -> S3Reply<dto::ListBucketsOutput> {
        bucket::list(self.folder(BUCKET)?, request.input).await
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<dto::GetBucketLocationInput>,
    ) -> S3Reply<dto::GetBucketLocationOutput> {
        self.folder(&request.input.bucket)?;
        Ok(bucket::location())
    }

    async fn create_bucket(
        &self,
        request: S3Request<dto::CreateBucketInput>,
    ) -> S3Reply<dto::CreateBucketOutput> {
        bucket::create(&request.input.bucket)
    }

    async fn head_object(
        &self,
        request: S3Request<dto::HeadObjectInput>,
    ) -> S3Reply<dto::HeadObjectOutput> {
        read_object::head(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn get_object(
        &self,
        request: S3Request<dto::GetObjectInput>,
    ) -> S3Reply<dto::GetObjectOutput> {
        read_object::get(self.folder(&request.input.bucket)?, request.input).await
    }

    /// No object has tags; clients copy those of a large object before its bytes.
    async fn get_object_tagging(
        &self,
        request: S3Request<dto::GetObjectTaggingInput>,
    ) -> S3Reply<dto::GetObjectTaggingOutput> {
        read_object::open(self.folder(&request.input.bucket)?, request.input.key).await?;
        Ok(S3Response::new(dto::GetObjectTaggingOutput { tag_set: vec![], version_id: None }))
    }

    async fn list_objects(
        &self,
        request: S3Request<dto::ListObjectsInput>,
    ) -> S3Reply<dto::ListObjectsOutput> {
        list_objects::list_v1(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<dto::ListObjectsV2Input>,
    ) -> S3Reply<dto::ListObjectsV2Output> {
        list_objects::list_v2(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn put_object(
        &self,
        request: S3Request<dto::PutObjectInput>,
    ) -> S3Reply<dto::PutObjectOutput> {
        write_object::put(self.folder(&request.input.bucket)?, request).await
    }

    async fn copy_object(
        &self,
        request: S3Request<dto::CopyObjectInput>,
    ) -> S3Reply<dto::CopyObjectOutput> {
        copy_object::copy(self.folder(&request.input.bucket)?, request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<dto::DeleteObjectInput>,
    ) -> S3Reply<dto::DeleteObjectOutput> {
        write_object::delete(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<dto::DeleteObjectsInput>,
    ) -> S3Reply<dto::DeleteObjectsOutput> {
        write_object::delete_many(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<dto::CreateMultipartUploadInput>,
    ) -> S3Reply<dto::CreateMultipartUploadOutput> {
        multipart::create(self.folder(&request.input.bucket)?, request).await
    }

    async fn upload_part(
        &self,
        request: S3Request<dto::UploadPartInput>,
    ) -> S3Reply<dto::UploadPartOutput> {
        multipart::upload_part(self.folder(&request.input.bucket)?, request).await
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<dto::UploadPartCopyInput>,
    ) -> S3Reply<dto::UploadPartCopyOutput> {
        copy_object::upload_part_copy(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn list_parts(
        &self,
        request: S3Request<dto::ListPartsInput>,
    ) -> S3Reply<dto::ListPartsOutput> {
        multipart::list_parts(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<dto::ListMultipartUploadsInput>,
    ) -> S3Reply<dto::ListMultipartUploadsOutput> {
        multipart::list_uploads(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<dto::CompleteMultipartUploadInput>,
    ) -> S3Reply<dto::CompleteMultipartUploadOutput> {
        multipart::complete(self.folder(&request.input.bucket)?, request.input).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<dto::AbortMultipartUploadInput>,
    ) -> S3Reply<dto::AbortMultipartUploadOutput> {
        multipart::abort(self.folder(&request.input.bucket)?, request.input).await
    }
}
