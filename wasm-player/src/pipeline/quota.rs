//! Making room: what is dropped when it is old, and when a buffer is full.

use super::buffer::{Full, MediaType, TimeRange};
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::loader::{Loader, PlaybackResult};
use super::window_source::WindowSource;
use super::{Effect, limits};

impl<G: WindowSource> Loader<G> {
    /// Drops what lies far behind the play head.
    pub(super) fn trim(&mut self, cx: &mut Context) {
        let Some(keep_from) = cx.position_ms.checked_sub(limits::BACK_MS) else { return };
        let oldest =
            self.buffers.iter().filter_map(|b| b.buffered.first()).map(|s| s.start_ms).min();
        let worth_it = oldest.is_some_and(|at| at.saturating_add(limits::TRIM_MS_MIN) < keep_from);
        if !worth_it || self.has_ended() {
            return;
        }
        let Some(keep_from) = self.before_key(keep_from) else { return };
        for buffer in &mut self.buffers {
            let starts_before = buffer.buffered.first().is_some_and(|s| s.start_ms < keep_from);
            if starts_before && buffer.evicting == 0 {
                buffer.evict(cx, TimeRange { start_ms: 0, end_ms: keep_from });
            }
        }
    }

    /// A removal runs on to the next key frame behind its end, so it must end just before one.
    fn before_key(&self, time_ms: u64) -> Option<u64> {
        self.source.key_ms(time_ms)?.checked_sub(1)
    }

    /// A buffer refused bytes: makes room, and wants less from now on.
    pub(super) fn quota_exceeded(
        &mut self,
        cx: &mut Context,
        media_type: MediaType,
        epoch: u32,
    ) -> PlaybackResult {
        if !self.is_current(epoch) {
            return Ok(());
        }
        let ahead_ms = self.run.end_ms.saturating_sub(cx.position_ms);
        self.goal_ms = (ahead_ms / 5 * 4).clamp(limits::GOAL_MS_MIN, self.goal_ms);
        self.make_room(cx, media_type)
    }

    fn make_room(&mut self, cx: &mut Context, media_type: MediaType) -> PlaybackResult {
        let old = self.what_is_old(cx, media_type);
        let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.media_type == media_type)
        else {
            return Ok(());
        };
        if buffer.evicting > 0 {
            buffer.full = Full::Retrying;
            return Ok(());
        }
        if let Some(range) = old {
            buffer.full = Full::Retrying;
            buffer.evict(cx, range);
            return Ok(());
        }
        let starved = buffer.span_at(cx.position_ms).is_none();
        buffer.full = Full::Holding { position_ms: cx.position_ms };
        if starved && cx.position_ms >= self.run.start_ms {
            let location = FaultLocation::Time { time_ms: cx.position_ms };
            return Err(PlaybackFault { cause: FaultCause::BufferFull, location });
        }
        Ok(())
    }

    /// What a full buffer can do without, the least needed first.
    fn what_is_old(&self, cx: &Context, media_type: MediaType) -> Option<TimeRange> {
        let buffer = self.buffers.iter().find(|buffer| buffer.media_type == media_type)?;
        let begins_before = |end_ms: &u64| {
            buffer
                .buffered
                .first()
                .is_some_and(|range| range.start_ms.saturating_add(500) < *end_ms)
        };
        let behind = [limits::BACK_MS_FULL, 0].into_iter().find_map(|back_ms| {
            let until = cx.position_ms.saturating_sub(back_ms);
            self.before_key(until).filter(begins_before)
        });
        if let Some(end_ms) = behind {
            return Some(TimeRange { start_ms: 0, end_ms });
        }
        let far_ms = self.run.end_ms.max(cx.position_ms).saturating_add(1_000);
        let far = buffer.buffered.iter().find(|range| range.start_ms > far_ms)?;
        Some(TimeRange { start_ms: far.start_ms, end_ms: u64::MAX })
    }

    /// A removal is done: the refused bytes may fit now.
    pub(super) fn evicted(
        &mut self,
        cx: &mut Context,
        media_type: MediaType,
        buffered: Vec<TimeRange>,
    ) -> PlaybackResult {
        if let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.media_type == media_type)
        {
            buffer.evicting = buffer.evicting.saturating_sub(1);
            buffer.told(buffered);
            if buffer.full != Full::No {
                buffer.full = Full::Retrying;
                cx.emit(Effect::RetryAppend { media_type });
            }
        }
        self.pump(cx)
    }

    /// The play head moved: a full buffer may have something to drop, or the browser does it.
    pub(super) fn moved(&mut self, cx: &mut Context) -> PlaybackResult {
        self.trim(cx);
        let holding = self.buffers.iter().filter_map(|buffer| match buffer.full {
            Full::Holding { position_ms } if cx.position_ms.abs_diff(position_ms) >= 1_000 => {
                Some(buffer.media_type)
            }
            Full::Holding { .. } | Full::No | Full::Retrying => None,
        });
        for media_type in holding.collect::<Vec<_>>() {
            self.make_room(cx, media_type)?;
            self.retry_if_held(cx, media_type);
        }
        self.pump(cx)
    }

    fn retry_if_held(&mut self, cx: &mut Context, media_type: MediaType) {
        let held = self.buffers.iter_mut().find(|buffer| {
            buffer.media_type == media_type && matches!(buffer.full, Full::Holding { .. })
        });
        if let Some(buffer) = held {
            buffer.full = Full::Retrying;
            cx.emit(Effect::RetryAppend { media_type });
        }
    }
}
