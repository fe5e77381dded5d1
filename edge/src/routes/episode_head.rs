//! What the page of an episode says of it to programs: Open Graph, cards, and a `VideoObject` of
//! schema.org in JSON-LD.

use std::fmt::Write as _;

use catalog::{Episode, Title};
use serde::Serialize;

use crate::rules::{
    date,
    html::{data_script, escaped},
};

/// Characters of a description: what others show of it.
const DESCRIPTION_CHARS_MAX: usize = 300;

/// An episode, for the head of its page.
pub(super) struct EpisodeHead<'a> {
    /// Scheme, host and port of the page.
    pub(super) origin: String,
    /// Its episode id.
    pub(super) id: &'a str,
    /// The name of the page.
    pub(super) name: &'a str,
    /// Path of a picture.
    pub(super) picture: Option<String>,
    /// Its title.
    pub(super) title: &'a Title,
    /// The episode.
    pub(super) episode: &'a Episode,
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
    duration: Option<String>,
}

impl EpisodeHead<'_> {
    /// The elements.
    pub(super) fn html(&self) -> String {
        let url = format!("{}{}{}", self.origin, api::paths::WATCH, self.id);
        let picture = self.picture.as_ref().map(|path| format!("{}{path}", self.origin));
        let description = self.description();
        let name = escaped(self.name);
        let mut html = format!(
            "<title>{name} · Firstframe</title>\n<link rel=\"canonical\" href=\"{}\">\n",
            escaped(&url)
        );
        let card = if picture.is_some() { "summary_large_image" } else { "summary" };
        let lines = [
            ("name", "description", Some(description.as_str())),
            ("property", "og:site_name", Some("Firstframe")),
            ("property", "og:type", Some("video.other")),
            ("property", "og:title", Some(self.name)),
            ("property", "og:description", Some(description.as_str())),
            ("property", "og:url", Some(url.as_str())),
            ("property", "og:image", picture.as_deref()),
            ("name", "twitter:card", Some(card)),
        ];
        for (kind, name, content) in lines {
            let Some(content) = content else { continue };
            let _ = writeln!(html, "<meta {kind}=\"{name}\" content=\"{}\">", escaped(content));
        }
        let video = VideoObject {
            context: "https://schema.org",
            kind: "VideoObject",
            name: self.name,
            description: &description,
            url: &url,
            upload_date: self.upload_date(),
            thumbnail_url: picture.as_deref(),
            duration: self.duration(),
        };
        html + &data_script("application/ld+json", &video)
    }

    /// The synopsis in one line, or the name where there is none.
    fn description(&self) -> String {
        let words: Vec<&str> = self.title.synopsis.split_whitespace().collect();
        let text = if words.is_empty() { self.name.to_owned() } else { words.join(" ") };
        match text.char_indices().nth(DESCRIPTION_CHARS_MAX) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
            None => text,
        }
    }

    /// The day of its release, or of its title's first publication.
    fn upload_date(&self) -> String {
        self.episode.released_at.clone().unwrap_or_else(|| {
            let basic = date::write_basic(self.title.added_at_ms);
            let part = |range| basic.get(range).unwrap_or_default();
            format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
        })
    }

    /// ISO 8601.
    fn duration(&self) -> Option<String> {
        self.episode.duration_ms.map(|ms| format!("PT{}S", ms.div_ceil(1000)))
    }
}
