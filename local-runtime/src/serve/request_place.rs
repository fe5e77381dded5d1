//! The places of running requests, each of which is a request's until its response is sent.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    client_address::AddressGroup,
    connections::{Activity, Connection},
};

/// How long a request waits for the place of a connection that was closed for it.
const WAIT: Duration = Duration::from_secs(1);

/// A place for a request of `client`; where none is free, that of another client's request, whose
/// connection is closed. `None` where no connection may be closed.
pub(super) async fn take(
    places: &Arc<Semaphore>,
    connection: &Connection,
    client: IpAddr,
) -> Option<OwnedSemaphorePermit> {
    connection.set_group(AddressGroup::of(client));
    // While it waits it has no place that it could give up.
    connection.set_activity(Activity::Idle);
    let permit = match Arc::clone(places).try_acquire_owned() {
        Ok(permit) => permit,
        Err(_) if connection.make_room_for_request() => {
            let freed = Arc::clone(places).acquire_owned();
            tokio::time::timeout(WAIT, freed).await.ok()?.ok()?
        }
        Err(_) => return None,
    };
    connection.set_activity(Activity::Responding);
    Some(permit)
}
