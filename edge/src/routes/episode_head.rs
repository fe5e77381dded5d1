//! What the page of an episode says of it to programs: Open Graph, cards, and a `VideoObject` of
//! schema.org in JSON-LD.

use std::fmt::Write as _;

use serde::Serialize;
use url::form_urlencoded::Serializer;

use super::episode_page::EpisodePage;
use crate::rules::{
    date,
    html::{data_script, escaped},
    origins::Origins,
};

/// Characters of a description: what others show of it.
const DESCRIPTION_CHARS_MAX: usize = 300;
/// The name of the site.
pub(super) const SITE_NAME: &str = "Firstframe";
/// Pixels of the player in a card.
const CARD_WIDTH: &str = "1280";
const CARD_HEIGHT: &str = "720";

/// An episode, for the head of its page.
pub(super) struct EpisodeHead<'a> {
    pub(super) page: &'a EpisodePage,
    /// The name of the page.
    pub(super) name: &'a str,
}

/// <https://schema.org/VideoObject>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoObject<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    description: &'a str,
    url: &'a str,
    upload_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embed_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,
}

/// An element `meta`: kind and value of the attribute that names it, and its content, if it has one.
type Line<'a> = (&'a str, &'a str, Option<&'a str>);

fn write_lines<'a>(html: &mut String, lines: impl IntoIterator<Item = Line<'a>>) {
    for (kind, name, content) in lines {
        let Some(content) = content else { continue };
        let _ = writeln!(html, "<meta {kind}=\"{name}\" content=\"{}\">", escaped(content));
    }
}

/// The player in a frame, for cards.
fn player_lines(url: &str) -> [Line<'_>; 8] {
    [
        ("property", "og:video", Some(url)),
        ("property", "og:video:secure_url", Some(url).filter(|url| url.starts_with("https:"))),
        ("property", "og:video:type", Some("text/html")),
        ("property", "og:video:width", Some(CARD_WIDTH)),
        ("property", "og:video:height", Some(CARD_HEIGHT)),
        ("name", "twitter:player", Some(url)),
        ("name", "twitter:player:width", Some(CARD_WIDTH)),
        ("name", "twitter:player:height", Some(CARD_HEIGHT)),
    ]
}

impl EpisodeHead<'_> {
    /// The name and the address of the episode's page, for any document about it.
    pub(super) fn title_and_address(&self) -> String {
        format!(
            "<title>{} · Firstframe</title>\n<link rel=\"canonical\" href=\"{}\">\n",
            escaped(self.name),
            escaped(&self.page.url(api::paths::WATCH))
        )
    }

    /// The elements.
    pub(super) fn html(&self) -> String {
        let url = self.page.url(api::paths::WATCH);
        let picture = self.page.picture_url();
        let description = self.description();
        let embed = self.page.embed_url();
        let mut html = self.title_and_address();
        if embed.is_some() {
            html += &self.link_to_oembed(&url);
        }
        self.write_cards(&mut html, &url, picture.as_deref(), &description, embed.as_deref());
        let video = VideoObject {
            context: "https://schema.org",
            kind: "VideoObject",
            name: self.name,
            description: &description,
            url: &url,
            upload_date: self.upload_date(),
            thumbnail_url: picture.as_deref(),
            embed_url: embed.as_deref(),
            duration: self.duration(),
        };
        html + &data_script("application/ld+json", &video)
    }

    /// Open Graph, and the same for cards.
    fn write_cards(
        &self,
        html: &mut String,
        url: &str,
        picture: Option<&str>,
        description: &str,
        embed: Option<&str>,
    ) {
        // A card whose site may not frame the player would show a refusal in place of the picture.
        let player = embed.filter(|_| self.page.embed_origins == Origins::Any);
        let picture_card = if picture.is_some() { "summary_large_image" } else { "summary" };
        let card = player.map_or(picture_card, |_| "player");
        let lines = [
            ("name", "description", Some(description)),
            ("property", "og:site_name", Some(SITE_NAME)),
            ("property", "og:type", Some("video.other")),
            ("property", "og:title", Some(self.name)),
            ("property", "og:description", Some(description)),
            ("property", "og:url", Some(url)),
            ("property", "og:image", picture),
            ("name", "twitter:card", Some(card)),
        ];
        write_lines(html, lines.into_iter().chain(player.into_iter().flat_map(player_lines)));
    }

    /// By which a site finds what it needs to embed the episode.
    fn link_to_oembed(&self, url: &str) -> String {
        let query = Serializer::new(String::new())
            .append_pair("url", url)
            .append_pair("format", "json")
            .finish();
        let href = format!("{}{}?{query}", self.page.origin, api::paths::OEMBED);
        format!(
            "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"{}\" title=\"{}\">\n",
            escaped(&href),
            escaped(self.name)
        )
    }

    /// The synopsis in one line, or the name where there is none.
    fn description(&self) -> String {
        let words: Vec<&str> = self.page.title.synopsis.split_whitespace().collect();
        let text = if words.is_empty() { self.name.to_owned() } else { words.join(" ") };
        match text.char_indices().nth(DESCRIPTION_CHARS_MAX) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
            None => text,
        }
    }

    /// The day of its release, or of its title's first publication.
    fn upload_date(&self) -> String {
        self.page.episode.released_at.clone().unwrap_or_else(|| {
            let basic = date::write_basic(self.page.title.added_at_ms);
            let part = |range| basic.get(range).unwrap_or_default();
            format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
        })
    }

    /// ISO 8601.
    fn duration(&self) -> Option<String> {
        self.page.episode.duration_ms.map(|ms| format!("PT{}S", ms.div_ceil(1000)))
    }
}
