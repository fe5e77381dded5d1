//! Deletes films and pictures of the object store that no title has had for a long time. It asks the
//! server's own admin API, as `firstframe remove --unused` does, so that each removal is a line of the log.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use publisher::{Deployment, DeploymentTarget, ObjectStoreTarget, UnusedMedia};
use tokio::time::sleep;

use crate::storage::{BUCKET, DataFolder, clock};

/// The catalog is looked at so many times until something is deleted,
const LOOKS: u32 = 720;
/// but not more often,
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// and not more rarely than this.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// Deletes, without an end, what has been of no title for `grace`. `data` is the folder of this server.
pub(super) async fn delete_regularly(folder: Arc<DataFolder>, data: PathBuf, grace: Duration) {
    let pause = (grace / LOOKS).clamp(PAUSE_MIN, PAUSE_MAX);
    loop {
        sleep(pause).await;
        let (folder, data) = (Arc::clone(&folder), data.clone());
        let done = tokio::task::spawn_blocking(move || delete(&folder, data, grace));
        match done.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!("films that no title has stay for now: {error:#}");
            }
            Err(error) => tracing::error!(%error, "the search for films that no title has failed"),
        }
    }
}

fn delete(folder: &DataFolder, data: PathBuf, grace: Duration) -> Result<()> {
    let server = this_server(data)?;
    let Some(unused) = UnusedMedia::find(&server, grace)? else { return Ok(()) };
    let due = folder.note_unused(unused.ids(), clock::now_ms(), grace)?;
    if due.is_empty() {
        return Ok(());
    }
    let due = unused.only(&due);
    let is_done = due.delete(&server)?;
    tracing::info!(is_done, "deleted {due}, which no title has had for the time of unused_days");
    Ok(())
}

fn this_server(data: PathBuf) -> Result<Deployment> {
    let store = ObjectStoreTarget {
        region: "auto".to_owned(),
        bucket: BUCKET.to_owned(),
        ..ObjectStoreTarget::default()
    };
    let target = DeploymentTarget { data, ..DeploymentTarget::default() };
    target.with_object_store(store).context("the server does not reach itself")
}
