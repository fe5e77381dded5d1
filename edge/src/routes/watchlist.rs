//! `GET | POST /api/v2/watchlist` and `DELETE /api/v2/watchlist/{catalogId}`: what a viewer wants
//! to come back to.

use api::{Deleted, Envelope, NewWatchlistEntry, Watchlist, WatchlistEntry};
use catalog::{PROVIDER, Title, title_card};

use super::image_urls::ImageSigner;
use crate::{
    accounts, catalog_cache,
    error::Error,
    http::{Headers, Method, Reply},
    platform::{Platform, StreamOf, Upload},
};

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    headers: &Headers,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let client = accounts::known_client(platform, headers).await?;
    let pictures = ImageSigner::of(platform).await?;
    if method == Method::Post {
        let NewWatchlistEntry { catalog_id } = super::parsed(upload).await?;
        let title = catalog_cache::title(platform, &catalog_id).await?;
        let title = title.ok_or(Error::NotFound("title"))?;
        let updated_at_ms = accounts::put_watchlist_entry(platform, client, &catalog_id).await?;
        return Ok(super::json(201, &Envelope::data(wished(&pictures, &title, updated_at_ms))));
    }
    let mut items = Vec::new();
    for (catalog_id, updated_at_ms) in accounts::watchlist(platform, client).await? {
        if let Some(title) = catalog_cache::title(platform, &catalog_id).await? {
            items.push(wished(&pictures, &title, updated_at_ms));
        }
    }
    Ok(super::json(200, &Envelope::data(Watchlist { items })))
}

pub(super) async fn remove<P: Platform>(
    platform: &P,
    headers: &Headers,
    catalog_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let client = accounts::known_client(platform, headers).await?;
    accounts::delete_watchlist_entry(platform, client, catalog_id).await?;
    Ok(super::json(200, &Envelope::data(Deleted { deleted: true })))
}

fn wished(pictures: &ImageSigner, title: &Title, updated_at_ms: u64) -> WatchlistEntry {
    let mut card = title_card(title);
    pictures.sign_cards([&mut card]);
    WatchlistEntry {
        catalog_id: card.id,
        title: card.title,
        cover_image: card.cover_image,
        provider: PROVIDER.to_owned(),
        updated_at_ms,
    }
}
