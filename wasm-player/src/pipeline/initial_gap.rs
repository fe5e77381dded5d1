//! The gap at the film's beginning if one track starts late: no browser plays there.

use super::context::Context;
use super::source_buffer::{self, SourceBuffer};
use super::{Effect, limits};

/// The time before every track has started.
#[derive(Debug, Clone, Copy)]
pub(super) struct InitialGap {
    /// End of the gap in milliseconds, 0 if there is none. `None` until the buffers show it.
    end_ms: Option<u64>,
    /// Whether the play position lies in the gap.
    is_position_inside: bool,
}

impl InitialGap {
    /// The gap of a film whose playback begins at `time_ms`, and whose tracks have all started at
    /// `all_started_ms`, unless silence fills the time before.
    pub(super) fn of(buffers: &[SourceBuffer], all_started_ms: Option<u64>, time_ms: u64) -> Self {
        let is_filled = buffers.iter().any(|buffer| buffer.silence.is_some());
        let end_ms = all_started_ms
            .filter(|_| !is_filled)
            .map(|end_ms| if end_ms > limits::TIME_TOLERANCE_MS { end_ms } else { 0 });
        Self { end_ms, is_position_inside: end_ms.is_none_or(|end_ms| time_ms < end_ms) }
    }

    /// The position that a seek to `time_ms` leads to: not one inside the gap.
    pub(super) fn seek(&mut self, time_ms: u64) -> u64 {
        let end_ms = self.end_ms.unwrap_or(0);
        self.is_position_inside = time_ms < end_ms;
        time_ms.max(end_ms)
    }

    /// Moves the play position out of the gap as soon as the media behind it is buffered.
    pub(super) fn skip(&mut self, cx: &mut Context, buffers: &[SourceBuffer], duration_ms: u64) {
        let end_ms = self.end_ms.or_else(|| end_in_buffers(cx, buffers));
        let Some(time_ms) = end_ms.filter(|_| self.is_position_inside) else { return };
        if source_buffer::end_of_common_range(buffers, time_ms, duration_ms).is_some() {
            *self = Self { end_ms: Some(time_ms), is_position_inside: false };
            if time_ms > 0 {
                cx.position_ms = time_ms;
                cx.emit(Effect::Nudge { time_ms });
            }
        }
    }
}

/// When the last of the buffers starts, 0 if that is no gap; `None` while one of them is empty. Where
/// silence fills a longer gap of the sound, only pictures count.
fn end_in_buffers(cx: &Context, buffers: &[SourceBuffer]) -> Option<u64> {
    let start = |buffer: &SourceBuffer| {
        let start_ms = buffer.buffered.first()?.start_ms;
        let is_filled = buffer.silence.is_some()
            && start_ms > cx.position_ms.saturating_add(limits::GAP_MS_MAX);
        Some(if is_filled { 0 } else { start_ms })
    };
    let all_started_ms =
        buffers.iter().map(start).collect::<Option<Vec<_>>>()?.into_iter().max()?;
    let is_gap = all_started_ms > cx.position_ms.saturating_add(limits::TIME_TOLERANCE_MS);
    Some(if is_gap { all_started_ms } else { 0 })
}
