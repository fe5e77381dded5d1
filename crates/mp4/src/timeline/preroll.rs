//! Pictures in front of an edit that begins between key frames: they must be decoded, not seen.
//!
//! Browsers discard a picture with a negative time, and all that refer to it. So each such picture is
//! compressed to one tick, right in front of the first picture of the edit; where the edit begins at 0,
//! that picture is late by so many ticks, which is less than a frame.

use std::collections::BinaryHeap;

use crate::limits::{PREROLL_MAX, REORDER_MAX};
use crate::samples::tables::{Sample, Tables};

/// The compressed times of the first samples.
#[derive(Debug)]
pub(crate) struct PrerollTimes {
    /// When they are shown.
    pub(crate) shown: Vec<i64>,
    /// When the sample after them is decoded.
    pub(crate) steady: i64,
}

impl PrerollTimes {
    /// Sets the times of the `i`th sample; false where it is not one of them.
    pub(crate) fn set(&self, i: usize, sample: &mut Sample) -> bool {
        let Some(&pts) = self.shown.get(i) else { return false };
        let left = i64::try_from(self.shown.len() - i).unwrap_or(0);
        (sample.dts, sample.pts, sample.duration) = (self.steady - left, pts, 1);
        true
    }
}

/// When the first samples are shown, in ticks of the presentation; empty where no sample precedes the
/// edit.
pub(crate) fn times(
    data: &[u8],
    tables: &Tables,
    (first, end): (u32, u32),
    (from, delay): (i64, i64),
) -> Result<Vec<i64>, &'static str> {
    let near = tables.decoded_at(data, from).saturating_add(REORDER_MAX).min(end.saturating_sub(1));
    if near.saturating_sub(first) > PREROLL_MAX {
        return Err("begins too far after a key frame");
    }
    let shown = tables.shown(data, first, near.saturating_add(1));
    compress(shown.map(|s| s.ct.saturating_sub(from) + delay).collect(), delay)
}

/// The same for samples whose presentation times are `shown`, and an edit that begins at `delay`.
pub(crate) fn compress(mut shown: Vec<i64>, delay: i64) -> Result<Vec<i64>, &'static str> {
    // A heap takes a tenth of the code of `sort_unstable`.
    let early: BinaryHeap<i64> = shown.iter().copied().filter(|at| *at < delay).collect();
    let early = early.into_sorted_vec();
    let count = i64::try_from(early.len()).unwrap_or(i64::MAX);
    let base = (delay - count).max(0);
    let begin = base + count;
    let late = shown.iter().filter(|at| **at >= delay && **at < begin).count();
    if late > 1 {
        return Err("begins between key frames; timescale too coarse");
    }
    let zone = shown.iter().rposition(|at| *at < begin).map_or(0, |last| last + 1);
    shown.truncate(zone);
    for at in &mut shown {
        let rank = early.partition_point(|other| other < at);
        *at = if *at < delay { base + i64::try_from(rank).unwrap_or(0) } else { (*at).max(begin) };
    }
    Ok(shown)
}
