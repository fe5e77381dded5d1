//! URLs of pictures in responses, signed where a request needs a signature.

use api::{TitleCard, paths};

use super::signed_urls;
use crate::{
    error::Error,
    media::Film,
    platform::{Clock, Platform},
    rules::signature::{Keys, Scope},
};

/// Signs the picture URLs of one response.
pub(super) struct PictureSigner {
    keys: Option<Keys>,
    /// Whether pictures of the own store are served without a signature.
    is_open: bool,
    now_ms: u64,
}

impl PictureSigner {
    pub(super) async fn of<P: Platform>(platform: &P) -> Result<Self, Error> {
        let (keys, is_open) =
            (signed_urls::keys(platform).await?, signed_urls::is_open(platform).await?);
        Ok(Self { keys, is_open, now_ms: platform.clock().now_ms() })
    }

    /// Signs a URL where needed. A URL that is not one of our pictures stays as it is.
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
