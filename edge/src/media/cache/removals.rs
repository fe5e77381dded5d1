//! Tells the other instances of the edge that a film was removed: they forget what they have in memory.

use super::with_store_timeout;
use crate::{
    error::Error,
    platform::{Clock, KeyValue, Platform},
};

/// Key of the last removal: its time, and what was removed.
const KEY: &str = "m/removed";
/// How long an instance may serve from memory without a look at that key.
const AGE_MS_MAX: u64 = 2_000;

/// Tells every instance that a film was removed.
pub(crate) async fn announce<P: Platform>(platform: &P, id: &str) -> Result<(), Error> {
    let last = format!("{} {id}", platform.clock().now_ms());
    platform.key_value().put(KEY, last.as_bytes()).await?;
    platform.instance().media.forget_films();
    Ok(())
}

/// Forgets what is in memory where a film was removed since the last look. A store that fails is asked
/// again later: films play from memory without it.
pub(crate) async fn notice<P: Platform>(platform: &P) {
    let (media, now_ms) = (&platform.instance().media, platform.clock().now_ms());
    if !media.is_look_for_removals_due(now_ms, AGE_MS_MAX) {
        return;
    }
    let reading = async { Ok(platform.key_value().get(KEY).await?) };
    match with_store_timeout(platform, reading).await {
        Ok(last) => media.note_last_removal(last.unwrap_or_default()),
        Err(error) => error.report(platform, "the time of the last removal was not read"),
    }
}
