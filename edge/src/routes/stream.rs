//! `GET /api/v2/stream/{episodeId}`: what to play.

use std::collections::BTreeSet;

use api::{Candidate, Envelope, Stream, StreamStart, paths};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use catalog::{Episode, OWN_PROVIDER, Title, parse_episode_id};

use super::signed_urls;
use crate::{
    catalog_cache::{self, FoundEpisode},
    error::Error,
    http::{Headers, Reply},
    media::{Film, start_index},
    platform::{Platform, StreamOf, with_timeout},
    rules::{
        file_name, selection,
        start_query::{StartQuery, seconds},
    },
    viewers,
};

/// Time limit of the start in a stream: without it the player reads `moov` in that time.
const START_MS_MAX: u64 = 1_000;
/// Bytes of headers that a stream carries: twice what ten seconds take with two init segments.
const HEADERS_BYTES_MAX: usize = 24 * 1024;

pub(super) async fn show<P: Platform>(
    platform: &P,
    headers: &Headers,
    episode_id: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let found = found(platform, episode_id).await?;
    let mut stream = stream_of(platform, &found).await?;
    if let Some(preferred) = &stream.preferred_stream {
        // The viewer's history may have an id that the episode had.
        let former = found.episode.former_ids.iter().map(String::as_str);
        let ids = [found.id.as_str(), episode_id].into_iter().chain(former).collect();
        let start = Box::pin(stored_start(platform, headers, ids, preferred));
        stream.start = with_timeout(platform.clock(), START_MS_MAX, start).await.flatten();
    }
    let envelope = Envelope::data(stream).with_meta("provider", OWN_PROVIDER);
    // The start is at this viewer's position.
    Ok(super::json_until_changed(headers, &envelope).replacing("cache-control", super::PRIVATE))
}

/// What to play, without its start.
pub(super) async fn find<P: Platform>(platform: &P, episode_id: &str) -> Result<Stream, Error> {
    stream_of(platform, &found(platform, episode_id).await?).await
}

async fn found<P: Platform>(platform: &P, episode_id: &str) -> Result<FoundEpisode, Error> {
    catalog_cache::episode(platform, episode_id).await?.ok_or(Error::NotFound("episode"))
}

async fn stream_of<P: Platform>(platform: &P, found: &FoundEpisode) -> Result<Stream, Error> {
    let FoundEpisode { title, id, episode } = found;
    let (mut candidates, selection_reason) = selection::choose(&episode.sources);
    let name = download_name(title, episode);
    for candidate in &mut candidates {
        let name = file_name::segment(&name, &candidate.container);
        candidate.url = format!("{}/{name}", candidate.url);
    }
    signed_urls::sign(platform, &mut candidates).await?;
    Ok(Stream {
        episode_id: id.clone(),
        // What no browser plays is offered with its reason, and not preferred.
        preferred_stream: candidates.first().filter(|best| best.playable).cloned(),
        candidates,
        selection_reason,
        provider: OWN_PROVIDER.to_owned(),
        start: None,
    })
}

/// The name of an episode's file: that of its title, and of the episode where there are several.
fn download_name(title: &Title, episode: &Episode) -> String {
    if title.episodes.len() == 1 {
        return title.title.clone();
    }
    format!("{} {:02} {}", title.title, episode.number, episode.title)
}

/// The start at the viewer's position, planned on the stored start index. The player works without it.
async fn stored_start<P: Platform>(
    platform: &P,
    headers: &Headers,
    episode_ids: BTreeSet<&str>,
    preferred: &Candidate,
) -> Option<StreamStart> {
    let position = viewer_position_ms(platform, headers, episode_ids);
    let position_ms = report_and_drop(platform, position.await)?.unwrap_or(0);
    let (source_id, _) = signed_urls::split_media_url(&preferred.url);
    let start =
        start_index::stored_start(platform, Film::of(source_id), &StartQuery::at_ms(position_ms))
            .await;
    let start = match start {
        Err(Error::NoIndex(_)) => None,
        start => report_and_drop(platform, start)?,
    };
    let boxes = mp4::start_index::encode(&start?.answer);
    let headers = (boxes.len() <= HEADERS_BYTES_MAX).then(|| STANDARD.encode(&boxes));
    Some(StreamStart { headers, ..addresses(preferred, position_ms) })
}

/// Where the viewer left an episode, by the ids that it has and had.
async fn viewer_position_ms<P: Platform>(
    platform: &P,
    headers: &Headers,
    episode_ids: BTreeSet<&str>,
) -> Result<Option<u64>, Error> {
    let Some(viewer) = viewers::viewer(platform, headers).await? else { return Ok(None) };
    for id in episode_ids {
        let Some((catalog_id, _)) = parse_episode_id(id) else { continue };
        let position = viewers::position_ms(platform, viewer, catalog_id, id).await?;
        if position.is_some() {
            return Ok(position);
        }
    }
    Ok(None)
}

/// URLs of the film's start, with the signature of the film's URL.
pub(super) fn addresses(preferred: &Candidate, position_ms: u64) -> StreamStart {
    let (source_id, query) = signed_urls::split_media_url(&preferred.url);
    let query =
        format!("{query}{}at={}", if query.is_empty() { "" } else { "&" }, seconds(position_ms));
    StreamStart {
        headers: None,
        headers_url: format!("{}{source_id}?{query}", paths::HEADERS),
        start_url: format!("{}{source_id}?{query}", paths::START),
    }
}

/// The value; an error is reported to the operator and dropped.
pub(super) fn report_and_drop<P: Platform, T>(platform: &P, result: Result<T, Error>) -> Option<T> {
    result
        .inspect_err(|error| platform.report(error.detail().unwrap_or("no start for a stream")))
        .ok()
}
