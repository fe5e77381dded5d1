//! What the browser's buffers hold, as they last told.

use super::context::Context;
use super::limits::SAME_MS;
use super::{AppendData, Effect};

/// One of the two buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaType {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// Media time from `start_ms` to before `end_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Its beginning.
    pub start_ms: u64,
    /// The first millisecond behind it.
    pub end_ms: u64,
}

impl TimeRange {
    /// Whether `time_ms` lies in it, where a frame's length is nothing.
    pub(super) const fn covers(&self, time_ms: u64) -> bool {
        self.start_ms <= time_ms.saturating_add(SAME_MS) && time_ms < self.end_ms
    }
}

/// One SourceBuffer, from outside.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Which one.
    pub(super) media_type: MediaType,
    /// Its place among the file's tracks.
    pub(super) track: usize,
    /// Its init segment, needed again after every abort.
    pub(super) init: Vec<u8>,
    /// Which init segment was told last: a track whose descriptions differ has several.
    pub(super) described: u32,
    /// What it holds, less what is being removed.
    pub(super) buffered: Vec<TimeRange>,
    /// Bytes told and not yet taken.
    pub(super) pending_bytes: u64,
    /// Whether it refused bytes for lack of room, and what was done about it.
    pub(super) full: Full,
    /// Removals that are on their way.
    pub(super) evicting: u32,
}

/// How full a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// It takes bytes.
    No,
    /// The refused bytes are on their way again.
    Retrying,
    /// Nothing could be removed with the play head where it was then.
    Holding { position_ms: u64 },
}

impl Buffer {
    /// A new, empty buffer.
    pub(super) const fn new(media_type: MediaType, track: usize, init: Vec<u8>) -> Self {
        Self {
            media_type,
            track,
            init,
            described: 0,
            buffered: Vec::new(),
            pending_bytes: 0,
            full: Full::No,
            evicting: 0,
        }
    }

    /// Tells the browser to append.
    pub(super) fn append(&mut self, cx: &mut Context, epoch: u32, data: AppendData) {
        if !data.is_empty() {
            self.pending_bytes += data.len();
            cx.emit(Effect::Append { media_type: self.media_type, epoch, data });
        }
    }

    /// Tells the browser to remove.
    pub(super) fn evict(&mut self, cx: &mut Context, range: TimeRange) {
        self.evicting += 1;
        let around = |held: &TimeRange| {
            [
                TimeRange { end_ms: held.end_ms.min(range.start_ms), ..*held },
                TimeRange { start_ms: held.start_ms.max(range.end_ms), ..*held },
            ]
        };
        self.buffered =
            self.buffered.iter().flat_map(around).filter(|s| s.start_ms < s.end_ms).collect();
        cx.emit(Effect::Remove { media_type: self.media_type, range });
    }

    /// Takes what the browser told; that is out of date while anything is being removed.
    pub(super) fn told(&mut self, buffered: Vec<TimeRange>) {
        if self.evicting == 0 {
            self.buffered = buffered;
        }
    }

    /// Tells the browser to remove everything, of which it may hold more than it has told.
    pub(super) fn clear(&mut self, cx: &mut Context) {
        self.evict(cx, TimeRange { start_ms: 0, end_ms: u64::from(u32::MAX) });
    }

    /// Tells the browser to forget what it was told to append.
    pub(super) fn abort(&mut self, cx: &mut Context) {
        self.pending_bytes = 0;
        self.full = Full::No;
        cx.emit(Effect::AbortAppend { media_type: self.media_type });
    }

    /// The span that holds `time_ms`.
    pub(super) fn span_at(&self, time_ms: u64) -> Option<TimeRange> {
        self.buffered.iter().copied().find(|range| range.covers(time_ms))
    }
}

/// End of what all `buffers` hold without a gap from `time_ms` on; `None` where one of them holds
/// nothing there. A buffer that holds the film's end has no end.
pub(super) fn end_of_common_span(
    buffers: &[Buffer],
    time_ms: u64,
    duration_ms: u64,
) -> Option<u64> {
    let last = |range: TimeRange| range.end_ms + GAP_AT_END_MS >= duration_ms;
    let ends = buffers.iter().map(|buffer| {
        let range = buffer.span_at(time_ms).or_else(|| {
            // Sound may be shorter than the pictures, or the other way round.
            buffer.buffered.last().copied().filter(|range| last(*range) && range.end_ms <= time_ms)
        })?;
        Some(if last(range) { u64::MAX } else { range.end_ms })
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Tracks end at different times; a buffer that ends within this of the film's end is complete.
const GAP_AT_END_MS: u64 = 1_000;

/// Where all `buffers` hold something again, at most `within_ms` behind `time_ms`.
pub(super) fn next_common_start(buffers: &[Buffer], time_ms: u64, within_ms: u64) -> Option<u64> {
    let starts = buffers.iter().map(|buffer| {
        if buffer.span_at(time_ms).is_some() {
            return Some(time_ms);
        }
        let ahead =
            buffer.buffered.iter().map(|range| range.start_ms).find(|start| *start > time_ms)?;
        (ahead <= time_ms.saturating_add(within_ms)).then_some(ahead)
    });
    let start = starts.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    (start > time_ms).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffers(video: &[(u64, u64)], audio: &[(u64, u64)]) -> Vec<Buffer> {
        [(MediaType::Video, video), (MediaType::Audio, audio)]
            .map(|(media_type, buffered)| {
                let mut buffer = Buffer::new(media_type, 0, Vec::new());
                buffer.buffered = buffered
                    .iter()
                    .map(|&(start_ms, end_ms)| TimeRange { start_ms, end_ms })
                    .collect();
                buffer
            })
            .into()
    }

    #[test]
    fn the_common_span_ends_where_the_first_buffer_does() {
        let both = buffers(&[(0, 10_000), (50_000, 60_000)], &[(0, 9_900)]);
        assert_eq!(end_of_common_span(&both, 5_000, 100_000), Some(9_900));
        assert_eq!(end_of_common_span(&both, 55_000, 100_000), None);
    }

    #[test]
    fn a_track_that_ends_early_does_not_end_the_film() {
        let both = buffers(&[(90_000, 100_000)], &[(90_000, 99_500)]);
        assert_eq!(end_of_common_span(&both, 95_000, 100_000), Some(u64::MAX));
        assert_eq!(end_of_common_span(&both, 99_700, 100_000), Some(u64::MAX));
    }

    #[test]
    fn a_small_gap_is_found_and_a_large_one_is_not() {
        let both = buffers(&[(200, 10_000)], &[(0, 9_900)]);
        assert_eq!(next_common_start(&both, 0, 300), Some(200));
        assert_eq!(next_common_start(&both, 0, 100), None);
        assert_eq!(next_common_start(&both, 500, 300), None);
    }
}
