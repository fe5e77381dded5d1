//! Where a track's samples are found by time: which one an edit begins with, and which one ends it.

use crate::limits::REORDER_MAX;
use crate::samples::tables::{SampleTimes, Tables};

/// A track's sample tables, with the bytes they lie in.
#[derive(Clone, Copy)]
pub(crate) struct SampleSource<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) tables: &'a Tables,
    pub(crate) is_video: bool,
}

impl SampleSource<'_> {
    /// The picture that is shown at media time `time`.
    pub(super) fn shown_at(self, time: i64) -> Option<SampleTimes> {
        let near = self.tables.decoded_at(self.data, time);
        let from = near.saturating_sub(REORDER_MAX);
        let shown = self.tables.shown(self.data, from, near.saturating_add(REORDER_MAX));
        shown.filter(|s| s.ct <= time).max_by_key(|s| s.ct)
    }

    /// The first sample that playing from media time `from` on needs.
    pub(super) fn first(self, from: i64, begins_at: i64, follows: bool) -> u32 {
        let Self { data, tables, is_video } = self;
        if from == 0 {
            return 0;
        }
        if is_video {
            return tables.key_at(data, from);
        }
        let at = tables.decoded_at(data, from);
        let (start, duration) = tables.time(data, at);
        if follows {
            // The segment before ends with a whole frame too: round to the nearest one.
            return if (from - start) * 2 > i64::from(duration) { at + 1 } else { at };
        }
        // A frame's output overlaps with that of the one before it.
        if start == from && begins_at == 0 { at.saturating_sub(1) } else { at }
    }

    /// Ticks by which decoding is delayed, so that the first picture lasts until another one is shown.
    pub(super) fn lift_of_lead(self, first: u32, end: u32) -> i64 {
        let second = first.saturating_add(1);
        let near =
            self.tables.shown(self.data, second, end.min(second.saturating_add(REORDER_MAX)));
        let shown = near.map(|s| s.ct).min();
        shown.map_or(0, |shown| shown - self.tables.time(self.data, second).0)
    }

    /// One past the last sample that is shown before `to`.
    pub(super) fn end(self, to: i64) -> u32 {
        let Self { data, tables, .. } = self;
        let near = tables.decoded_at(data, to).saturating_add(REORDER_MAX).min(tables.count - 1);
        let shown = tables.shown(data, near.saturating_sub(2 * REORDER_MAX), near + 1);
        shown.filter(|s| s.ct < to).last().map_or(0, |last| last.index + 1)
    }

    /// The sample that is shown last, of those up to `end` and before `to`.
    pub(super) fn last(self, first: u32, end: u32, to: Option<i64>) -> Option<SampleTimes> {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.filter(|s| to.is_none_or(|to| s.ct < to)).max_by_key(|s| s.ct)
    }

    /// When the last of the samples before `end` ends.
    pub(super) fn shown_until(self, first: u32, end: u32) -> i64 {
        let near = self.tables.shown(self.data, end.saturating_sub(REORDER_MAX).max(first), end);
        near.map(|s| s.ct + i64::from(s.duration)).max().unwrap_or(0)
    }
}
