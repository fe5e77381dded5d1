//! URLs of pictures in answers: signed where nobody gets them otherwise.

use api::{TitleCard, paths};

use super::signed_urls;
use crate::{
    error::Error,
    media::Film,
    platform::{Clock, Platform},
    rules::signature::{Keys, Scope},
};

/// Signs the URLs of one answer.
pub(super) struct ImageSigner {
    keys: Option<Keys>,
    /// Whether those of the own store are sent to everybody.
    is_open: bool,
    now_ms: u64,
}

impl ImageSigner {
    pub(super) async fn of<P: Platform>(platform: &P) -> Result<Self, Error> {
        let (keys, is_open) =
            (signed_urls::keys(platform).await?, signed_urls::is_open(platform).await?);
        Ok(Self { keys, is_open, now_ms: platform.clock().now_ms() })
    }

    /// The same URL as its client needs it. Any that is no picture's of ours stays as it is.
    pub(super) fn sign(&self, url: &mut String) {
        let Some(id) = url.strip_prefix(paths::IMAGE) else { return };
        if self.is_open && matches!(Film::of(id), Film::Own(_)) {
            return;
        }
        if let Some(keys) = &self.keys {
            *url = format!("{url}?{}", keys.sign(Scope::Image, id, self.now_ms));
        }
    }

    pub(super) fn sign_cards<'a>(&self, cards: impl IntoIterator<Item = &'a mut TitleCard>) {
        for card in cards {
            self.sign(&mut card.cover_image);
        }
    }
}
