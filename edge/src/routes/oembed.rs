//! `GET | HEAD /oembed?url=…`: what a site needs to embed an episode (<https://oembed.com>).

use serde::Serialize;
use url::{Url, form_urlencoded};

use super::{
    episode_head::SITE_NAME,
    episode_page::{self, EpisodePage},
    image,
};
use crate::{
    error::Error,
    http::{Connection, Headers, Reply},
    platform::{Platform, StreamOf},
    route::Route,
    rules::html::escaped,
};

/// Pixels of the player's width where the site names none, and the most.
const USUAL_WIDTH: u32 = 640;
const WIDEST: u32 = 1920;
/// What a site lets the frame do besides filling the screen: begin by itself, and leave the page as a small
/// picture.
const ALLOWED: &str = "autoplay; picture-in-picture";

/// A response (oEmbed §2.3.4).
#[derive(Serialize)]
struct Embedding<'a> {
    version: &'static str,
    /// `video`, or `link` where no site may frame the player.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    provider_name: &'static str,
    provider_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_height: Option<u32>,
}

/// Pixels.
#[derive(Clone, Copy)]
struct Size {
    width: u32,
    height: u32,
}

/// Pixels beyond which a site has no room.
struct Room {
    width: Option<u32>,
    height: Option<u32>,
}

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let (id, room) = requested(query, connection)?;
    let page = episode_page::find(platform, headers, connection, &id).await?;
    let thumbnail = thumbnail(platform, &page, &room).await;
    let name = page.name();
    Ok(super::json_until_changed(headers, &Embedding::of(&page, &name, &room, thumbnail)))
}

impl<'a> Embedding<'a> {
    fn of(page: &'a EpisodePage, name: &'a str, room: &Room, thumbnail: Option<Size>) -> Self {
        let size = room.player();
        let html = page.embed_url().map(|url| frame(&url, name, size));
        let size = html.as_ref().map(|_| size);
        Self {
            version: "1.0",
            kind: if html.is_some() { "video" } else { "link" },
            title: name,
            provider_name: SITE_NAME,
            provider_url: &page.origin,
            html,
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
            thumbnail_url: thumbnail.and_then(|_| page.picture_url()),
            thumbnail_width: thumbnail.map(|size| size.width),
            thumbnail_height: thumbnail.map(|size| size.height),
        }
    }
}

/// The episode that a site requests, and the room that it has.
fn requested(query: &str, connection: &Connection) -> Result<(String, Room), Error> {
    if parameter(query, "format").is_some_and(|format| format != "json") {
        return Err(Error::NotImplemented("json"));
    }
    let url = parameter(query, "url").ok_or_else(|| {
        Error::InvalidPayload("`url` is missing: send the address of an episode's page".to_owned())
    })?;
    let room = Room { width: pixels(query, "maxwidth")?, height: pixels(query, "maxheight")? };
    Ok((episode_of(&url, connection).ok_or(Error::NotFound("episode"))?, room))
}

/// The value of a parameter, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A number of pixels.
fn pixels(query: &str, name: &str) -> Result<Option<u32>, Error> {
    let Some(text) = parameter(query, name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| {
        Error::InvalidPayload(format!("`{name}` is no whole number of pixels, 1 or more"))
    })
}

/// The episode whose page, or player, has this address on the host that the client asked for.
fn episode_of(address: &str, connection: &Connection) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let own = Url::parse(&format!("{}://{}", url.scheme(), connection.authority)).ok()?;
    if url.origin() != own.origin() {
        return None;
    }
    let route = Route::parse(url.path()).ok()?;
    if let Route::Watch(id) | Route::Embed(id) = route { Some(id) } else { None }
}

impl Room {
    /// The size of a player, which is 16:9.
    fn player(&self) -> Size {
        let width = self.width.unwrap_or(USUAL_WIDTH).min(WIDEST);
        let fitting = self.height.map_or(width, |height| height.saturating_mul(16) / 9);
        let width = width.min(fitting).max(1);
        Size { width, height: (width * 9).div_ceil(16) }
    }

    fn fits(&self, size: Size) -> bool {
        self.width.is_none_or(|most| size.width <= most)
            && self.height.is_none_or(|most| size.height <= most)
    }
}

/// The element that a site puts into its page.
fn frame(url: &str, name: &str, Size { width, height }: Size) -> String {
    format!(
        "<iframe src=\"{}\" width=\"{width}\" height=\"{height}\" title=\"{}\" \
         allow=\"{ALLOWED}\" allowfullscreen loading=\"lazy\" frameborder=\"0\"></iframe>",
        escaped(url),
        escaped(name)
    )
}

/// The size of the picture of the episode's title, if it is known and the site has room for it.
async fn thumbnail<P: Platform>(platform: &P, page: &EpisodePage, room: &Room) -> Option<Size> {
    let id = episode_page::picture_id(&page.title)?;
    let bytes = image::beginning(platform, id).await.ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    let pixels = |number: usize| u32::try_from(number).ok().filter(|number| *number > 0);
    let size = Size { width: pixels(size.width)?, height: pixels(size.height)? };
    room.fits(size).then_some(size)
}
