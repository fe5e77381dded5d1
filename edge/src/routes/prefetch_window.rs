//! `POST /api/v2/stream/window`: what a viewer watches now, and the next episodes, which are prefetched.
//!
//! The reply comes at once, the prefetch after it: of at most two episodes, at most once in half a minute,
//! the startup blocks and the start index.

use api::{Envelope, PrefetchRequest, PrefetchResponse};

use super::signed_urls;
use crate::{
    catalog_cache,
    error::Error,
    http::{Headers, PrefetchJob, Reply},
    media::prefetch,
    platform::{Clock, Platform, StreamOf, Upload, with_timeout},
    rules::selection,
    viewers,
};

/// Episodes that are prefetched.
const NEXT_COUNT_MAX: usize = 2;
/// How long the films of the same prefetch window are not prefetched again.
const AGAIN_MS: u64 = 30_000;
/// Time limit of the prefetch: Workers end background work after 30 seconds.
const WORK_MS_MAX: u64 = 25_000;
/// Ids of what is left of a season, in order.
const BODY_BYTES_MAX: usize = 8 * 1024;

pub(super) async fn open<P: Platform, U: Upload>(
    platform: &P,
    headers: &Headers,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    let body = super::read_upload(upload, BODY_BYTES_MAX).await?;
    let PrefetchRequest { current_episode_id, next_episode_ids } =
        serde_json::from_slice(&body).map_err(|error| Error::InvalidPayload(error.to_string()))?;
    let viewer = viewers::viewer(platform, headers).await?.map(|viewer| viewer.0);
    let current = film(platform, &current_episode_id).await?;
    let (mut known, mut next) = (Vec::new(), Vec::new());
    for id in next_episode_ids.into_iter().take(NEXT_COUNT_MAX) {
        if let Some(film) = film(platform, &id).await? {
            next.push(film);
            known.push(id);
        }
    }
    // Of what the client sent, only names that the catalog has: the key stays in memory.
    let window_key = format!("{viewer:?} {current:?} {}", known.join(" "));
    let now_ms = platform.clock().now_ms();
    let is_new = platform.instance().media.is_new_prefetch_window(&window_key, now_ms, AGAIN_MS);
    let reply = super::json(202, &Envelope::data(PrefetchResponse { next_episode_ids: known }));
    Ok(Reply { prefetch: is_new.then_some(PrefetchJob { viewer, current, next }), ..reply })
}

/// The film that is played for an episode, if there is such an episode and it has one.
async fn film<P: Platform>(platform: &P, episode_id: &str) -> Result<Option<String>, Error> {
    let Some(found) = catalog_cache::episode(platform, episode_id).await? else {
        return Ok(None);
    };
    let preferred =
        selection::choose(&found.episode.sources).0.into_iter().find(|one| one.playable);
    Ok(preferred.map(|one| signed_urls::split_media_url(&one.url).0.to_owned()))
}

/// Prefetches the films of a job, and reports errors to the operator.
pub(crate) async fn run_prefetch<P: Platform>(platform: &P, job: PrefetchJob) {
    let PrefetchJob { viewer, current, next } = job;
    let work = prefetch::move_prefetch_window(platform, viewer, current.as_deref(), &next);
    match with_timeout(platform.clock(), WORK_MS_MAX, work).await {
        Some(Ok(())) => {}
        Some(Err(error)) => error.report(platform, "a prefetch failed"),
        None => platform.report("a prefetch took longer than 25 s"),
    }
}
