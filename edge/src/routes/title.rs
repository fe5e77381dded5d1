//! `GET /api/v2/catalog/{catalogId}`: one title.

use std::collections::BTreeMap;

use api::{Envelope, Home, TitleCard, TitleDetail, paths};
use catalog::{OWN_PROVIDER, Title};

use super::{episodes::episodes_of, picture_urls::PictureSigner};
use crate::{
    catalog_cache::{self, FoundTitle},
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
};

/// Other titles shown beside one: two rows.
const RECOMMENDATION_COUNT_MAX: usize = 12;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    catalog_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let found = catalog_cache::found_title(platform, catalog_id).await?;
    let FoundTitle { title, moved } = found.ok_or(Error::NotFound("title"))?;
    let home = catalog_cache::home(platform).await?;
    let mut view = view(title, moved, home);
    let pictures = PictureSigner::of(platform).await?;
    pictures.sign(&mut view.cover_image);
    view.banner_image.iter_mut().for_each(|url| pictures.sign(url));
    pictures.sign_cards(&mut view.recommendations);
    let envelope = Envelope::data(view).with_meta("provider", OWN_PROVIDER);
    Ok(super::json_until_changed(headers, &envelope))
}

fn view(title: Title, mut moved_episodes: BTreeMap<String, String>, home: Home) -> TitleDetail {
    for episode in &title.episodes {
        let id = title.id_of(episode);
        moved_episodes.extend(episode.former_ids.iter().map(|from| (from.clone(), id.clone())));
    }
    let others = |card: &TitleCard| card.id != title.id;
    let recommendations =
        home.recent.into_iter().filter(others).take(RECOMMENDATION_COUNT_MAX).collect();
    TitleDetail {
        episodes: episodes_of(&title),
        cover_image: title.cover.as_deref().map(image_url).unwrap_or_default(),
        banner_image: title.banner.as_deref().map(image_url),
        id: title.id,
        title: title.title,
        synopsis: title.synopsis,
        genres: title.genres,
        metadata: title.metadata,
        moved_episodes,
        recommendations,
        provider: OWN_PROVIDER.to_owned(),
    }
}

fn image_url(image_id: &str) -> String {
    format!("{}{image_id}", paths::IMAGE)
}
