//! The places of running requests, each of which is a request's until its response is sent.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connections::{Activity, Connection};

/// How long a request waits for the place of a connection that was closed for it.
const WAIT: Duration = Duration::from_secs(1);

/// A place, if one is free.
pub(super) fn take_free(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(places).try_acquire_owned().ok()
}

/// The place of another client's request, whose connection is closed. `None` where no connection may
/// be closed.
pub(super) async fn take_from_another(
    places: &Arc<Semaphore>,
    connection: &Connection,
) -> Option<OwnedSemaphorePermit> {
    // While it waits it has no place that it could give up.
    connection.set_activity(Activity::Idle);
    let permit = match take_free(places) {
        Some(permit) => permit,
        None if connection.make_room_for_request() => {
            let freed = Arc::clone(places).acquire_owned();
            tokio::time::timeout(WAIT, freed).await.ok()?.ok()?
        }
        None => return None,
    };
    connection.set_activity(Activity::Responding);
    Some(permit)
}
