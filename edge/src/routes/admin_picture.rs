//! `POST /api/v2/admin/pictures`: takes up a picture that lies with a provider.

use api::{Envelope, IngestedFile};

use super::admin_source::registration;
use crate::{
    error::Error,
    http::Reply,
    media::ingest,
    platform::{Platform, StreamOf, Upload},
};

pub(super) async fn register<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let asked = registration(upload).await?;
    let picture = ingest::ingest_picture(platform, &asked.provider, &asked.file).await?;
    let registered = IngestedFile { size_bytes: picture.size_bytes(), id: picture.id };
    Ok(super::json(201, &Envelope::data(registered)))
}
