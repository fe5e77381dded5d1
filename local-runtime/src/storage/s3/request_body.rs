//! The body of `PutObject` and `UploadPart`: written to a blob as it arrives.

use std::sync::Arc;

use bytes::BytesMut;
use futures::StreamExt as _;
use s3s::{S3Result, dto, s3_error};

use super::checksums::BodyChecksums;
use crate::storage::{BlobWriter, DataFolder, run_blocking};

/// Bytes of one body: S3's cap.
const BODY_BYTES_MAX: u64 = 5 << 30;
/// Bytes that are buffered before one write to disk.
const WRITE_BYTES: usize = 256 << 10;
/// Bytes that are still read of a body that is refused: any part that `publish` sends.
const DRAIN_BYTES_MAX: usize = 64 << 20;

/// What a request says of its body.
pub(super) struct BodyFields {
    length: Option<u64>,
    /// `Content-MD5` (RFC 1864).
    md5: Option<[u8; 16]>,
    checksums: BodyChecksums,
}

impl BodyFields {
    pub(super) fn new(
        content_length: Option<i64>,
        content_md5: Option<&str>,
        checksums: BodyChecksums,
    ) -> S3Result<Self> {
        let length = content_length.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
        if length.is_some_and(|length| length > BODY_BYTES_MAX) {
            return Err(s3_error!(EntityTooLarge));
        }
        let decode = |field| base64_simd::STANDARD.decode_to_vec(field).ok()?.try_into().ok();
        let md5 = content_md5.map(|field| decode(field).ok_or_else(|| s3_error!(InvalidDigest)));
        Ok(Self { length, md5: md5.transpose()?, checksums })
    }
}

/// Writes a body into a new blob. A body that ends early, or that does not match what its request
/// says of it, leaves no file.
pub(super) async fn receive(
    folder: &Arc<DataFolder>,
    body: Option<dto::StreamingBlob>,
    fields: BodyFields,
) -> S3Result<(BlobWriter, dto::Checksum)> {
    let BodyFields { length, md5, mut checksums } = fields;
    let folder = Arc::clone(folder);
    let blob = run_blocking(move || folder.create_blob(BODY_BYTES_MAX)).await?;
    let mut body = body.unwrap_or_else(|| dto::StreamingBlob::from(s3s::Body::empty()));
    let blob = match write_all(blob, &mut body, &mut checksums).await {
        Ok(blob) => blob,
        Err(error) => {
            drain(&mut body).await;
            return Err(error);
        }
    };
    if length.is_some_and(|length| length != blob.size()) {
        return Err(s3_error!(IncompleteBody));
    }
    if md5.is_some_and(|md5| md5 != blob.md5()) {
        return Err(s3_error!(BadDigest));
    }
    Ok((blob, checksums.verify()?))
}

async fn write_all(
    mut blob: BlobWriter,
    body: &mut dto::StreamingBlob,
    checksums: &mut BodyChecksums,
) -> S3Result<BlobWriter> {
    let mut buffer = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| s3_error!(IncompleteBody))?;
        checksums.update(&chunk);
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
