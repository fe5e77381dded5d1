//! Object port in a map.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use super::{Access, FailureSwitch, MemoryStream};
use crate::{
    http::{ObjectMeta, ReadRange},
    platform::{ObjectRead, ObjectStore, PortError},
};

/// Keys in one page of a list: few, so that callers have to list again.
const LIST_COUNT_MAX: usize = 5;

/// Objects by key.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    objects: RefCell<BTreeMap<String, (Vec<u8>, u64)>>,
    /// Fails on demand.
    pub failing: FailureSwitch,
    /// Whether its keys are missing.
    pub is_not_set_up: Cell<bool>,
    /// Answers every range with all bytes, as a store may.
    pub ignores_ranges: Cell<bool>,
    /// Number of operations.
    pub operations: Cell<usize>,
}

impl MemoryObjects {
    /// Stores an object in place of any other.
    pub fn put(&self, key: &str, bytes: &[u8], modified_ms: u64) {
        self.objects.borrow_mut().insert(key.to_owned(), (bytes.to_vec(), modified_ms));
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.objects.borrow().keys().cloned().collect()
    }

    async fn find(&self, key: &str) -> Result<Option<(ObjectMeta, Vec<u8>)>, PortError> {
        self.operations.set(self.operations.get() + 1);
        self.failing.answer(Access::Read).await?;
        Ok(self.objects.borrow().get(key).map(|(bytes, modified_ms)| {
            let size_bytes = bytes.len() as u64;
            let etag = crate::rules::header_values::entity_tag(bytes);
            (
                ObjectMeta { size_bytes, etag, modified_ms: *modified_ms, fields: Vec::new() },
                bytes.clone(),
            )
        }))
    }
}

impl ObjectStore for MemoryObjects {
    type Stream = MemoryStream;

    async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, PortError> {
        Ok(self.find(key).await?.map(|(meta, _)| meta))
    }

    async fn read(
        &self,
        key: &str,
        range: ReadRange,
    ) -> Result<Option<ObjectRead<MemoryStream>>, PortError> {
        let Some((meta, bytes)) = self.find(key).await? else { return Ok(None) };
        let range = if self.ignores_ranges.get() { ReadRange::Whole } else { range };
        let Some(sent) = range.within(meta.size_bytes) else {
            return Ok(Some(ObjectRead::Unsatisfiable));
        };
        let (start, end) = (to_usize(sent.start), to_usize(sent.end));
        let stream = bytes.get(start..end).unwrap_or_default().to_vec();
        Ok(Some(ObjectRead::Bytes { meta, sent, stream: MemoryStream::whole(stream) }))
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), PortError> {
        self.failing.answer(Access::Write).await?;
        MemoryObjects::put(self, key, bytes, 0);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.failing.answer(Access::Read).await?;
        self.objects.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.failing.answer(Access::Read).await?;
        let objects = self.objects.borrow();
        let listed = objects.keys().filter(|key| key.starts_with(prefix)).take(LIST_COUNT_MAX);
        Ok(listed.cloned().collect())
    }

    async fn is_set_up(&self) -> bool {
        !self.is_not_set_up.get()
    }

    async fn collect(&self, stream: MemoryStream, bytes_max: usize) -> Result<Vec<u8>, PortError> {
        self.failing.answer(Access::Read).await?;
        if stream.bytes.len() > bytes_max { Err(PortError::TooLarge) } else { Ok(stream.bytes) }
    }
}

fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
