//! Fills the holes of the sound with silence: where it begins late, ends early or has a hole, no
//! browser would play the pictures.

use mp4::silence::Silence;

use super::context::Context;
use super::limits;
use super::source_buffer::SourceBuffer;
use super::time_range::TimeRange;

/// The silence of a buffer.
#[derive(Debug)]
pub(super) struct SilenceWriter {
    silence: Silence,
    /// Where the last fragment of it begins: one that a browser does not take is not appended again.
    last_ms: Option<u64>,
}

impl SilenceWriter {
    /// For a track with this init segment, if its codec has a silent frame that is known.
    pub(super) fn of(init_segment: &[u8]) -> Option<Self> {
        Some(Self { silence: Silence::of(init_segment)?, last_ms: None })
    }
}

/// Appends silence where a buffer lacks sound in the time `complete`, of which all of the film's sound
/// was appended. Returns whether the caller must wait for appends that decide whether there is a hole.
pub(super) fn fill(
    cx: &mut Context,
    buffers: &mut [SourceBuffer],
    epoch: u32,
    complete: TimeRange,
) -> bool {
    let Some(buffer) = buffers.iter_mut().find(|buffer| buffer.silence.is_some()) else {
        return false;
    };
    let from_ms = cx.position_ms.max(complete.start_ms);
    let hole = first_hole(&buffer.buffered, from_ms, complete.end_ms);
    let Some(hole) = hole else { return false };
    if buffer.pending_bytes > 0 {
        return hole.start_ms < cx.position_ms.saturating_add(limits::HOLE_NEAR_MS);
    }
    let Some(writer) = buffer.silence.as_mut() else { return false };
    if writer.last_ms == Some(hole.start_ms) {
        buffer.silence = None;
        return false;
    }
    writer.last_ms = Some(hole.start_ms);
    let fragment = writer.silence.fragment(hole.start_ms, hole.end_ms);
    buffer.append(cx, epoch, super::AppendData::Header(fragment));
    false
}

/// The first time without media, if it is longer than a gap that is skipped.
fn first_hole(buffered: &[TimeRange], from_ms: u64, until_ms: u64) -> Option<TimeRange> {
    let is_hole = |hole: &TimeRange| hole.end_ms > hole.start_ms.saturating_add(limits::GAP_MS_MAX);
    let mut start_ms = from_ms;
    for range in buffered.iter().filter(|range| range.end_ms > from_ms) {
        let hole = TimeRange { start_ms, end_ms: range.start_ms.min(until_ms) };
        if is_hole(&hole) {
            return Some(hole);
        }
        // Milliseconds are rounded down.
        start_ms = range.end_ms + 1;
    }
    Some(TimeRange { start_ms, end_ms: until_ms }).filter(is_hole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(buffered: &[(u64, u64)], from_ms: u64, until_ms: u64) -> Option<(u64, u64)> {
        let range = |&(start_ms, end_ms): &(u64, u64)| TimeRange { start_ms, end_ms };
        let ranges: Vec<_> = buffered.iter().map(range).collect();
        first_hole(&ranges, from_ms, until_ms).map(|hole| (hole.start_ms, hole.end_ms))
    }

    #[test]
    fn holes_lie_before_between_and_behind_the_sound() {
        assert_eq!(hole(&[], 0, 6_000), Some((0, 6_000)));
        assert_eq!(hole(&[(4_000, 9_000)], 0, 9_000), Some((0, 4_000)));
        assert_eq!(hole(&[(0, 2_000), (5_000, 9_000)], 1_000, 9_000), Some((2_001, 5_000)));
        assert_eq!(hole(&[(0, 2_000), (5_000, 9_000)], 6_000, 20_000), Some((9_001, 20_000)));
        assert_eq!(hole(&[(0, 2_000)], 8_000, 20_000), Some((8_000, 20_000)));
    }

    #[test]
    fn small_gaps_and_sound_that_is_still_to_come_are_no_holes() {
        assert_eq!(hole(&[(0, 2_000), (2_200, 9_000)], 0, 9_000), None);
        assert_eq!(hole(&[(0, 2_000)], 0, 2_200), None);
        assert_eq!(hole(&[(0, 2_000)], 0, 1_000), None);
    }
}
