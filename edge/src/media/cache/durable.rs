//! The durable store of startup blocks and records: the object store of films, a separate one, or
//! none, by the setting `startup_store`.

use api::StartupStore;

use crate::{
    error::Error,
    http::ReadRange,
    platform::{ObjectRead, ObjectStore, Platform, Settings},
};

/// The kind of the durable store, and the store. Where its address or its keys are not set there is
/// none.
pub(crate) async fn store<P: Platform>(
    platform: &P,
) -> Result<(StartupStore, Option<&P::Objects>), Error> {
    let (kind, store) = match configured(platform).await? {
        StartupStore::Local => return Ok((StartupStore::Local, None)),
        StartupStore::Durable => (StartupStore::Durable, platform.objects()),
        StartupStore::Separate => (StartupStore::Separate, platform.durable_objects()),
    };
    if store.is_set_up().await {
        return Ok((kind, Some(store)));
    }
    if !platform.instance().media.has_reported_local.replace(true) {
        platform.report(
            "startup_store is treated as `local`: the durable store's address or keys are not set",
        );
    }
    Ok((StartupStore::Local, None))
}

/// The value of the setting. `apart` is the old name of `separate`.
async fn configured<P: Platform>(platform: &P) -> Result<StartupStore, Error> {
    match platform.settings().get("startup_store").await?.as_deref() {
        None | Some("local") => Ok(StartupStore::Local),
        Some("durable") => Ok(StartupStore::Durable),
        Some("separate") => Ok(StartupStore::Separate),
        Some("apart") => {
            if !platform.instance().media.has_reported_old_value.replace(true) {
                platform.report("the value `apart` of startup_store is old: write `separate`");
            }
            Ok(StartupStore::Separate)
        }
        Some(_) => {
            let why = "the setting startup_store is not one of local, durable, separate".to_owned();
            Err(Error::StorageUnavailable(why))
        }
    }
}

/// The value of a key; none where there is no such store or no such key.
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

/// Stores a value, where there is such a store.
pub(crate) async fn put<P: Platform>(platform: &P, key: &str, bytes: &[u8]) -> Result<(), Error> {
    if let (_, Some(store)) = store(platform).await? {
        store.put(key, bytes).await?;
    }
    Ok(())
}

/// Deletes every key with this prefix.
pub(crate) async fn purge<P: Platform>(platform: &P, prefix: &str) -> Result<(), Error> {
    let (_, Some(store)) = store(platform).await? else { return Ok(()) };
    let mut before = Vec::new();
    loop {
        let keys = store.list(prefix).await?;
        if keys.is_empty() {
            return Ok(());
        }
        if keys == before {
            let why = format!("the durable store still lists {prefix} after its deletion");
            return Err(Error::StorageUnavailable(why));
        }
        for key in &keys {
            store.delete(key).await?;
        }
        before = keys;
    }
}
