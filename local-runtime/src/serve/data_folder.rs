//! What a server does with its data folder at the start, every hour, and at the end.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    config::Config,
    storage::{DataFolder, GuestDatabase, Rebuilt, run_blocking},
};

/// How often expired uploads and files are removed.
const REMOVE_EXPIRED_EVERY: Duration = Duration::from_hours(1);

/// Opens the data folder of the settings, and makes rows for its unexplained blobs where `rebuild`
/// says so.
pub(super) fn open(config: &Config, rebuild: bool) -> Result<Arc<DataFolder>> {
    let data = &config.data;
    let folder = DataFolder::open(data, config.objects_bytes_max)
        .with_context(|| format!("data: cannot use the folder {}", data.display()))?;
    if rebuild {
        tracing::info!("rebuild: reading every file of quarantine/");
        let Rebuilt { objects, unexplained } =
            folder.rebuild(publisher::content_key).context("rebuild")?;
        tracing::info!(
            "rebuild: {objects} objects have a row again; {unexplained} files stay in quarantine/. \
             If the catalog is lost, too, publish the folders of films again: films that are there \
             are not sent again"
        );
    }
    Ok(Arc::new(folder))
}

/// Removes, without an end, what has expired since the start.
pub(super) async fn remove_expired_hourly(folder: Arc<DataFolder>) {
    let mut hours = interval(REMOVE_EXPIRED_EVERY);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is now, and the start has removed what had expired.
    hours.tick().await;
    loop {
        hours.tick().await;
        let folder = Arc::clone(&folder);
        if let Err(error) = run_blocking(move || folder.remove_expired()).await {
            tracing::warn!(%error, "cannot remove expired uploads and files; trying again in an hour");
        }
    }
}

/// Makes each database file whole without its write-ahead log, so that a copy of it is a backup.
pub(super) async fn checkpoint(folder: Arc<DataFolder>, database: Arc<GuestDatabase>) {
    let index = run_blocking(move || folder.database().checkpoint());
    let guest = run_blocking(move || database.checkpoint());
    for done in [index.await, guest.await] {
        if let Err(error) = done {
            tracing::warn!(%error, "a database is whole only together with its -wal file");
        }
    }
}
