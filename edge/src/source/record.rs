//! Records of films that lie elsewhere: what each is, and under which name its provider has it.

use std::{cell::Cell, rc::Rc};

use serde::{Deserialize, Serialize};

use super::{durable, places, reader::Reader, told};
use crate::{
    error::Error,
    platform::{ByteRange, Clock, KeyValue, ObjectMeta, Platform},
    reply::json_bytes,
    rules::{
        blocks::Kept,
        date,
        identity::{Validators, source_id},
        upstream::Provider,
    },
};

/// How long a record counts as current: it changes only when a provider renames a file.
const AGE_MS_MAX: u64 = 60_000;
/// Bytes of a record.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// One film, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// Who has it.
    provider: String,
    /// What it is called there.
    file: String,
    /// Of which state its bytes are.
    validators: Validators,
    /// What else its provider said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
    /// Start and end of `moov`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moov: Option<(u64, u64)>,
    /// Which of its bytes are kept in blocks.
    kept: Kept,
    /// When it was first seen, milliseconds since the Unix epoch.
    added_at_ms: u64,
}

/// A film, or a picture, that lies elsewhere.
pub(crate) struct Film {
    /// Its source id.
    pub(crate) id: String,
    record: Record,
    provider: Provider,
    spent: Cell<Spent>,
}

/// What was asked of a film's provider, redirects and its resolver aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) requests: u32,
    pub(crate) size_bytes: u64,
}

/// Bytes of a film that were read on the way, by where they begin.
#[derive(Default)]
pub(super) struct Hand(pub(super) Vec<(u64, Vec<u8>)>);

impl Hand {
    /// These bytes, where one read has brought all of them.
    pub(super) fn get(&self, range: ByteRange) -> Option<&[u8]> {
        self.0.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            bytes.get(at..)?.get(..usize::try_from(range.len()).ok()?)
        })
    }
}

impl Film {
    /// One that is seen for the first time.
    pub(super) fn new<P: Platform>(
        platform: &P,
        provider: Provider,
        name: &str,
        validators: Validators,
        fields: Vec<(String, String)>,
        first_block: &[u8],
    ) -> Self {
        let id = source_id(&provider.id, &validators, first_block);
        let kept = Kept::of(validators.size_bytes, None);
        let record = Record {
            provider: provider.id.clone(),
            file: name.to_owned(),
            validators,
            fields,
            moov: None,
            kept,
            added_at_ms: platform.clock().now_ms(),
        };
        Self { id, record, provider, spent: Cell::default() }
    }

    /// What is known of it by now: where `moov` is, and what is to be kept of it.
    pub(super) fn set_kept(&mut self, moov: Option<ByteRange>, kept: Kept) {
        self.record.moov = moov.map(|moov| (moov.start, moov.end));
        self.record.kept = kept;
    }

    /// Whether a block that its provider sent is its first one. Validators say it of most files;
    /// some have none, and a provider may lie.
    pub(super) fn begins_with(&self, first_block: &[u8]) -> bool {
        source_id(&self.provider.id, &self.record.validators, first_block) == self.id
    }

    /// What a client may know of it. Its tag is its identity.
    pub(super) fn meta(&self) -> ObjectMeta {
        let modified = self.record.validators.modified.as_deref().and_then(date::parse);
        ObjectMeta {
            size_bytes: self.record.validators.size_bytes,
            etag: format!("\"{}\"", self.id),
            modified_ms: modified.map_or(self.record.added_at_ms, |at_s| at_s * 1000),
            fields: self.record.fields.clone(),
        }
    }

    /// Which of its bytes are kept in blocks.
    pub(super) fn kept(&self) -> Kept {
        self.record.kept
    }

    /// Where its `moov` lies.
    pub(super) fn moov(&self) -> Option<ByteRange> {
        self.record.moov.map(|(start, end)| ByteRange { start, end })
    }

    /// What it has cost its provider since it was found here.
    pub(crate) fn spent(&self) -> Spent {
        self.spent.get()
    }

    /// Its length.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.record.validators.size_bytes
    }

    /// Reads its bytes from its provider.
    pub(super) fn reader<'a, P: Platform>(&'a self, platform: &'a P) -> Reader<'a, P> {
        let known = Some(self.record.validators.clone());
        Reader::new(platform, &self.provider, &self.record.file, known)
    }

    /// These bytes of it, from its provider.
    pub(super) async fn bytes<P: Platform>(
        &self,
        platform: &P,
        range: ByteRange,
    ) -> Result<Vec<u8>, Error> {
        let mut reader = self.reader(platform);
        let read = reader.bytes(range).await;
        let Spent { requests, size_bytes } = self.spent.get();
        let came = read.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.spent
            .set(Spent { requests: requests + reader.requests, size_bytes: size_bytes + came });
        read
    }
}

/// The film of this id.
pub(crate) async fn find<P: Platform>(platform: &P, id: &str) -> Result<Film, Error> {
    // Nobody asks whom we did not send: the catalogue has it, and this place does not, or not yet.
    let missing = || Error::StorageUnavailable(format!("the record of {id} is missing"));
    let bytes = read(platform, id).await?.ok_or_else(missing)?;
    let odd = |why: String| Error::StorageUnavailable(format!("the record of {id}: {why}"));
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| odd(error.to_string()))?;
    let provider = places::provider(platform, &record.provider).await?;
    let provider = provider.ok_or_else(|| odd(format!("no provider {}", record.provider)))?;
    Ok(Film { id: id.to_owned(), record, provider, spent: Cell::default() })
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
    let stored = match told(platform, here).await {
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
        media.keep_record(id, Rc::clone(record), now_ms);
    }
    Ok(record)
}

/// A record from the durable store, put back into this place's.
async fn restored<P: Platform>(platform: &P, id: &str) -> Result<Option<Vec<u8>>, Error> {
    let stored = told(platform, durable::get(platform, &key(id), RECORD_BYTES_MAX)).await?;
    let Some(record) = stored else { return Ok(None) };
    let putting = async { Ok(platform.key_value().put(&key(id), &record).await?) };
    if let Err(error) = told(platform, putting).await {
        platform.report(error.detail().unwrap_or("a record cannot be kept"));
    }
    Ok(Some(record))
}

/// Keeps a record: in the durable store first.
pub(super) async fn write<P: Platform>(platform: &P, film: &Film) -> Result<(), Error> {
    let bytes = json_bytes(&film.record);
    durable::put(platform, &key(&film.id), &bytes).await?;
    platform.key_value().put(&key(&film.id), &bytes).await?;
    let now_ms = platform.clock().now_ms();
    platform.instance().media.keep_record(&film.id, bytes.into(), now_ms);
    Ok(())
}
