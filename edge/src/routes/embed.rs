//! `GET | HEAD /embed/{episodeId}`: the player of one episode and its name, for frames of the sites that the
//! setting `embed_origins` lists. It sets and reads no cookie, and stores nothing.

use super::{
    episode_head::EpisodeHead,
    episode_page::{self, EpisodePage},
    page,
};
use crate::{
    access,
    error::Error,
    http::{Body, Connection, Headers, Reply},
    platform::{Platform, StreamOf},
    rules::{header_values, html::escaped, poster_colour::poster_colour},
    web,
};

/// What takes the player's place, and what a viewer can do.
struct Notice {
    heading: &'static str,
    advice: &'static str,
    /// The page that helps, opened beside the frame; without one the frame loads again.
    page: Option<&'static str>,
}

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let document = web::document("embed.html").ok_or(Error::PageMissing)?;
    let page = episode_page::find(platform, headers, connection, episode_id).await?;
    if let Some(moved) = page.moved_from(episode_id, api::paths::EMBED) {
        return Ok(moved);
    }
    let file = page.link_to_file(platform).await?;
    let name = page.name();
    let head = EpisodeHead { page: &page, name: &name }.title_and_address();
    let content = content(&page, &name, &file);
    Ok(page.reply(headers, document, &page.embed_origins, (&head, &content), (0, "still")))
}

/// The player, and the name of the episode over it, which leads to its page.
fn content(page: &EpisodePage, name: &str, file: &str) -> String {
    let poster = page.picture.as_ref().map(|path| format!(" poster=\"{}\"", escaped(path)));
    format!(
        "<svg class=\"poster\" aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" \
         fill=\"{colour}\"/></svg>\
         <firstframe-video controls aria-label=\"Video\" episode=\"{id}\"{poster}></firstframe-video>\
         <a class=\"name\" href=\"{watch}{id}\" target=\"_blank\" rel=\"noopener\">{name}</a>\
         <button class=\"button sound\" type=\"button\" hidden>Tap for sound</button>{file}",
        colour = poster_colour(&page.title.title),
        id = escaped(&page.id),
        poster = poster.unwrap_or_default(),
        watch = api::paths::WATCH,
        name = escaped(name),
    )
}

/// A frame that says why there is no player in it. It says the same of every episode of a private library.
pub(crate) async fn in_place_of<P: Platform>(
    platform: &P,
    error: Error,
    headers: &Headers,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let shown = notice(&error).filter(|_| header_values::wants_page(headers.get("accept")));
    let (Some(notice), Some(document)) = (shown, web::document("embed.html")) else {
        return Err(error);
    };
    let frames = access::embed_origins(platform).await.unwrap_or_default();
    let head = "<title>Firstframe</title>";
    let bytes = episode_page::completed(document, head, &panel(&notice, episode_id), false);
    let reply = Reply { body: Body::Bytes(bytes), ..error.into_reply() }
        .replacing("content-type", "text/html; charset=utf-8");
    Ok(page::secured(reply, Some(document), &frames))
}

fn panel(notice: &Notice, episode_id: &str) -> String {
    let id = escaped(episode_id);
    let link = match notice.page {
        Some(text) => format!(
            "<a class=\"button\" href=\"{}{id}\" target=\"_blank\" rel=\"noopener\">{text}</a>",
            api::paths::WATCH
        ),
        None => format!("<a class=\"button\" href=\"{}{id}\">Try again</a>", api::paths::EMBED),
    };
    format!(
        "<div class=\"panel\" role=\"alert\"><h1>{}</h1><p>{}</p>{link}</div>",
        notice.heading, notice.advice
    )
}

fn notice(error: &Error) -> Option<Notice> {
    if matches!(error, Error::SignInRequired) {
        let advice = "Sign in on its own page, and watch there.";
        return Some(Notice { heading: "This library is private.", advice, page: Some("Sign in") });
    }
    if matches!(error, Error::NotFound(_)) {
        let advice = "It was removed, or its address has a mistake.";
        return Some(Notice {
            heading: "There is no such episode.",
            advice,
            page: Some("Library"),
        });
    }
    let advice = "A store did not answer. Wait a moment.";
    matches!(error, Error::StorageUnavailable(_)).then_some(Notice {
        heading: "This episode cannot be shown now.",
        advice,
        page: None,
    })
}
