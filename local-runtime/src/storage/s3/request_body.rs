//! The body of `PutObject` and `UploadPart`: written to a blob as it arrives.

use std::sync::Arc;

use bytes::BytesMut;
use futures::StreamExt as _;
use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
    dto, s3_error,
};

use crate::storage::{BlobWriter, DataFolder, run_blocking};

/// Bytes of one body: S3's cap.
const BODY_BYTES_MAX: u64 = 5 << 30;
/// Bytes that are buffered before one write to disk.
const WRITE_BYTES: usize = 256 << 10;
/// Bytes that are still read of a body that is refused: any part that `publish` sends.
const DRAIN_BYTES_MAX: usize = 64 << 20;

/// Writes a body into a new blob. A body that ends early, or that does not match its length or its
/// MD5, leaves no file.
pub(super) async fn receive(
    folder: &Arc<DataFolder>,
    body: Option<dto::StreamingBlob>,
    content_length: Option<i64>,
    content_md5: Option<&str>,
) -> S3Result<BlobWriter> {
    let mut md5 = content_md5.map(ContentMd5::parse).transpose()?;
    let length = content_length.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(s3_error!(EntityTooLarge));
    }
    let folder = Arc::clone(folder);
    let blob = run_blocking(move || folder.create_blob(BODY_BYTES_MAX)).await?;
    let mut body = body.unwrap_or_else(|| dto::StreamingBlob::from(s3s::Body::empty()));
    let blob = match write_all(blob, &mut body, md5.as_mut()).await {
        Ok(blob) => blob,
        Err(error) => {
            drain(&mut body).await;
            return Err(error);
        }
    };
    if length.is_some_and(|length| length != blob.size()) {
        return Err(s3_error!(IncompleteBody));
    }
    if let Some(md5) = md5 {
        md5.verify()?;
    }
    Ok(blob)
}

/// `Content-MD5` (RFC 1864): the digest that the client sent, and that of the bytes so far.
struct ContentMd5 {
    expected: [u8; 16],
    actual: Md5,
}

impl ContentMd5 {
    fn parse(header: &str) -> S3Result<Self> {
        let expected = base64_simd::STANDARD.decode_to_vec(header).ok();
        let expected = expected.and_then(|bytes| bytes.try_into().ok());
        let expected = expected.ok_or_else(|| s3_error!(InvalidDigest))?;
        Ok(Self { expected, actual: Md5::new() })
    }

    fn verify(self) -> S3Result<()> {
        if self.actual.finalize() == self.expected { Ok(()) } else { Err(s3_error!(BadDigest)) }
    }
}

async fn write_all(
    mut blob: BlobWriter,
    body: &mut dto::StreamingBlob,
    mut md5: Option<&mut ContentMd5>,
) -> S3Result<BlobWriter> {
    let mut buffer = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| s3_error!(IncompleteBody))?;
        if let Some(md5) = &mut md5 {
            md5.actual.update(&chunk);
        }
        buffer.extend_from_slice(&chunk);
        if buffer.len() >= WRITE_BYTES {
            (blob, buffer) = write(blob, buffer).await?;
        }
    }
    (blob, _) = write(blob, buffer).await?;
    Ok(blob)
}

/// Writes the buffer, and returns it empty.
async fn write(mut blob: BlobWriter, mut buffer: BytesMut) -> S3Result<(BlobWriter, BytesMut)> {
    let written = run_blocking(move || {
        blob.write(&buffer)?;
        buffer.clear();
        Ok((blob, buffer))
    });
    Ok(written.await?)
}

/// Reads the rest of a refused body, so that the client gets as far as reading the response.
async fn drain(body: &mut dto::StreamingBlob) {
    let mut remaining = DRAIN_BYTES_MAX;
    while let Some(Ok(chunk)) = body.next().await {
        remaining = remaining.saturating_sub(chunk.len());
        if remaining == 0 {
            return;
        }
    }
}
