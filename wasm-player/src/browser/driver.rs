//! Carries out effects: each becomes a call to the host.

use super::clock::{float, whole};
use super::fault_codes::tell;
use super::host::Host;
use mp4::start_index::StartPosition;

use crate::pipeline::{self, AppendData, BodyKind, Effect, Input, MediaType, Pipeline, Request};

/// What this module plays by.
#[cfg(feature = "by-headers")]
type WindowSource = pipeline::ByHeaders;
#[cfg(not(feature = "by-headers"))]
type WindowSource = pipeline::ByIndex;

/// One pipeline and its host.
pub(super) struct Driver {
    host: Host,
    pipeline: Pipeline<WindowSource>,
    last_piece: u32,
}

impl Driver {
    /// A driver with nothing open.
    pub(super) fn new(host: Host) -> Self {
        Self { host, pipeline: Pipeline::new(), last_piece: 0 }
    }

    /// Handles an input to its end.
    pub(super) fn handle(&mut self, input: Input) {
        self.pipeline.handle(self.now_ms(), input);
        while let Some(effect) = self.pipeline.poll() {
            self.carry_out(effect);
        }
    }

    /// Handles bytes of a film, of which the pipeline hears only the count. The host has them until
    /// this is over, and effects of this input name no other piece.
    pub(super) fn handle_piece(&mut self, fetch_id: u32, len: u32) {
        self.last_piece = self.last_piece.wrapping_add(1);
        self.handle(Input::MediaBytes { fetch_id, piece: self.last_piece, len });
    }

    fn now_ms(&self) -> u64 {
        whole(self.host.now())
    }

    fn carry_out(&self, effect: Effect) {
        let host = &self.host;
        match effect {
            Effect::Fetch { fetch_id, request, body_kind } => {
                let is_media = body_kind == BodyKind::Media;
                match request {
                    Request::Range(range) => {
                        host.fetch(fetch_id, float(range.start), float(range.end), is_media);
                    }
                    Request::Suffix(n) => host.fetch(fetch_id, -float(n), 0.0, is_media),
                    // Whoever plays by an index asks for no headers.
                    Request::Start(_) | Request::Headers(_) if !cfg!(feature = "by-headers") => {}
                    Request::Start(from) => host.fetch_start(fetch_id, &numbers(from)),
                    Request::Headers(from) => {
                        host.fetch_headers(fetch_id, &numbers(from), pipeline::HEADERS_WINDOWS);
                    }
                }
            }
            Effect::Read { fetch_id } => host.read(fetch_id),
            Effect::Cancel { fetch_id } => host.cancel(fetch_id),
            Effect::Resolve => host.resolve(),
            Effect::AddSourceBuffers { video, audio, duration_ms, begins_ms } => {
                let [video, audio] = [video, audio].map(Option::unwrap_or_default);
                let [duration_s, begins_s] = [duration_ms, begins_ms].map(|ms| float(ms) / 1e3);
                host.add_source_buffers(&video, &audio, duration_s, begins_s);
            }
            Effect::Append { media_type, epoch, data } => {
                self.append(number(media_type), epoch, &data);
            }
            Effect::RetryAppend { media_type } => host.retry_append(number(media_type)),
            Effect::AbortAppend { media_type } => host.abort_append(number(media_type)),
            Effect::Remove { media_type, range } => {
                let end_s = if range.end_ms == u64::MAX {
                    f64::INFINITY
                } else {
                    float(range.end_ms) / 1e3
                };
                host.evict(number(media_type), float(range.start_ms) / 1e3, end_s);
            }
            Effect::EndOfStream => host.end_of_stream(),
            Effect::StartOver { time_ms } => host.start_over(float(time_ms) / 1e3),
            Effect::Nudge { time_ms } => host.nudge(float(time_ms) / 1e3),
            Effect::WakeAt { at_ms } => {
                let wait_ms = at_ms.saturating_sub(self.now_ms());
                host.wake(i32::try_from(wait_ms).unwrap_or(i32::MAX));
            }
            Effect::Waiting(fault) => tell(host, "waiting", &fault),
            Effect::Notice(fault) => tell(host, "notice", &fault),
            Effect::FallBack(fault) => tell(host, "fallback", &fault),
            Effect::Fail(fault) => tell(host, "error", &fault),
        }
    }

    fn append(&self, media_type: u8, epoch: u32, data: &AppendData) {
        match data {
            AppendData::Header(bytes) => self.host.header(media_type, epoch, bytes),
            AppendData::Part { part, .. } => {
                self.host.part(media_type, epoch, part.start, part.end);
            }
            AppendData::Gather { parts, .. } => {
                let ends: Vec<u32> = parts.iter().flat_map(|p| [p.start, p.end]).collect();
                self.host.gather(media_type, epoch, &ends);
            }
        }
    }
}

/// A time in milliseconds, or the five numbers of a place.
fn numbers(from: StartPosition) -> Vec<f64> {
    match from {
        StartPosition::Time(ms) => vec![float(ms)],
        StartPosition::Cursor(cursor) => cursor.numbers().map(float).to_vec(),
    }
}

const fn number(media_type: MediaType) -> u8 {
    match media_type {
        MediaType::Video => 0,
        MediaType::Audio => 1,
    }
}
