//! `GET | HEAD /watch/{episodeId}`: the page of one episode, with its name and what it is in the document,
//! and its start on the way before the document is parsed.

use catalog::{Episode, Title};

use super::{episode_head::EpisodeHead, page, picture_urls::PictureSigner, stream};
use crate::{
    catalog_cache::{self, FoundEpisode},
    error::Error,
    http::{Body, Connection, Headers, Reply},
    platform::{Platform, StreamOf},
    rules::{
        conditions, gzip,
        header_values::{self, accepts_gzip},
        html::escaped,
        poster_colour::poster_colour,
    },
    web::{self, Document},
};

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let document = web::document("watch.html").ok_or(Error::PageMissing)?;
    let found = catalog_cache::episode(platform, episode_id).await?;
    let FoundEpisode { title, id, episode } = found.ok_or(Error::NotFound("episode"))?;
    if id != episode_id {
        let reply =
            Reply::new(302, Body::Empty).with("location", format!("{}{id}", api::paths::WATCH));
        return Ok(reply.with("cache-control", "no-cache"));
    }
    let file = stream::find(platform, &id).await?.candidates.into_iter().next();
    let image = title.banner.as_ref().or(title.cover.as_ref());
    let mut picture = image.map(|id| format!("{}{id}", api::paths::IMAGE));
    if let Some(url) = &mut picture {
        PictureSigner::of(platform).await?.sign(url);
    }
    let file = file.map(|file| file.url);
    let head = EpisodeHead {
        origin: origin(headers, connection),
        id: &id,
        name: &page_title(&title, &episode),
        picture,
        title: &title,
        episode: &episode,
    };
    let content = content(&title, &episode, &id, file.as_deref());
    let reply = send(headers, document, &head.html(), &content);
    let preload = format!("<{}>; rel=preload; as=fetch; crossorigin", start_path(&id));
    Ok(page::secured_with(reply, Some(document))
        .with("cache-control", "no-cache")
        .with("link", preload))
}

/// Where the page requests the start of an episode from its beginning, up to the first frame.
fn start_path(id: &str) -> String {
    format!("{}{id}/start?at=0.000&until=picture", api::paths::STREAM)
}

/// The origin that the client asked for. A client that lies about it reads its own lie.
fn origin(headers: &Headers, connection: &Connection) -> String {
    let is_tls = connection.is_tls || headers.get("x-forwarded-proto") == Some("https");
    format!("http{}://{}", if is_tls { "s" } else { "" }, connection.authority)
}

/// The name of an episode, and that of its title where it has several.
fn page_title(title: &Title, episode: &Episode) -> String {
    if title.episodes.len() == 1 {
        return title.title.clone();
    }
    format!("{}. {} · {}", episode.number, episode.title, title.title)
}

/// What the page shows of an episode; `view-watch.js` completes it.
fn content(title: &Title, episode: &Episode, id: &str, file: Option<&str>) -> String {
    let several = title.episodes.len() > 1;
    let (up, heading) = if several {
        (title.title.clone(), format!("{}. {}", episode.number, episode.title))
    } else {
        ("Details".to_owned(), title.title.clone())
    };
    let synopsis = Some(title.synopsis.as_str()).filter(|text| !text.is_empty());
    let synopsis = synopsis
        .map(|text| format!("<p class=\"about-synopsis\">{}</p>", escaped(text)))
        .unwrap_or_default();
    let file = file.map(escaped).map_or_else(String::new, |url| {
        format!(
            "<noscript><p class=\"about-file\">The player needs JavaScript. \
             <a href=\"{url}\">The film itself</a> is an MP4 file.</p></noscript>"
        )
    });
    // `early.js` moves what this device knows of them.
    let former = Some(episode.former_ids.join(" ")).filter(|ids| !ids.is_empty());
    let former =
        former.map(|ids| format!(" data-former=\"{}\"", escaped(&ids))).unwrap_or_default();
    format!(
        "<article class=\"watch\" data-episode=\"{id}\"><div class=\"player\">\
         <svg class=\"poster\" aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" \
         fill=\"{colour}\"/></svg>\
         <firstframe-video controls aria-label=\"Video\" episode=\"{id}\"{former}>\
         </firstframe-video>\
         <button class=\"button button-main sound\" type=\"button\" hidden>Tap for sound</button>\
         </div><div class=\"about\"><div class=\"about-head\"><div>\
         <a class=\"eyebrow\" href=\"/title/{title_id}\">{up}</a>\
         <h1 class=\"about-title\" tabindex=\"-1\">{heading}</h1></div></div>{synopsis}{file}</div>\
         </article>",
        colour = poster_colour(&title.title),
        title_id = escaped(&title.id),
        up = escaped(&up),
        heading = escaped(&heading),
        id = escaped(id),
    )
}

/// The document with what is of the episode, compressed where the client takes it.
fn send<S>(headers: &Headers, document: &Document, head: &str, content: &str) -> Reply<S> {
    let [first, second, last] =
        document.parts.map(|part| gzip::Part::Deflated(part.bytes, part.deflated));
    let [head, content] = [head, content].map(|text| gzip::Part::Stored(text.as_bytes()));
    let parts = [first, head, second, content, last];
    let is_gzip = accepts_gzip(headers.get("accept-encoding"));
    let bytes = if is_gzip { gzip::member(&parts) } else { parts.map(gzip::Part::bytes).concat() };
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
