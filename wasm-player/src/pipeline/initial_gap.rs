//! The film's beginning, where one of its tracks has not begun: no browser plays that.

use super::buffer::{self, Buffer};
use super::context::Context;
use super::{Effect, limits};

/// The time before every track has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct InitialGap {
    /// When it is over; 0 where there is none. None while only the buffers will show it.
    end_ms: Option<u64>,
    /// Whether the play head stands in it.
    is_here: bool,
}

impl InitialGap {
    /// The lead of a film whose playback begins at `time_ms`, and whose tracks have all begun at
    /// `begun_ms`.
    pub(super) fn of(begun_ms: Option<u64>, time_ms: u64) -> Self {
        let end_ms = begun_ms.map(|end_ms| if end_ms > limits::SAME_MS { end_ms } else { 0 });
        Self { end_ms, is_here: end_ms.is_none_or(|end_ms| time_ms < end_ms) }
    }

    /// Where a seek to `time_ms` leads.
    pub(super) fn seek(&mut self, time_ms: u64) -> u64 {
        let end_ms = self.end_ms.unwrap_or(0);
        self.is_here = time_ms < end_ms;
        time_ms.max(end_ms)
    }

    /// Steps to the lead's end as soon as that can be played.
    pub(super) fn skip(&mut self, cx: &mut Context, buffers: &[Buffer], duration_ms: u64) {
        let end_ms = self.end_ms.or_else(|| in_buffers(cx, buffers)).filter(|_| self.is_here);
        let Some(time_ms) = end_ms else { return };
        if buffer::end_of_common_span(buffers, time_ms, duration_ms).is_some() {
            *self = Self { end_ms: Some(time_ms), is_here: false };
            if time_ms > 0 {
                cx.position_ms = time_ms;
                cx.emit(Effect::Nudge { time_ms });
            }
        }
    }
}

/// When all buffers have begun, once they have; 0 where nothing is to be stepped over.
fn in_buffers(cx: &Context, buffers: &[Buffer]) -> Option<u64> {
    let firsts = buffers.iter().map(|buffer| buffer.buffered.first().map(|range| range.start_ms));
    let begun_ms = firsts.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    let is_lead = begun_ms > cx.position_ms.saturating_add(limits::SAME_MS);
    Some(if is_lead { begun_ms } else { 0 })
}
