//! `GET | POST /api/v2/admin/sources`: lists the ingested films of a provider, or ingests one.

use api::{Envelope, IngestedFilm, IngestedFilms, IngestedName, ProviderFile};
use percent_encoding::percent_decode_str;

use super::stream::report_and_drop;
use crate::{
    error::Error,
    http::Reply,
    ingested_films,
    media::{Film, ingest, start_index},
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
    let name = IngestedName {
        file: file.file,
        id: ingested.id.clone(),
        size_bytes: ingested.size_bytes(),
    };
    // The film plays without this entry.
    let noted = ingested_films::note(platform, &file.provider, &name);
    ingested_films::try_briefly(platform, noted).await;
    Ok(super::json(201, &Envelope::data(described(platform, name).await)))
}

/// A film with what its start index says of it; it plays without that.
async fn described<P: Platform>(platform: &P, name: IngestedName) -> IngestedFilm {
    let description = start_index::description(platform, Film::of(&name.id)).await;
    let described = report_and_drop(platform, description).flatten();
    IngestedFilm {
        size_bytes: name.size_bytes,
        duration_ms: described.as_ref().map(|film| film.duration_ms),
        height: described.as_ref().and_then(|film| film.height),
        codec: described.map(|film| film.codec),
        id: name.id,
    }
}

/// The films of `provider=`, behind the name of `after=`.
pub(super) async fn list<P: Platform>(
    platform: &P,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let value = |name: &str| {
        let found = query.split('&').find_map(|part| part.strip_prefix(name));
        let decoded = percent_decode_str(found.unwrap_or_default()).decode_utf8();
        decoded.map_err(|_| Error::InvalidPayload(format!("`{name}` is not UTF-8")))
    };
    let (provider, after) = (value("provider=")?, value("after=")?);
    if provider.is_empty() {
        return Err(Error::InvalidPayload("name a provider: `?provider=…`".to_owned()));
    }
    let items = ingested_films::list(platform, &provider, &after).await?;
    Ok(super::json(200, &Envelope::data(IngestedFilms { items })))
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
