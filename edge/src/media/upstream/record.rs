//! Upstream films: what is known of each, and the record that stores it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::{reader::Reader, resolver};
use crate::{
    error::Error,
    http::{ByteRange, ObjectMeta, json_bytes},
    platform::{Clock, Platform},
    rules::{
        blocks::BlockLayout,
        date,
        identity::{Validators, source_id},
        provider::Provider,
    },
};

/// One film, as it is stored. The names of the fields are a stored form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// The id of its provider.
    provider: String,
    /// The file's name at the provider.
    file: String,
    /// The state that its bytes are of.
    validators: Validators,
    /// Header fields that responses about the film repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
    /// Start and end of `moov`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moov: Option<(u64, u64)>,
    /// Which of its bytes are startup blocks.
    #[serde(rename = "kept")]
    layout: BlockLayout,
    /// When it was first seen, milliseconds since the Unix epoch.
    added_at_ms: u64,
}

/// A film, or a picture, at a provider.
pub(crate) struct UpstreamFilm {
    /// Its source id.
    pub(crate) id: String,
    record: Record,
    provider: Provider,
    cost: Cell<UpstreamCost>,
}

/// Requests to a film's provider and bytes of it, redirects and its resolver aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UpstreamCost {
    pub(crate) requests: u32,
    pub(crate) size_bytes: u64,
}

impl UpstreamFilm {
    /// A film at its ingest.
    pub(crate) fn new<P: Platform>(
        platform: &P,
        provider: Provider,
        name: &str,
        validators: Validators,
        fields: Vec<(String, String)>,
        first_block: &[u8],
    ) -> Self {
        let id = source_id(&provider.id, &validators, first_block);
        let layout = BlockLayout::new(validators.size_bytes, None);
        let record = Record {
            provider: provider.id.clone(),
            file: name.to_owned(),
            validators,
            fields,
            moov: None,
            layout,
            added_at_ms: platform.clock().now_ms(),
        };
        Self { id, record, provider, cost: Cell::default() }
    }

    /// Sets where `moov` is, and which bytes are startup blocks.
    pub(crate) fn set_layout(&mut self, moov: Option<ByteRange>, layout: BlockLayout) {
        self.record.moov = moov.map(|moov| (moov.start, moov.end));
        self.record.layout = layout;
    }

    /// Whether this is the film's first block. For most files the validators tell; some have none,
    /// and a provider may lie.
    pub(crate) fn begins_with(&self, first_block: &[u8]) -> bool {
        source_id(&self.provider.id, &self.record.validators, first_block) == self.id
    }

    /// What responses say of the film. Its entity tag is its id.
    pub(crate) fn meta(&self) -> ObjectMeta {
        let modified = self.record.validators.modified.as_deref().and_then(date::parse);
        ObjectMeta {
            size_bytes: self.record.validators.size_bytes,
            etag: format!("\"{}\"", self.id),
            modified_ms: modified.map_or(self.record.added_at_ms, |at_s| at_s * 1000),
            fields: self.record.fields.clone(),
        }
    }

    /// Which of its bytes are startup blocks.
    pub(crate) fn layout(&self) -> BlockLayout {
        self.record.layout
    }

    /// The bytes of its `moov`.
    pub(crate) fn moov(&self) -> Option<ByteRange> {
        self.record.moov.map(|(start, end)| ByteRange { start, end })
    }

    /// Requests and bytes since this value was made.
    pub(crate) fn cost(&self) -> UpstreamCost {
        self.cost.get()
    }

    /// Bytes of its file.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.record.validators.size_bytes
    }

    /// A reader of its file.
    pub(crate) fn reader<'a, P: Platform>(&'a self, platform: &'a P) -> Reader<'a, P> {
        let known = Some(self.record.validators.clone());
        Reader::new(platform, &self.provider, &self.record.file, known)
    }

    /// Reads these bytes from its provider.
    pub(crate) async fn bytes<P: Platform>(
        &self,
        platform: &P,
        range: ByteRange,
    ) -> Result<Vec<u8>, Error> {
        let mut reader = self.reader(platform);
        let read = reader.bytes(range).await;
        let UpstreamCost { requests, size_bytes } = self.cost.get();
        let received = read.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.cost.set(UpstreamCost {
            requests: requests + reader.requests,
            size_bytes: size_bytes + received,
        });
        read
    }

    /// Reads a stored record of this id.
    pub(crate) async fn from_record<P: Platform>(
        platform: &P,
        id: &str,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let invalid = |why: String| Error::StorageUnavailable(format!("the record of {id}: {why}"));
        let record: Record =
            serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        let provider = resolver::provider(platform, &record.provider).await?;
        let provider = provider.ok_or_else(|| {
            invalid(format!("the setting providers has no `{}`", record.provider))
        })?;
        Ok(Self { id: id.to_owned(), record, provider, cost: Cell::default() })
    }

    /// The record as it is stored.
    pub(crate) fn to_record(&self) -> Vec<u8> {
        json_bytes(&self.record)
    }
}
