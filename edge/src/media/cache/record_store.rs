//! Records of upstream films: in memory, in this location's store, and in the durable one.

use std::rc::Rc;

use super::{durable, with_store_timeout};
use crate::{
    error::Error,
    media::upstream::UpstreamFilm,
    platform::{Clock, KeyValue, Platform},
};

/// How long a record counts as current: it changes only when a provider renames a file.
const AGE_MS_MAX: u64 = 60_000;
/// Bytes of a record.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The film of this id.
pub(crate) async fn find<P: Platform>(platform: &P, id: &str) -> Result<UpstreamFilm, Error> {
    // Nobody asks whom we did not send: the catalogue has it, and this place does not, or not yet.
    let missing = || Error::StorageUnavailable(format!("the record of {id} is missing"));
    let bytes = read(platform, id).await?.ok_or_else(missing)?;
    UpstreamFilm::from_record(platform, id, &bytes).await
}

fn key(id: &str) -> String {
    format!("s/{id}")
}

/// A record as it is stored, from memory, this place's store or the durable one.
async fn read<P: Platform>(platform: &P, id: &str) -> Result<Option<Rc<[u8]>>, Error> {
    let (media, now_ms) = (&platform.instance().media, platform.clock().now_ms());
    if let Some(record) = media.record(id, now_ms.saturating_sub(AGE_MS_MAX)) {
        return Ok(Some(record));
    }
    let here = async { Ok(platform.key_value().get(&key(id)).await?) };
    let stored = match with_store_timeout(platform, here).await {
        Ok(Some(record)) => Some(record),
        Ok(None) => restored(platform, id).await?,
        Err(error) => match media.record(id, 0) {
            // An old record is as true as a new one, only the file's name may be another.
            Some(record) => return Ok(Some(record)),
            None => restored(platform, id).await?.map_or(Err(error), |record| Ok(Some(record)))?,
        },
    };
    let record = stored.map(Rc::<[u8]>::from);
    if let Some(record) = &record {
        media.insert_record(id, Rc::clone(record), now_ms);
    }
    Ok(record)
}

/// A record from the durable store, put back into this place's.
async fn restored<P: Platform>(platform: &P, id: &str) -> Result<Option<Vec<u8>>, Error> {
    let stored =
        with_store_timeout(platform, durable::get(platform, &key(id), RECORD_BYTES_MAX)).await?;
    let Some(record) = stored else { return Ok(None) };
    let putting = async { Ok(platform.key_value().put(&key(id), &record).await?) };
    if let Err(error) = with_store_timeout(platform, putting).await {
        platform.report(error.detail().unwrap_or("a record cannot be kept"));
    }
    Ok(Some(record))
}

/// Keeps a record: in the durable store first.
pub(crate) async fn write<P: Platform>(platform: &P, film: &UpstreamFilm) -> Result<(), Error> {
    let bytes = film.to_record();
    durable::put(platform, &key(&film.id), &bytes).await?;
    platform.key_value().put(&key(&film.id), &bytes).await?;
    let now_ms = platform.clock().now_ms();
    platform.instance().media.insert_record(&film.id, bytes.into(), now_ms);
    Ok(())
}
