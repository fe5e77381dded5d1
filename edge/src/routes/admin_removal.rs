//! `DELETE /api/v2/admin/sources/{sourceId}` and `DELETE /api/v2/admin/pictures/{imageId}`: removes a film
//! or a picture from every store. The caller knows that no title of the current catalog has it.

use api::{Deleted, Envelope};

use crate::{
    error::Error,
    http::Reply,
    ingested_films,
    media::{self, Film},
    platform::{Platform, StreamOf},
};

pub(super) async fn remove_film<P: Platform>(
    platform: &P,
    source_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    media::remove_film(platform, Film::of(source_id)).await?;
    ingested_films::try_briefly(platform, ingested_films::forget(platform, source_id)).await;
    Ok(super::json(200, &Envelope::data(Deleted { deleted: true })))
}

pub(super) async fn remove_picture<P: Platform>(
    platform: &P,
    image_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    media::remove_picture(platform, Film::of(image_id)).await?;
    Ok(super::json(200, &Envelope::data(Deleted { deleted: true })))
}
