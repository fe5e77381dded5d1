//! `POST /api/v2/admin/pictures`: takes up a picture that lies with a provider.

use api::{Envelope, IngestedFile};

use super::admin_source::registration;
use crate::{
    error::Error,
    platform::{Platform, StreamOf},
    reply::Reply,
    request::Upload,
    source::register,
};

pub(super) async fn register<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let asked = registration(upload).await?;
    let picture = register::picture(platform, &asked.provider, &asked.file).await?;
    let registered = IngestedFile { size_bytes: picture.size_bytes(), id: picture.id };
    Ok(super::json(201, &Envelope::data(registered)))
}
