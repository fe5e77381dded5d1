//! `GET | HEAD /watch/{episodeId}`: the page of one episode, with its name and what it is in the document,
//! and its start on the way before the document is parsed.

use std::fmt::Write as _;

use futures::future::join;

use super::{
    episode_head::EpisodeHead,
    episode_page::{self, EpisodePage},
    stream,
};
use crate::{
    error::Error,
    http::{Connection, Headers, Reply},
    platform::{Platform, StreamOf, with_timeout},
    rules::{html::escaped, origins::Origins, poster_colour::poster_colour},
    viewers, web,
};

/// The page waits so long for the viewer's history: the first frame is worth more than its place.
const HISTORY_MS_MAX: u64 = 50;
/// Somebody who left earlier only looked in: `edge/page/resume-positions.js` has the same number.
const RESUME_SECONDS_MIN: u64 = 10;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let document = web::document("watch.html").ok_or(Error::PageMissing)?;
    let page = episode_page::find(platform, headers, connection, episode_id).await?;
    if let Some(moved) = page.moved_from(episode_id, api::paths::WATCH) {
        return Ok(moved);
    }
    let (file, left) = join(page.link_to_file(platform), left_at(platform, headers, &page)).await;
    let head = EpisodeHead { page: &page, name: &page.name() }.html();
    let seconds = left.as_ref().map_or(0, |left| left.seconds);
    let content = content(&page, &file?, &attributes(&page, left));
    let reply =
        page.reply(headers, document, &Origins::default(), (&head, &content), (seconds, "picture"));
    let is_for_one = headers.get("x-client-token").is_some();
    Ok(if is_for_one { reply.replacing("cache-control", super::PRIVATE) } else { reply })
}

/// Where a viewer left the episode on any device.
struct Left {
    seconds: u64,
    at_ms: u64,
}

/// Where the viewer with an account left the episode. A browser that opens a page sends no token: others
/// have it on their device only.
async fn left_at<P: Platform>(platform: &P, headers: &Headers, page: &EpisodePage) -> Option<Left> {
    let token = headers.get("x-client-token")?;
    let found = viewers::left_at(platform, token, &page.title.id, &page.id);
    let found = with_timeout(platform.clock(), HISTORY_MS_MAX, found).await?;
    let (position_ms, at_ms) = stream::report_and_drop(platform, found)??;
    let seconds = position_ms / 1000;
    (seconds >= RESUME_SECONDS_MIN).then_some(Left { seconds, at_ms })
}

/// The name of the link to the title, and of the episode.
fn headings(EpisodePage { title, episode, .. }: &EpisodePage) -> (String, String) {
    if title.episodes.len() > 1 {
        (title.title.clone(), format!("{}. {}", episode.number, episode.title))
    } else {
        ("Details".to_owned(), title.title.clone())
    }
}

/// What `early.js` reads: where an account left the episode, and the ids under which this device may know it.
fn attributes(page: &EpisodePage, left: Option<Left>) -> String {
    let former = page.episode.former_ids.join(" ");
    let mut attributes = String::new();
    if !former.is_empty() {
        let _ = write!(attributes, " data-former=\"{}\"", escaped(&former));
    }
    if let Some(Left { seconds, at_ms }) = left {
        let _ = write!(attributes, " data-left=\"{seconds}\" data-left-at=\"{at_ms}\"");
    }
    attributes
}

/// What the page shows of an episode; `view-watch.js` completes it.
fn content(page: &EpisodePage, file: &str, attributes: &str) -> String {
    let EpisodePage { id, title, .. } = page;
    let (up, heading) = headings(page);
    let synopsis = match title.synopsis.as_str() {
        "" => String::new(),
        text => format!("<p class=\"about-synopsis\">{}</p>", escaped(text)),
    };
    format!(
        "<article class=\"watch\" data-episode=\"{id}\"><div class=\"player\">\
         <svg class=\"poster\" aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" \
         fill=\"{colour}\"/></svg>\
         <firstframe-video controls aria-label=\"Video\" episode=\"{id}\"{attributes}>\
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
