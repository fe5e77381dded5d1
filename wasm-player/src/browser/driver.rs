//! Carries out effects: each becomes a call to the host.

use super::clock::{float, whole};
use super::codes::KindCode;
use super::fault_record::FaultRecord;
use super::host::Host;
use mp4::start_index::StartPosition;

use crate::pipeline::{
    self, AppendData, BodyKind, Effect, Input, MediaType, Pipeline, PlaybackFault, Request,
    TimeRange,
};

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

    /// Handles an input to its end. Media bytes stay with the host, who has them until this is over:
    /// effects of this input name no other piece.
    pub(super) fn handle(&mut self, mut input: Input) {
        if let Input::MediaBytes { piece, .. } = &mut input {
            self.last_piece = self.last_piece.wrapping_add(1);
            *piece = self.last_piece;
        }
        self.pipeline.handle(self.now_ms(), input);
        while let Some(effect) = self.pipeline.poll() {
            self.carry_out(effect);
        }
    }

    fn now_ms(&self) -> u64 {
        whole(self.host.now())
    }

    fn carry_out(&self, effect: Effect) {
        let host = &self.host;
        match effect {
            Effect::Fetch { fetch_id, request, body_kind } => {
                self.fetch(fetch_id, request, body_kind == BodyKind::Media);
            }
            Effect::Read { fetch_id } => host.read(fetch_id),
            Effect::Cancel { fetch_id } => host.cancel(fetch_id),
            Effect::Resolve => host.resolve(),
            Effect::StartOver { time_ms } => host.start_over(seconds(time_ms)),
            Effect::Nudge { time_ms } => host.nudge(seconds(time_ms)),
            Effect::WakeAt { at_ms } => self.wake_at(at_ms),
            Effect::Waiting(fault) => self.report(KindCode::Waiting, &fault),
            Effect::Notice(fault) => self.report(KindCode::Notice, &fault),
            Effect::FallBack(fault) => self.report(KindCode::Fallback, &fault),
            Effect::Fail(fault) => self.report(KindCode::Error, &fault),
            Effect::AddSourceBuffers { video, audio, duration_ms, begins_ms, offset_ms } => {
                let [video, audio] = [video, audio].map(Option::unwrap_or_default);
                let times = [duration_ms, begins_ms, offset_ms].map(seconds);
                host.add_source_buffers(&video, &audio, times[0], times[1], times[2]);
            }
            Effect::Append { media_type, epoch, data } => {
                self.append(number(media_type), epoch, &data);
            }
            Effect::RetryAppend { media_type } => host.retry_append(number(media_type)),
            Effect::AbortAppend { media_type } => host.abort_append(number(media_type)),
            Effect::Remove { media_type, range } => self.remove(media_type, range),
            Effect::EndOfStream => host.end_of_stream(),
        }
    }

    fn wake_at(&self, at_ms: u64) {
        let wait_ms = at_ms.saturating_sub(self.now_ms());
        self.host.wake(i32::try_from(wait_ms).unwrap_or(i32::MAX));
    }

    /// Removes a range of a buffer; an end of `u64::MAX` is the end of the buffer.
    fn remove(&self, media_type: MediaType, range: TimeRange) {
        let is_rest = range.end_ms == u64::MAX;
        let end_s = if is_rest { f64::INFINITY } else { seconds(range.end_ms) };
        self.host.remove(number(media_type), seconds(range.start_ms), end_s);
    }

    fn fetch(&self, fetch_id: u32, request: Request, is_media: bool) {
        let host = &self.host;
        match request {
            Request::Range(range) => {
                host.fetch(fetch_id, float(range.start), float(range.end), is_media);
            }
            Request::Suffix(n) => host.fetch(fetch_id, -float(n), 0.0, is_media),
            // The player by an index sends no such request.
            Request::Start(_) | Request::Headers(_) if !cfg!(feature = "by-headers") => {}
            Request::Start(from) => host.fetch_start(fetch_id, &numbers(from)),
            Request::Headers(from) => {
                host.fetch_headers(fetch_id, &numbers(from), pipeline::HEADERS_WINDOWS);
            }
        }
    }

    fn append(&self, media_type: u8, epoch: u32, data: &AppendData) {
        let host = &self.host;
        match data {
            AppendData::Header(bytes) => host.append_header(media_type, epoch, bytes),
            AppendData::Part { part, .. } => {
                host.append_part(media_type, epoch, part.start, part.end);
            }
            AppendData::Gather { parts, .. } => {
                let ends: Vec<u32> = parts.iter().flat_map(|p| [p.start, p.end]).collect();
                host.append_parts(media_type, epoch, &ends);
            }
        }
    }

    fn report(&self, kind: KindCode, fault: &PlaybackFault) {
        let FaultRecord { cause, location, numbers, texts: [first, second] } = fault.into();
        let [kind, cause, location] = [kind as u8, cause as u8, location as u8];
        let [first_at, second_at] = [address(first), address(second)];
        self.host.fault(kind, cause, location, &numbers, first, second, first_at, second_at);
    }
}

fn address(text: &str) -> u32 {
    u32::try_from(text.as_ptr().addr()).unwrap_or(0)
}

fn seconds(ms: u64) -> f64 {
    float(ms) / 1e3
}

/// A time in milliseconds, or the five numbers of a cursor.
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
