//! The film's beginning, where one of its tracks has not begun: no browser plays that.

use mp4::Index;
use mp4::plan::{self, Selection};

use super::context::Context;
use super::loader::Loader;
use super::{Effect, buffer, limits};

/// The time before every track has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lead {
    /// When it is over; 0 where there is none.
    end_ms: u64,
    /// Whether the play head stands in it.
    is_here: bool,
}

impl Lead {
    /// The lead of a film whose playback begins at `time_ms`.
    pub(super) fn of(index: &Index<Vec<u8>>, selection: Selection, time_ms: u64) -> Self {
        let alone =
            [Selection { audio: None, ..selection }, Selection { video: None, ..selection }];
        let starts = alone.into_iter().filter_map(|one| plan::seek(index, one, 0).ok());
        let last = starts.map(|(_, start_ms)| start_ms).max().unwrap_or(0);
        let end_ms = if last > limits::SAME_MS { last } else { 0 };
        Self { end_ms, is_here: time_ms < end_ms }
    }

    /// Where a seek to `time_ms` leads.
    pub(super) fn seek(&mut self, time_ms: u64) -> u64 {
        self.is_here = time_ms < self.end_ms;
        time_ms.max(self.end_ms)
    }
}

impl Loader {
    /// Steps to the lead's end as soon as that can be played.
    pub(super) fn skip_lead(&mut self, cx: &mut Context) {
        let time_ms = self.lead.end_ms;
        let duration_ms = self.index.duration_ms();
        let is_held = || buffer::end_of_common_span(&self.buffers, time_ms, duration_ms).is_some();
        if self.lead.is_here && is_held() {
            self.lead.is_here = false;
            cx.position_ms = time_ms;
            cx.emit(Effect::Nudge { time_ms });
        }
    }
}
