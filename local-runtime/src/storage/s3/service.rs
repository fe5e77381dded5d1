//! Which S3 operations there are; each is a function in a file beside this one.

use std::sync::Arc;

use s3s::{
    S3, S3Request, S3Response, S3Result, auth::SimpleAuth, dto, s3_error, service::S3Service,
    service::S3ServiceBuilder,
};

use super::{multipart, read, write};
use crate::storage::{BUCKET, Folder};

/// The S3 service over `folder`, for whoever signs with this key.
pub(crate) fn service(folder: Arc<Folder>, access_key: &str, secret_key: &str) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Store(folder));
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.build()
}

struct Store(Arc<Folder>);

impl Store {
    /// The folder, if that is the bucket asked for.
    fn of(&self, bucket: &str) -> S3Result<Arc<Folder>> {
        if bucket == BUCKET { Ok(Arc::clone(&self.0)) } else { Err(s3_error!(NoSuchBucket)) }
    }
}

/// What an operation of S3 takes and gives.
type Request<T> = S3Request<T>;
type Reply<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Store {
    async fn head_bucket(
        &self,
        request: Request<dto::HeadBucketInput>,
    ) -> Reply<dto::HeadBucketOutput> {
        self.of(&request.input.bucket)?;
        Ok(S3Response::new(dto::HeadBucketOutput::default()))
    }

    async fn head_object(
        &self,
        request: Request<dto::HeadObjectInput>,
    ) -> Reply<dto::HeadObjectOutput> {
        read::head(self.of(&request.input.bucket)?, request.input).await
    }

    async fn get_object(
        &self,
        request: Request<dto::GetObjectInput>,
    ) -> Reply<dto::GetObjectOutput> {
        read::get(self.of(&request.input.bucket)?, request.input).await
    }

    async fn list_objects_v2(
        &self,
        request: Request<dto::ListObjectsV2Input>,
    ) -> Reply<dto::ListObjectsV2Output> {
        read::list(self.of(&request.input.bucket)?, request.input).await
    }

    async fn put_object(
        &self,
        request: Request<dto::PutObjectInput>,
    ) -> Reply<dto::PutObjectOutput> {
        write::put(self.of(&request.input.bucket)?, request.input).await
    }

    async fn copy_object(
        &self,
        request: Request<dto::CopyObjectInput>,
    ) -> Reply<dto::CopyObjectOutput> {
        write::copy(self.of(&request.input.bucket)?, request.input).await
    }

    async fn delete_object(
        &self,
        request: Request<dto::DeleteObjectInput>,
    ) -> Reply<dto::DeleteObjectOutput> {
        write::delete(self.of(&request.input.bucket)?, request.input).await
    }

    async fn create_multipart_upload(
        &self,
        request: Request<dto::CreateMultipartUploadInput>,
    ) -> Reply<dto::CreateMultipartUploadOutput> {
        multipart::create(self.of(&request.input.bucket)?, request.input).await
    }

    async fn upload_part(
        &self,
        request: Request<dto::UploadPartInput>,
    ) -> Reply<dto::UploadPartOutput> {
        multipart::upload(self.of(&request.input.bucket)?, request.input).await
    }

    async fn list_parts(
        &self,
        request: Request<dto::ListPartsInput>,
    ) -> Reply<dto::ListPartsOutput> {
        multipart::list(self.of(&request.input.bucket)?, request.input).await
    }

    async fn list_multipart_uploads(
        &self,
        request: Request<dto::ListMultipartUploadsInput>,
    ) -> Reply<dto::ListMultipartUploadsOutput> {
        multipart::uploads(self.of(&request.input.bucket)?, request.input).await
    }

    async fn complete_multipart_upload(
        &self,
        request: Request<dto::CompleteMultipartUploadInput>,
    ) -> Reply<dto::CompleteMultipartUploadOutput> {
        multipart::complete(self.of(&request.input.bucket)?, request.input).await
    }

    async fn abort_multipart_upload(
        &self,
        request: Request<dto::AbortMultipartUploadInput>,
    ) -> Reply<dto::AbortMultipartUploadOutput> {
        multipart::abort(self.of(&request.input.bucket)?, request.input).await
    }
}
