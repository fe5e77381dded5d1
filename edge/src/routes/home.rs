//! `GET /api/v2/home`: the page's first view.

use api::Envelope;
use catalog::OWN_PROVIDER;

use super::picture_urls::PictureSigner;
use crate::{
    catalog_cache,
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
};

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let mut home = catalog_cache::home(platform).await?;
    let lists = [&mut home.featured, &mut home.ongoing, &mut home.recent];
    PictureSigner::of(platform).await?.sign_cards(lists.into_iter().flatten());
    let envelope = Envelope::data(home).with_meta("provider", OWN_PROVIDER);
    Ok(super::json_until_changed(headers, &envelope))
}
