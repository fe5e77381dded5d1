//! Room in the buffers: removes media far behind the play position, and more if a buffer is full.

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult};
use super::media_type::MediaType;
use super::source_buffer::{self, QuotaState, SourceBuffer};
use super::time_range::TimeRange;
use super::window_source::WindowSource;
use super::{Effect, limits};

/// The buffers, and the state that decides which media they can do without.
pub(super) struct Room<'a, W> {
    pub(super) buffers: &'a mut [SourceBuffer],
    pub(super) source: &'a W,
    /// The media time that was planned since the last seek.
    pub(super) planned: TimeRange,
}

impl<W: WindowSource> Room<'_, W> {
    /// Removes media far behind the play position.
    pub(super) fn trim(&mut self, cx: &mut Context) {
        let Some(keep_from) = cx.position_ms.checked_sub(limits::BACK_BUFFER_MS) else { return };
        let firsts = self.buffers.iter().filter_map(|buffer| buffer.buffered.first());
        let oldest = firsts.map(|range| range.start_ms).min();
        if oldest.is_none_or(|at| at.saturating_add(limits::REMOVAL_MS_MIN) >= keep_from) {
            return;
        }
        let Some(keep_from) = self.before_key_frame(keep_from) else { return };
        for buffer in &mut *self.buffers {
            let starts_before = buffer.buffered.first().is_some_and(|r| r.start_ms < keep_from);
            if starts_before && buffer.removals == 0 {
                buffer.remove(cx, TimeRange { start_ms: 0, end_ms: keep_from });
            }
        }
    }

    /// The end of a removal up to `time_ms`. A removal goes on to the next key frame behind its end
    /// (Media Source Extensions, "coded frame removal"), so that it must end just before one.
    fn before_key_frame(&self, time_ms: u64) -> Option<u64> {
        self.source.key_frame_ms(time_ms)?.checked_sub(1)
    }

    /// Makes room in a buffer that refused an append.
    pub(super) fn make_room(&mut self, cx: &mut Context, media_type: MediaType) -> PlaybackResult {
        let removable = self.removable(cx, media_type);
        let Some(buffer) = source_buffer::find(self.buffers, media_type) else { return Ok(()) };
        if buffer.removals > 0 {
            buffer.quota = QuotaState::Retrying;
            return Ok(());
        }
        if let Some(range) = removable {
            buffer.quota = QuotaState::Retrying;
            buffer.remove(cx, range);
            return Ok(());
        }
        let is_starved = buffer.range_at(cx.position_ms).is_none();
        buffer.quota = QuotaState::Blocked { position_ms: cx.position_ms };
        if is_starved && cx.position_ms >= self.planned.start_ms {
            let location = FaultLocation::Time { time_ms: cx.position_ms };
            return Err(PlaybackFault { cause: FaultCause::BufferFull, location });
        }
        Ok(())
    }

    /// The media that a full buffer can do without: media behind the play position, else media far ahead.
    fn removable(&self, cx: &Context, media_type: MediaType) -> Option<TimeRange> {
        let buffer = self.buffers.iter().find(|buffer| buffer.media_type == media_type)?;
        let first_ms = buffer.buffered.first().map(|range| range.start_ms);
        let begins_before = |end_ms: &u64| {
            first_ms.is_some_and(|first_ms| first_ms.saturating_add(limits::ROOM_MS_MIN) < *end_ms)
        };
        let behind = [limits::BACK_BUFFER_MS_FULL, 0].into_iter().find_map(|back_ms| {
            let until = cx.position_ms.saturating_sub(back_ms);
            self.before_key_frame(until).filter(begins_before)
        });
        if let Some(end_ms) = behind {
            return Some(TimeRange { start_ms: 0, end_ms });
        }
        let far_ms =
            self.planned.end_ms.max(cx.position_ms).saturating_add(limits::EVICTABLE_AHEAD_MS);
        let far = buffer.buffered.iter().find(|range| range.start_ms > far_ms)?;
        Some(TimeRange { start_ms: far.start_ms, end_ms: u64::MAX })
    }

    /// Tries again where nothing could be removed, if the play position is another one by now.
    pub(super) fn unblock(&mut self, cx: &mut Context) -> PlaybackResult {
        let blocked = self.buffers.iter().filter_map(|buffer| match buffer.quota {
            QuotaState::Blocked { position_ms }
                if cx.position_ms.abs_diff(position_ms) >= limits::UNBLOCK_MS =>
            {
                Some(buffer.media_type)
            }
            QuotaState::Blocked { .. } | QuotaState::Free | QuotaState::Retrying => None,
        });
        for media_type in blocked.collect::<Vec<_>>() {
            self.make_room(cx, media_type)?;
            let buffer = source_buffer::find(self.buffers, media_type);
            let is_blocked = |b: &&mut SourceBuffer| matches!(b.quota, QuotaState::Blocked { .. });
            if let Some(buffer) = buffer.filter(is_blocked) {
                // The browser may have evicted media by itself.
                retry(cx, buffer);
            }
        }
        Ok(())
    }
}

/// Handles the end of a removal: a refused append may fit now.
pub(super) fn on_removed(cx: &mut Context, buffer: &mut SourceBuffer, buffered: Vec<TimeRange>) {
    buffer.removals = buffer.removals.saturating_sub(1);
    buffer.set_buffered(buffered);
    if buffer.quota != QuotaState::Free {
        retry(cx, buffer);
    }
}

fn retry(cx: &mut Context, buffer: &mut SourceBuffer) {
    buffer.quota = QuotaState::Retrying;
    cx.emit(Effect::RetryAppend { media_type: buffer.media_type });
}
