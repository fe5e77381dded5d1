//! The store that outlives this place: the object store, one apart from it, or none.

use api::StartupStore;

use crate::{
    error::Error,
    http::ReadRange,
    platform::{ObjectRead, ObjectStore, Platform, Settings},
};

/// Where records and blocks are kept beside this place's own store, by the setting `startup_store`,
/// and that store. One whose address or keys are not set is none.
pub(crate) async fn store<P: Platform>(
    platform: &P,
) -> Result<(StartupStore, Option<&P::Objects>), Error> {
    let (kind, store) = match wanted(platform).await? {
        StartupStore::Local => return Ok((StartupStore::Local, None)),
        StartupStore::Durable => (StartupStore::Durable, platform.objects()),
        StartupStore::Separate => (StartupStore::Separate, platform.durable_objects()),
    };
    if store.is_set_up().await {
        return Ok((kind, Some(store)));
    }
    if !platform.instance().media.has_reported_local.replace(true) {
        platform.report("startup_store is local: the address or keys of the other are not set");
    }
    Ok((StartupStore::Local, None))
}

/// What the setting says.
async fn wanted<P: Platform>(platform: &P) -> Result<StartupStore, Error> {
    match platform.settings().get("startup_store").await?.as_deref() {
        None | Some("local") => Ok(StartupStore::Local),
        Some("durable") => Ok(StartupStore::Durable),
        Some("apart") => Ok(StartupStore::Separate),
        Some(_) => {
            let why = "the setting startup_store is not one of local, durable, apart".to_owned();
            Err(Error::StorageUnavailable(why))
        }
    }
}

/// What is kept there under this key, if there is such a store.
pub(crate) async fn get<P: Platform>(
    platform: &P,
    key: &str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, Error> {
    let (_, Some(store)) = store(platform).await? else { return Ok(None) };
    match store.read(key, ReadRange::Whole).await? {
        Some(ObjectRead::Bytes { stream, .. }) => Ok(Some(store.collect(stream, bytes_max).await?)),
        Some(ObjectRead::Unsatisfiable) | None => Ok(None),
    }
}

/// Keeps it there, if there is such a store.
pub(crate) async fn put<P: Platform>(platform: &P, key: &str, bytes: &[u8]) -> Result<(), Error> {
    if let (_, Some(store)) = store(platform).await? {
        store.put(key, bytes).await?;
    }
    Ok(())
}

/// Takes everything from there whose key begins like this.
pub(crate) async fn purge<P: Platform>(platform: &P, prefix: &str) -> Result<(), Error> {
    let (_, Some(store)) = store(platform).await? else { return Ok(()) };
    loop {
        let keys = store.list(prefix).await?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            store.delete(&key).await?;
        }
    }
}
