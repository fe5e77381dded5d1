//! The home view, made once when a catalog is built, and the card of a title.

use api::{Home, TitleCard};

use crate::Title;

/// Name of the provider of every title in a catalog.
pub const OWN_PROVIDER: &str = "firstframe";

/// Cards at the head of the page: one row.
const FEATURED_COUNT_MAX: usize = 8;
/// Cards in each list. At some 300 bytes each, both lists stay far below one key-value value.
const LIST_COUNT_MAX: usize = 500;

/// The card that stands for a title in a list.
pub fn title_card(title: &Title) -> TitleCard {
    let count = title.episodes.len();
    TitleCard {
        id: title.id.clone(),
        title: title.title.clone(),
        cover_image: title.cover.as_deref().map(image_url).unwrap_or_default(),
        status_label: Some(if count > 1 { "Series" } else { "Film" }.to_owned()),
        episode_label: (count > 1).then(|| format!("{count} episodes")),
        provider: OWN_PROVIDER.to_owned(),
    }
}

pub(crate) fn image_url(image_id: &str) -> String {
    format!("{}{image_id}", api::paths::IMAGE)
}

/// Newest first; of titles that came at the same time, in order of their ids.
pub(crate) fn home(titles: &[Title]) -> Home {
    let mut newest: Vec<&Title> = titles.iter().filter(|title| title.moved_to.is_none()).collect();
    newest.sort_by(|a, b| b.added_at_ms.cmp(&a.added_at_ms).then_with(|| a.id.cmp(&b.id)));
    let cards = |keep: &dyn Fn(&Title) -> bool, count_max: usize| -> Vec<TitleCard> {
        newest
            .iter()
            .filter(|title| keep(title))
            .take(count_max)
            .map(|title| title_card(title))
            .collect()
    };
    Home {
        featured: cards(&|title| plays(title) && title.cover.is_some(), FEATURED_COUNT_MAX),
        ongoing: cards(&|title| title.episodes.len() > 1, LIST_COUNT_MAX),
        recent: cards(&|_| true, LIST_COUNT_MAX),
    }
}

fn plays(title: &Title) -> bool {
    title.episodes.iter().flat_map(|episode| &episode.sources).any(|source| source.playable)
}
