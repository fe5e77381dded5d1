//! Making room: what is dropped when it is old, and when a buffer is full.

use super::buffer::{Full, Lane, Span};
use super::context::Context;
use super::fault::{Cause, Fault, Place};
use super::guide::Guide;
use super::loader::{Loader, Outcome};
use super::{Effect, limits};

impl<G: Guide> Loader<G> {
    /// Drops what lies far behind the play head.
    pub(super) fn trim(&mut self, cx: &mut Context) {
        let Some(keep_from) = cx.position_ms.checked_sub(limits::BACK_MS) else { return };
        let oldest = self.buffers.iter().filter_map(|b| b.spans.first()).map(|s| s.start_ms).min();
        let worth_it = oldest.is_some_and(|at| at.saturating_add(limits::TRIM_MS_MIN) < keep_from);
        if !worth_it || self.has_ended() {
            return;
        }
        let Some(keep_from) = self.before_key(keep_from) else { return };
        for buffer in &mut self.buffers {
            let starts_before = buffer.spans.first().is_some_and(|s| s.start_ms < keep_from);
            if starts_before && buffer.evicting == 0 {
                buffer.evict(cx, Span { start_ms: 0, end_ms: keep_from });
            }
        }
    }

    /// A removal runs on to the next key frame behind its end, so it must end just before one.
    fn before_key(&self, time_ms: u64) -> Option<u64> {
        self.guide.key_ms(time_ms)?.checked_sub(1)
    }

    /// A buffer refused bytes: makes room, and wants less from now on.
    pub(super) fn quota_exceeded(&mut self, cx: &mut Context, lane: Lane, epoch: u32) -> Outcome {
        if !self.is_current(epoch) {
            return Ok(());
        }
        let ahead_ms = self.run.end_ms.saturating_sub(cx.position_ms);
        self.goal_ms = (ahead_ms / 5 * 4).clamp(limits::GOAL_MS_MIN, self.goal_ms);
        self.make_room(cx, lane)
    }

    fn make_room(&mut self, cx: &mut Context, lane: Lane) -> Outcome {
        let old = self.what_is_old(cx, lane);
        let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.lane == lane) else {
            return Ok(());
        };
        if buffer.evicting > 0 {
            buffer.full = Full::Retrying;
            return Ok(());
        }
        if let Some(span) = old {
            buffer.full = Full::Retrying;
            buffer.evict(cx, span);
            return Ok(());
        }
        let starved = buffer.span_at(cx.position_ms).is_none();
        buffer.full = Full::Holding { position_ms: cx.position_ms };
        if starved && cx.position_ms >= self.run.start_ms {
            let place = Place::Time { time_ms: cx.position_ms };
            return Err(Fault { cause: Cause::BufferFull, place });
        }
        Ok(())
    }

    /// What a full buffer can do without, the least needed first.
    fn what_is_old(&self, cx: &Context, lane: Lane) -> Option<Span> {
        let buffer = self.buffers.iter().find(|buffer| buffer.lane == lane)?;
        let begins_before = |end_ms: &u64| {
            buffer.spans.first().is_some_and(|span| span.start_ms.saturating_add(500) < *end_ms)
        };
        let behind = [limits::BACK_MS_FULL, 0].into_iter().find_map(|back_ms| {
            let until = cx.position_ms.saturating_sub(back_ms);
            self.before_key(until).filter(begins_before)
        });
        if let Some(end_ms) = behind {
            return Some(Span { start_ms: 0, end_ms });
        }
        let far_ms = self.run.end_ms.max(cx.position_ms).saturating_add(1_000);
        let far = buffer.spans.iter().find(|span| span.start_ms > far_ms)?;
        Some(Span { start_ms: far.start_ms, end_ms: u64::MAX })
    }

    /// A removal is done: the refused bytes may fit now.
    pub(super) fn evicted(&mut self, cx: &mut Context, lane: Lane, spans: Vec<Span>) -> Outcome {
        if let Some(buffer) = self.buffers.iter_mut().find(|buffer| buffer.lane == lane) {
            buffer.evicting = buffer.evicting.saturating_sub(1);
            buffer.told(spans);
            if buffer.full != Full::No {
                buffer.full = Full::Retrying;
                cx.emit(Effect::RetryAppend { lane });
            }
        }
        self.pump(cx)
    }

    /// The play head moved: a full buffer may have something to drop, or the browser does it.
    pub(super) fn moved(&mut self, cx: &mut Context) -> Outcome {
        self.trim(cx);
        let holding = self.buffers.iter().filter_map(|buffer| match buffer.full {
            Full::Holding { position_ms } if cx.position_ms.abs_diff(position_ms) >= 1_000 => {
                Some(buffer.lane)
            }
            Full::Holding { .. } | Full::No | Full::Retrying => None,
        });
        for lane in holding.collect::<Vec<_>>() {
            self.make_room(cx, lane)?;
            self.retry_if_held(cx, lane);
        }
        self.pump(cx)
    }

    fn retry_if_held(&mut self, cx: &mut Context, lane: Lane) {
        let held = self
            .buffers
            .iter_mut()
            .find(|buffer| buffer.lane == lane && matches!(buffer.full, Full::Holding { .. }));
        if let Some(buffer) = held {
            buffer.full = Full::Retrying;
            cx.emit(Effect::RetryAppend { lane });
        }
    }
}
