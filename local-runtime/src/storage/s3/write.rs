//! `PutObject`, `CopyObject` and `DeleteObject`.

use std::sync::Arc;

use bytes::BytesMut;
use futures::StreamExt as _;
use s3s::{
    S3Response, S3Result,
    crypto::{Checksum as _, Md5},
    dto, s3_error,
};

use super::reply::{date, etag};
use crate::storage::{Draft, Folder, INCOMING, blocking};

/// Bytes of one `PutObject` or part, as S3 has it.
const PUT_BYTES_MAX: u64 = 5 << 30;
/// What is gathered before one write to disk, so that small network reads cost few of them.
const WRITE_BYTES: usize = 256 << 10;
/// What is read of a body after it was refused: any part that publish sends.
const DRAIN_BYTES_MAX: usize = 64 << 20;

pub(super) async fn put(
    folder: Arc<Folder>,
    input: dto::PutObjectInput,
) -> S3Result<S3Response<dto::PutObjectOutput>> {
    if input.if_match.is_some() || input.if_none_match.is_some() {
        return Err(s3_error!(NotImplemented, "conditional writes"));
    }
    let md5 = input.content_md5.as_deref();
    let draft = receive(&folder, input.body, input.content_length, md5).await?;
    let object = blocking(move || folder.put(&input.key, input.content_type, draft)).await?;
    Ok(S3Response::new(dto::PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        ..Default::default()
    }))
}

/// The body of a request, on disk; if it breaks off, nothing of it stays.
pub(super) async fn receive(
    folder: &Arc<Folder>,
    body: Option<dto::StreamingBlob>,
    length: Option<i64>,
    md5: Option<&str>,
) -> S3Result<Draft> {
    let mut check = md5.map(Check::new).transpose()?;
    let length = length.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
    if length.is_some_and(|length| length > PUT_BYTES_MAX) {
        return Err(s3_error!(EntityTooLarge));
    }
    let begin = Arc::clone(folder);
    let draft = blocking(move || begin.draft(PUT_BYTES_MAX)).await?;
    let mut body = body.unwrap_or_else(|| dto::StreamingBlob::from(s3s::Body::empty()));
    let draft = match fill(draft, &mut body, check.as_mut()).await {
        Ok(draft) => draft,
        Err(error) => {
            drain(&mut body).await;
            return Err(error);
        }
    };
    if length.is_some_and(|length| length != draft.size()) {
        return Err(s3_error!(IncompleteBody));
    }
    if let Some(check) = check {
        check.finish()?;
    }
    Ok(draft)
}

/// `Content-MD5` (RFC 1864), which whoever sent it wants to be held against what came.
struct Check {
    wanted: [u8; 16],
    md5: Md5,
}

impl Check {
    fn new(header: &str) -> S3Result<Self> {
        let wanted = base64_simd::STANDARD.decode_to_vec(header).ok();
        let wanted = wanted.and_then(|bytes| bytes.try_into().ok());
        let wanted = wanted.ok_or_else(|| s3_error!(InvalidDigest))?;
        Ok(Self { wanted, md5: Md5::new() })
    }

    fn finish(self) -> S3Result<()> {
        if self.md5.finalize() == self.wanted { Ok(()) } else { Err(s3_error!(BadDigest)) }
    }
}

async fn fill(
    mut draft: Draft,
    body: &mut dto::StreamingBlob,
    mut check: Option<&mut Check>,
) -> S3Result<Draft> {
    let mut gathered = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| s3_error!(IncompleteBody))?;
        if let Some(check) = &mut check {
            check.md5.update(&chunk);
        }
        gathered.extend_from_slice(&chunk);
        if gathered.len() >= WRITE_BYTES {
            (draft, gathered) = write(draft, gathered).await?;
        }
    }
    (draft, _) = write(draft, gathered).await?;
    Ok(draft)
}

/// Reads what is left of a body that is refused, so that its sender comes to read why.
async fn drain(body: &mut dto::StreamingBlob) {
    let mut left = DRAIN_BYTES_MAX;
    while let Some(Ok(chunk)) = body.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}

async fn write(mut draft: Draft, mut gathered: BytesMut) -> S3Result<(Draft, BytesMut)> {
    let written = blocking(move || {
        draft.write(&gathered)?;
        gathered.clear();
        Ok((draft, gathered))
    });
    Ok(written.await?)
}

/// Only from `incoming`, which moves the file.
pub(super) async fn copy(
    folder: Arc<Folder>,
    input: dto::CopyObjectInput,
) -> S3Result<S3Response<dto::CopyObjectOutput>> {
    let dto::CopySource::Bucket { bucket, key: name, .. } = input.copy_source else {
        return Err(s3_error!(NotImplemented, "copies from an access point"));
    };
    if *bucket != *INCOMING {
        return Err(s3_error!(NotImplemented, "copies other than from the bucket incoming"));
    }
    let object = blocking(move || folder.take_in(&input.key, input.content_type, &name)).await?;
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
    folder: Arc<Folder>,
    input: dto::DeleteObjectInput,
) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
    blocking(move || folder.delete(&input.key)).await?;
    Ok(S3Response::new(dto::DeleteObjectOutput::default()))
}
