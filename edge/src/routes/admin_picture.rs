//! `POST /api/v2/admin/pictures`: ingests a picture of a provider.

use api::{Envelope, IngestedFile};

use super::admin_source::read_file;
use crate::{
    error::Error,
    http::Reply,
    media::ingest,
    platform::{Platform, StreamOf, Upload},
};

pub(super) async fn ingest<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    let file = read_file(upload, subject).await?;
    let picture = match ingest::ingest_picture(platform, &file.provider, &file.file).await {
        Ok(picture) => picture,
        Err(error) => return Ok(error.into_explained_reply(platform)),
    };
    let registered = IngestedFile { size_bytes: picture.size_bytes(), id: picture.id };
    Ok(super::json(201, &Envelope::data(registered)))
}
