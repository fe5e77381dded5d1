//! Records of upstream films: in memory, in this location's store, and in the durable one.

use std::rc::Rc;

use super::{durable, removals, with_store_timeout};
use crate::{
    error::Error,
    media::upstream::UpstreamFilm,
    platform::{Clock, KeyValue, Platform},
};

/// How long a record counts as current: it changes only when a provider renames a file.
const AGE_MS_MAX: u64 = 60_000;
/// Stands for the record of a film that was removed: a store that lags behind has none yet.
const REMOVED: &[u8] = b"removed";
/// Bytes of a record.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The upstream film of this id.
pub(crate) async fn find<P: Platform>(platform: &P, id: &str) -> Result<UpstreamFilm, Error> {
    // Only the edge hands out ids: the catalog names the film, and the store may lag behind.
    let missing =
        || Error::StorageUnavailable(format!("the record of {id} is not stored here, or not yet"));
    let bytes = read(platform, id).await?.ok_or_else(missing)?;
    if *bytes == *REMOVED {
        return Err(Error::NotFound("file"));
    }
    UpstreamFilm::from_record(platform, id, &bytes).await
}

fn key(id: &str) -> String {
    format!("s/{id}")
}

/// A stored record: from memory, this location's store, or the durable one.
async fn read<P: Platform>(platform: &P, id: &str) -> Result<Option<Rc<[u8]>>, Error> {
    removals::notice(platform).await;
    let (media, now_ms) = (&platform.instance().media, platform.clock().now_ms());
    if let Some(record) = media.record(id, now_ms.saturating_sub(AGE_MS_MAX)) {
        return Ok(Some(record));
    }
    let reading = async { Ok(platform.key_value().get(&key(id)).await?) };
    let stored = match with_store_timeout(platform, reading).await {
        Ok(Some(record)) => Some(record),
        Ok(None) => restore(platform, id).await?,
        Err(error) => match media.record(id, 0) {
            // An old record differs from a new one in the file's name at most.
            Some(record) => return Ok(Some(record)),
            None => restore(platform, id).await?.map_or(Err(error), |record| Ok(Some(record)))?,
        },
    };
    let record = stored.map(Rc::<[u8]>::from);
    if let Some(record) = &record {
        media.insert_record(id, Rc::clone(record), now_ms);
    }
    Ok(record)
}

/// A record from the durable store, written back to this location's.
async fn restore<P: Platform>(platform: &P, id: &str) -> Result<Option<Vec<u8>>, Error> {
    let stored =
        with_store_timeout(platform, durable::get(platform, &key(id), RECORD_BYTES_MAX)).await?;
    let Some(record) = stored else { return Ok(None) };
    let writing = async { Ok(platform.key_value().put(&key(id), &record).await?) };
    if let Err(error) = with_store_timeout(platform, writing).await {
        error.report(platform, "a record was not written back");
    }
    Ok(Some(record))
}

/// Stores a record, in the durable store first.
pub(crate) async fn write<P: Platform>(platform: &P, film: &UpstreamFilm) -> Result<(), Error> {
    write_bytes(platform, &film.id, film.to_record()).await
}

/// Stores that the film of this id was removed.
pub(crate) async fn write_removed<P: Platform>(platform: &P, id: &str) -> Result<(), Error> {
    write_bytes(platform, id, REMOVED.to_vec()).await
}

async fn write_bytes<P: Platform>(platform: &P, id: &str, bytes: Vec<u8>) -> Result<(), Error> {
    durable::put(platform, &key(id), &bytes).await?;
    platform.key_value().put(&key(id), &bytes).await?;
    let now_ms = platform.clock().now_ms();
    platform.instance().media.insert_record(id, bytes.into(), now_ms);
    Ok(())
}
