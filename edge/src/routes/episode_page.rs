//! What `/watch/{episodeId}` and `/embed/{episodeId}` have in common: an episode, and a document that the
//! edge completes with it.

use api::Candidate;
use catalog::{Episode, Title};
use futures::{FutureExt as _, TryFutureExt as _, future::LocalBoxFuture};

use super::{page, picture_urls::PictureSigner, stream};
use crate::{
    access,
    catalog_cache::{self, FoundEpisode},
    error::Error,
    http::{Body, Connection, Headers, Reply},
    platform::Platform,
    rules::{
        conditions, gzip,
        header_values::{self, accepts_gzip},
        html::escaped,
        origins::Origins,
    },
    web::Document,
};

/// An episode, for its page.
pub(super) struct EpisodePage {
    /// Scheme, host and port of the page.
    pub(super) origin: String,
    /// Its episode id, which may be another one than the requested.
    pub(super) id: String,
    /// Its title.
    pub(super) title: Title,
    /// The episode.
    pub(super) episode: Episode,
    /// Path of a picture of its title.
    pub(super) picture: Option<String>,
    /// Whose pages may frame the player.
    pub(super) embed_origins: Origins,
}

/// The episode of this id, or of one that it had. Boxed, so that the program has it once.
pub(super) fn find<'a, P: Platform>(
    platform: &'a P,
    headers: &'a Headers,
    connection: &'a Connection,
    episode_id: &'a str,
) -> LocalBoxFuture<'a, Result<EpisodePage, Error>> {
    find_here(platform, headers, connection, episode_id).boxed_local()
}

async fn find_here<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
    episode_id: &str,
) -> Result<EpisodePage, Error> {
    let found = catalog_cache::episode(platform, episode_id).await?;
    let FoundEpisode { title, id, episode } = found.ok_or(Error::NotFound("episode"))?;
    let mut picture = picture_id(&title).map(|id| format!("{}{id}", api::paths::IMAGE));
    if let Some(url) = &mut picture {
        PictureSigner::of(platform).await?.sign(url);
    }
    let origin = origin(headers, connection);
    let embed_origins = access::embed_origins(platform).await?;
    Ok(EpisodePage { origin, id, title, episode, picture, embed_origins })
}

/// The id of the picture that stands for a title.
pub(super) fn picture_id(title: &Title) -> Option<&str> {
    title.banner.as_deref().or(title.cover.as_deref())
}

/// The origin that the client asked for. A client that lies about it reads its own lie.
fn origin(headers: &Headers, connection: &Connection) -> String {
    let is_tls = connection.is_tls || headers.get("x-forwarded-proto") == Some("https");
    format!("http{}://{}", if is_tls { "s" } else { "" }, connection.authority)
}

impl EpisodePage {
    /// The reply to a request for an id that the episode had.
    pub(super) fn moved_from<S>(&self, requested: &str, pages: &str) -> Option<Reply<S>> {
        let moved = || Reply::new(302, Body::Empty).with("location", format!("{pages}{}", self.id));
        (self.id != requested).then(|| moved().with("cache-control", "no-cache"))
    }

    /// The name of the episode, and that of its title where it has several.
    pub(super) fn name(&self) -> String {
        if self.title.episodes.len() == 1 {
            return self.title.title.clone();
        }
        format!("{}. {} · {}", self.episode.number, self.episode.title, self.title.title)
    }

    /// The URL of the episode below one of the paths of pages.
    pub(super) fn url(&self, pages: &str) -> String {
        format!("{}{pages}{}", self.origin, self.id)
    }

    /// The URL of the player for frames, if any site may have it in one.
    pub(super) fn embed_url(&self) -> Option<String> {
        (!self.embed_origins.is_empty()).then(|| self.url(api::paths::EMBED))
    }

    /// The URL of its picture.
    pub(super) fn picture_url(&self) -> Option<String> {
        self.picture.as_ref().map(|path| format!("{}{path}", self.origin))
    }

    /// What stands in place of the player where there is no JavaScript. Boxed like `find`.
    pub(super) fn link_to_file<'a, P: Platform>(
        &'a self,
        platform: &'a P,
    ) -> LocalBoxFuture<'a, Result<String, Error>> {
        let stream = stream::find(platform, &self.id);
        stream
            .map_ok(|stream| stream.candidates.first().map_or_else(String::new, link))
            .boxed_local()
    }

    /// A reply with the document, its head and content in it. The start at this time, up to its first frame, is
    /// requested before the document is parsed.
    pub(super) fn reply<S>(
        &self,
        headers: &Headers,
        document: &Document,
        frames: &Origins,
        (head, content): (&str, &str),
        (start_seconds, until): (u64, &str),
    ) -> Reply<S> {
        let start =
            format!("{}{}/start?at={start_seconds}.000&until={until}", api::paths::STREAM, self.id);
        let reply = page::secured(send(headers, document, head, content), Some(document), frames);
        reply
            .with("cache-control", "no-cache")
            .with("link", format!("<{start}>; rel=preload; as=fetch; crossorigin"))
    }
}

fn link(file: &Candidate) -> String {
    format!(
        "<noscript><p class=\"about-file\">The player needs JavaScript. \
         <a href=\"{}\">The film itself</a> opens in other players.</p></noscript>",
        escaped(&file.url)
    )
}

/// The document with what is of the episode, compressed where the client takes it.
fn send<S>(headers: &Headers, document: &Document, head: &str, content: &str) -> Reply<S> {
    let is_gzip = accepts_gzip(headers.get("accept-encoding"));
    let bytes = completed(document, head, content, is_gzip);
    let etag = header_values::entity_tag(&bytes);
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        let reply =
            Reply::new(200, Body::Bytes(bytes)).with("content-type", "text/html; charset=utf-8");
        if is_gzip { reply.with("content-encoding", "gzip") } else { reply }
    };
    reply.with("etag", etag).with("vary", "Accept-Encoding")
}

/// The bytes of a document with a head and a content, compressed or as they are.
pub(super) fn completed(document: &Document, head: &str, content: &str, is_gzip: bool) -> Vec<u8> {
    let [first, second, third, script, last] =
        document.parts.map(|part| gzip::Part::Deflated(part.bytes, part.deflated));
    let [head, content] = [head, content].map(|text| gzip::Part::Stored(text.as_bytes()));
    let parts = [first, head, second, content, third, script, last];
    if is_gzip { gzip::member(&parts) } else { parts.map(gzip::Part::bytes).concat() }
}
