//! `DELETE /api/v2/history/{catalogId}` and `DELETE /api/v2/watchlist/{catalogId}`: removes a title
//! from one of a viewer's lists.

use api::{Deleted, Envelope};

use crate::{
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
    viewers::{self, TitleList},
};

pub(super) async fn remove<P: Platform>(
    platform: &P,
    headers: &Headers,
    list: TitleList,
    catalog_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let viewer = viewers::known_viewer(platform, headers).await?;
    viewers::remove_title(platform, viewer, list, catalog_id).await?;
    Ok(super::json(200, &Envelope::data(Deleted { deleted: true })))
}
