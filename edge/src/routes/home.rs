//! `GET /api/v2/home`: the page's first view.

use api::Envelope;
use catalog::PROVIDER;

use super::pictures::Pictures;
use crate::{
    error::Error,
    platform::{Platform, StreamOf},
    reply::Reply,
    request::Headers,
    shelf,
};

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let mut home = shelf::home(platform).await?;
    let lists = [&mut home.featured, &mut home.ongoing, &mut home.recent];
    Pictures::of(platform).await?.sign_cards(lists.into_iter().flatten());
    let envelope = Envelope::data(home).with_meta("provider", PROVIDER);
    Ok(super::json_until_changed(headers, &envelope))
}
