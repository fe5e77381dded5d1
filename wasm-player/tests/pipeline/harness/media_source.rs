//! A `MediaSource` with two buffers; it reports finished appends and removals one by one.

#![expect(clippy::wildcard_enum_match_arm, reason = "an unexpected input fails the test")]

use std::collections::BTreeMap;

use wasm_player::pipeline::{Input, MediaType, TimeRange};

use super::source_buffer::TestSourceBuffer;

/// Two buffers, and what they have not yet reported.
pub(crate) struct TestMediaSource {
    pub(crate) buffers: BTreeMap<MediaType, TestSourceBuffer>,
    /// Whether the end of the stream was signalled.
    pub(crate) ended: bool,
    /// The most bytes that ever waited for a report.
    pub(crate) most_pending: u64,
    reports: Vec<Input>,
    /// Refused appends and those behind them: epoch and bytes.
    refused: BTreeMap<MediaType, Vec<(u32, Vec<u8>)>>,
}

impl TestMediaSource {
    /// Two empty buffers.
    pub(crate) fn new() -> Self {
        let both = [MediaType::Video, MediaType::Audio];
        Self {
            buffers: BTreeMap::from(both.map(|one| (one, TestSourceBuffer::default()))),
            ended: false,
            most_pending: 0,
            reports: Vec::new(),
            refused: BTreeMap::new(),
        }
    }

    /// The next report.
    pub(crate) fn next_input(&mut self) -> Option<Input> {
        (!self.reports.is_empty()).then(|| self.reports.remove(0))
    }

    /// Appends bytes, or refuses them if the buffer is full.
    pub(crate) fn append(&mut self, media_type: MediaType, epoch: u32, bytes: Vec<u8>) {
        self.ended = false;
        self.append_or_refuse(media_type, epoch, bytes);
    }

    fn append_or_refuse(&mut self, media_type: MediaType, epoch: u32, bytes: Vec<u8>) {
        let buffer = self.buffers.get_mut(&media_type).unwrap();
        if buffer.is_full() || self.refused.contains_key(&media_type) {
            let refused = self.refused.entry(media_type).or_default();
            if refused.is_empty() {
                self.reports.push(Input::QuotaExceeded { media_type, epoch });
            }
            refused.push((epoch, bytes));
            return;
        }
        buffer.append(&bytes);
        let pending = |report: &Input| match report {
            Input::Appended { bytes, .. } => u64::from(*bytes),
            _ => 0,
        };
        let waiting: u64 = self.reports.iter().map(pending).sum();
        self.most_pending = self.most_pending.max(waiting + bytes.len() as u64);
        self.reports.push(Input::Appended {
            media_type,
            epoch,
            bytes: u32::try_from(bytes.len()).unwrap(),
            buffered: buffer.buffered.clone(),
        });
    }

    /// Appends what was refused.
    pub(crate) fn retry_append(&mut self, media_type: MediaType) {
        for (epoch, bytes) in self.refused.remove(&media_type).unwrap_or_default() {
            self.append_or_refuse(media_type, epoch, bytes);
        }
    }

    /// Drops refused appends and reports of appends.
    pub(crate) fn abort_append(&mut self, media_type: MediaType) {
        self.ended = false;
        self.refused.remove(&media_type);
        self.reports.retain(|report| {
            matches!(report, Input::Removed { .. }) || media_type_of(report) != media_type
        });
        self.buffers.get_mut(&media_type).unwrap().abort();
    }

    /// Removes media from a buffer.
    pub(crate) fn remove(&mut self, media_type: MediaType, range: TimeRange) {
        let buffer = self.buffers.get_mut(&media_type).unwrap();
        buffer.remove(range);
        self.reports.push(Input::Removed { media_type, buffered: buffer.buffered.clone() });
    }

    /// Puts new buffers in place of the old ones.
    pub(crate) fn start_over(&mut self) {
        for buffer in self.buffers.values_mut() {
            *buffer = TestSourceBuffer::default();
        }
        self.reports.clear();
    }
}

fn media_type_of(report: &Input) -> MediaType {
    match report {
        Input::Appended { media_type, .. }
        | Input::QuotaExceeded { media_type, .. }
        | Input::Removed { media_type, .. } => *media_type,
        other => panic!("no buffer reports {other:?}"),
    }
}
