//! `POST /api/v2/admin/sources`: ingests a film of a provider.

use api::{Envelope, IngestedFile, ProviderFile};

use crate::{
    error::Error,
    http::Reply,
    media::ingest,
    platform::{Platform, StreamOf, Upload},
    rules::provider::FILE_BYTES_MAX,
};

/// An id and a file's name, each of whose bytes may be escaped as `\u0000`.
const BODY_BYTES_MAX: usize = 6 * (FILE_BYTES_MAX + api::limits::ID_CHARS_MAX) + 64;

/// Idempotent: the same file has the same id, and its blocks are stored again.
pub(super) async fn ingest<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    let file = read_file(upload, subject).await?;
    let ingested = match ingest::ingest_film(platform, &file.provider, &file.file).await {
        Ok(ingested) => ingested,
        Err(error) => return Ok(error.into_explained_reply(platform)),
    };
    let registered = IngestedFile { size_bytes: ingested.size_bytes(), id: ingested.id };
    Ok(super::json(201, &Envelope::data(registered)))
}

/// Reads which file to ingest, and writes it to `subject`.
pub(super) async fn read_file<U: Upload>(
    upload: U,
    subject: &mut String,
) -> Result<ProviderFile, Error> {
    let body = super::read_upload(upload, BODY_BYTES_MAX).await?;
    let file: ProviderFile =
        serde_json::from_slice(&body).map_err(|error| Error::InvalidPayload(error.to_string()))?;
    *subject = format!("{}: {}", file.provider, file.file);
    Ok(file)
}
