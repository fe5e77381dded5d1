//! `GET /api/v2/stream/{episodeId}`: what to play.

use api::{Candidate, Envelope, Start, Stream, paths};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use catalog::{PROVIDER, split_episode_id};

use super::signed;
use crate::{
    accounts,
    error::Error,
    platform::{Platform, StreamOf, within},
    reply::Reply,
    request::Headers,
    rules::{
        selection,
        starting::{Asked, seconds},
    },
    shelf,
    source::index,
};

/// How long a stream waits for its start: a player that has none reads `moov` by then.
const START_MS_MAX: u64 = 1_000;
/// Bytes of headers that a stream carries: twice what ten seconds take with two init segments.
const HEADERS_BYTES_MAX: usize = 24 * 1024;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let unknown = || Error::NotFound("episode");
    let (catalog_id, number) = split_episode_id(episode_id).ok_or_else(unknown)?;
    let title = shelf::title(platform, catalog_id).await?.ok_or_else(unknown)?;
    let episode = title.episode(number).ok_or_else(unknown)?;
    let (mut candidates, selection_reason) = selection::choose(&episode.sources);
    signed::sign(platform, &mut candidates).await?;
    // What no browser plays is offered with its reason, and not preferred.
    let preferred = candidates.first().filter(|best| best.playable).cloned();
    let start = match &preferred {
        Some(preferred) => {
            let start = begin(platform, headers, (catalog_id, episode_id), preferred);
            within(platform.clock(), START_MS_MAX, start).await.flatten()
        }
        None => None,
    };
    let stream = Stream {
        episode_id: episode_id.to_owned(),
        preferred_stream: preferred,
        candidates,
        selection_reason,
        provider: PROVIDER.to_owned(),
        start,
    };
    Ok(super::json_until_changed(headers, &Envelope::data(stream).with_meta("provider", PROVIDER)))
}

/// The start where the viewer left the episode, of what is stored for it. Whatever is not to be
/// had, the player can do without.
async fn begin<P: Platform>(
    platform: &P,
    headers: &Headers,
    (catalog_id, episode_id): (&str, &str),
    preferred: &Candidate,
) -> Option<Start> {
    let position = async {
        let Some(client) = accounts::client(platform, headers).await? else { return Ok(None) };
        accounts::position_ms(platform, client, catalog_id, episode_id).await
    };
    let position_ms = told(platform, position.await)?.unwrap_or(0);
    let (source_id, query) = signed::parts(&preferred.url);
    let start = index::ready(platform, source_id, &Asked::at_ms(position_ms)).await;
    let start = match start {
        Err(Error::NoIndex(_)) => None,
        start => told(platform, start)?,
    };
    let boxes = mp4::start::write(&start?.answer);
    let query =
        format!("{query}{}at={}", if query.is_empty() { "" } else { "&" }, seconds(position_ms));
    Some(Start {
        headers: (boxes.len() <= HEADERS_BYTES_MAX).then(|| STANDARD.encode(&boxes)),
        headers_url: format!("{}{source_id}?{query}", paths::HEADERS),
        start_url: format!("{}{source_id}?{query}", paths::START),
    })
}

/// What there is; the operator hears of what went wrong.
fn told<P: Platform, T>(platform: &P, result: Result<T, Error>) -> Option<T> {
    result
        .inspect_err(|error| platform.report(error.detail().unwrap_or("no start for a stream")))
        .ok()
}
