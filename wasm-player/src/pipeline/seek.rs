//! Decides whether a seek goes on with what is buffered and under way, or begins anew.

use super::context::Context;
use super::limits;
use super::planner::Planner;
use super::source_buffer::{self, SourceBuffer};
use super::window_source::WindowSource;

/// Whether playback can go on at `time_ms` with what is buffered and what is being downloaded.
pub(super) fn needs_no_request<W: WindowSource>(
    cx: &Context,
    planner: &Planner<W>,
    buffers: &[SourceBuffer],
    time_ms: u64,
) -> bool {
    let (source, range) = (&planner.source, planner.planned);
    // Exact, because the last frame of the group in front lies just before the key frame.
    let is_behind_start = range.start_ms <= cx.decode_from(time_ms)
        || source.key_frame_ms(time_ms) == Some(range.start_ms);
    let is_before_end = time_ms < range.end_ms.max(range.start_ms + 1) || planner.is_at_end();
    let end_ms = source_buffer::end_of_common_range(buffers, time_ms, source.duration_ms());
    is_behind_start
        && is_before_end
        && (end_ms.is_some() || comes_soon(cx, planner, buffers, time_ms))
}

/// Whether the appends under way reach `time_ms` sooner than new ones from its key frame would.
fn comes_soon<W: WindowSource>(
    cx: &Context,
    planner: &Planner<W>,
    buffers: &[SourceBuffer],
    time_ms: u64,
) -> bool {
    let ends = buffers.iter().map(|buffer| buffer.buffered.last().map(|range| range.end_ms));
    let loaded_ms = ends.min().flatten().unwrap_or(planner.planned.start_ms);
    let is_near =
        |key_frame_ms: u64| key_frame_ms <= loaded_ms.saturating_add(limits::SEEK_WAIT_MS);
    !planner.is_at_end()
        && loaded_ms <= time_ms.saturating_add(limits::TIME_TOLERANCE_MS)
        && planner.source.key_frame_ms(cx.decode_from(time_ms)).is_some_and(is_near)
}
