//! Carries out effects: each becomes a call to the host.

use super::clock::{float, whole};
use super::fault_codes::tell;
use super::host::Host;
use mp4::start::From;

use crate::pipeline::{self, Ask, Effect, Input, Lane, Pipeline, Purpose, What};

/// What this module plays by.
#[cfg(feature = "by-headers")]
type Guide = pipeline::ByHeaders;
#[cfg(not(feature = "by-headers"))]
type Guide = pipeline::ByIndex;

/// One pipeline and its host.
pub(super) struct Driver {
    host: Host,
    pipeline: Pipeline<Guide>,
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
    pub(super) fn handle_piece(&mut self, fetch: u32, len: u32) {
        self.last_piece = self.last_piece.wrapping_add(1);
        self.handle(Input::MediaBytes { fetch, piece: self.last_piece, len });
    }

    fn now_ms(&self) -> u64 {
        whole(self.host.now())
    }

    fn carry_out(&self, effect: Effect) {
        let host = &self.host;
        match effect {
            Effect::Fetch { fetch, ask, purpose } => {
                let is_media = purpose == Purpose::Media;
                match ask {
                    Ask::Closed(range) => {
                        host.fetch(fetch, float(range.start), float(range.end), is_media);
                    }
                    Ask::Suffix(n) => host.fetch(fetch, -float(n), 0.0, is_media),
                    // Whoever plays by an index asks for no headers.
                    Ask::Start(_) | Ask::Headers(_) if !cfg!(feature = "by-headers") => {}
                    Ask::Start(from) => host.fetch_start(fetch, &numbers(from)),
                    Ask::Headers(from) => {
                        host.fetch_headers(fetch, &numbers(from), pipeline::HEADERS_WINDOWS);
                    }
                }
            }
            Effect::Read { fetch } => host.read(fetch),
            Effect::Cancel { fetch } => host.cancel(fetch),
            Effect::Resolve => host.resolve(),
            Effect::AddSourceBuffers { video, audio, duration_ms, begins_ms } => {
                let [video, audio] = [video, audio].map(Option::unwrap_or_default);
                let [duration_s, begins_s] = [duration_ms, begins_ms].map(|ms| float(ms) / 1e3);
                host.add_source_buffers(&video, &audio, duration_s, begins_s);
            }
            Effect::Append { lane, epoch, what } => {
                self.append(number(lane), epoch, &what);
            }
            Effect::RetryAppend { lane } => host.retry_append(number(lane)),
            Effect::AbortAppend { lane } => host.abort_append(number(lane)),
            Effect::Evict { lane, span } => {
                let end_s =
                    if span.end_ms == u64::MAX { f64::INFINITY } else { float(span.end_ms) / 1e3 };
                host.evict(number(lane), float(span.start_ms) / 1e3, end_s);
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

    fn append(&self, lane: u8, epoch: u32, what: &What) {
        match what {
            What::Header(bytes) => self.host.header(lane, epoch, bytes),
            What::Part { part, .. } => self.host.part(lane, epoch, part.start, part.end),
            What::Gather { parts, .. } => {
                let ends: Vec<u32> = parts.iter().flat_map(|p| [p.start, p.end]).collect();
                self.host.gather(lane, epoch, &ends);
            }
        }
    }
}

/// A time in milliseconds, or the five numbers of a place.
fn numbers(from: From) -> Vec<f64> {
    match from {
        From::Time(ms) => vec![float(ms)],
        From::Cursor(cursor) => cursor.numbers().map(float).to_vec(),
    }
}

const fn number(lane: Lane) -> u8 {
    match lane {
        Lane::Video => 0,
        Lane::Audio => 1,
    }
}
