//! `GET | POST /api/v2/watchlist`: titles that a viewer wants to watch later.

use api::{Envelope, NewWatchlistEntry, Watchlist, WatchlistEntry};
use catalog::{OWN_PROVIDER, Title, title_card};

use super::picture_urls::PictureSigner;
use crate::{
    catalog_cache,
    error::Error,
    http::{Headers, Method, Reply},
    platform::{Platform, StreamOf, Upload},
    viewers::{self, Viewer},
};

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    headers: &Headers,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let viewer = viewers::known_viewer(platform, headers).await?;
    let pictures = PictureSigner::of(platform).await?;
    if method == Method::Post {
        let NewWatchlistEntry { catalog_id } = super::parsed(upload).await?;
        let title = catalog_cache::title(platform, &catalog_id).await?;
        let title = title.ok_or(Error::NotFound("title"))?;
        let updated_at_ms = viewers::put_watchlist_entry(platform, viewer, &title.id).await?;
        return Ok(super::json(201, &Envelope::data(wished(&pictures, &title, updated_at_ms))));
    }
    let items = items(platform, viewer, &pictures).await?;
    Ok(super::json(200, &Envelope::data(Watchlist { items })))
}

/// The titles of a viewer's list that the catalog has, under the ids that they have now.
async fn items<P: Platform>(
    platform: &P,
    viewer: Viewer,
    pictures: &PictureSigner,
) -> Result<Vec<WatchlistEntry>, Error> {
    let mut items = Vec::new();
    for (id, updated_at_ms) in viewers::watchlist(platform, viewer).await? {
        let Some(title) = catalog_cache::title(platform, &id).await? else { continue };
        let stays = title.id == id
            || viewers::move_watchlist_entry(platform, viewer, &id, &title.id).await?;
        if stays {
            items.push(wished(pictures, &title, updated_at_ms));
        }
    }
    Ok(items)
}

fn wished(pictures: &PictureSigner, title: &Title, updated_at_ms: u64) -> WatchlistEntry {
    let mut card = title_card(title);
    pictures.sign_cards([&mut card]);
    WatchlistEntry {
        catalog_id: card.id,
        title: card.title,
        cover_image: card.cover_image,
        provider: OWN_PROVIDER.to_owned(),
        updated_at_ms,
    }
}
