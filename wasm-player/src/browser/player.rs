//! The player as `worker.js` sees it.

use wasm_bindgen::prelude::*;

use super::clock::whole;
use super::driver::Driver;
use super::host::Host;
use crate::pipeline::{ContentRange, Input, Lane, ResponseHead, Span};

/// One player; everything it does comes of a call to it, and is a call to its host.
#[wasm_bindgen]
pub struct Player {
    driver: Driver,
}

#[wasm_bindgen]
impl Player {
    /// A player that works through `host`.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> Self {
        Self { driver: Driver::new(host) }
    }

    /// Plays a film from `start_s` on; the host knows where it is. A size below 0 is not known.
    pub fn open(&mut self, size: f64, start_s: f64, resolvable: bool) {
        let size = known(size);
        self.driver.handle(Input::Open { start_ms: ms(start_s), size, resolvable });
    }

    /// Plays an episode of which nobody could say where it is; without an answer,
    /// the status is 0.
    pub fn unresolved(&mut self, start_s: f64, status: u16) {
        self.driver.handle(Input::OpenUnresolved { start_ms: ms(start_s), status: told(status) });
    }

    /// The host knows where the episode is now.
    pub fn resolved(&mut self, size: f64) {
        self.driver.handle(Input::Resolved { size: known(size) });
    }

    /// The episode could not be resolved.
    #[wasm_bindgen(js_name = resolveFailed)]
    pub fn resolve_failed(&mut self, status: u16) {
        self.driver.handle(Input::ResolveFailed { status: told(status) });
    }

    /// The person went to another place.
    pub fn seek(&mut self, time_s: f64) {
        self.driver.handle(Input::Seek { time_ms: ms(time_s) });
    }

    /// Where the play head is.
    pub fn position(&mut self, time_s: f64, playing: bool) {
        self.driver.handle(Input::Position { time_ms: ms(time_s), playing });
    }

    /// A buffer took bytes and holds `buffered` now: start, end, start, end, …
    pub fn appended(&mut self, lane: u8, epoch: u32, bytes: u32, buffered: &[f64]) {
        let buffered = spans(buffered);
        self.driver.handle(Input::Appended { lane: lane_of(lane), epoch, bytes, buffered });
    }

    /// A buffer removed what it was told to.
    pub fn evicted(&mut self, lane: u8, buffered: &[f64]) {
        self.driver.handle(Input::Evicted { lane: lane_of(lane), buffered: spans(buffered) });
    }

    /// A buffer is full.
    #[wasm_bindgen(js_name = quotaExceeded)]
    pub fn quota_exceeded(&mut self, lane: u8, epoch: u32) {
        self.driver.handle(Input::QuotaExceeded { lane: lane_of(lane), epoch });
    }

    /// The browser takes no such media.
    pub fn unsupported(&mut self, lane: u8) {
        self.driver.handle(Input::Unsupported { lane: lane_of(lane) });
    }

    /// `MediaSource` refused a step.
    #[wasm_bindgen(js_name = sinkFailed)]
    pub fn sink_failed(&mut self) {
        self.driver.handle(Input::SinkFailed);
    }

    /// The media element gave up.
    #[wasm_bindgen(js_name = mediaFailed)]
    pub fn media_failed(&mut self) {
        self.driver.handle(Input::MediaFailed);
    }

    /// The network came or went.
    pub fn online(&mut self, online: bool) {
        self.driver.handle(Input::Online(online));
    }

    /// The time that was asked for is there.
    pub fn tick(&mut self) {
        self.driver.handle(Input::Tick);
    }

    /// The head of an answer: first byte, last byte and length of `Content-Range`, `Content-Length`,
    /// `Retry-After`, of which those below 0 were not told; a validator has a name from 1 on.
    pub fn head(&mut self, fetch: u32, status: u16, numbers: &[f64], validator: u32) {
        let &[first, last, total, length, retry_after_s] = numbers else { return };
        let head = ResponseHead {
            status,
            content_range: ContentRange::of(known(first), known(last), known(total)),
            length: known(length),
            validator: Some(validator).filter(|name| *name > 0),
            retry_after_ms: known(retry_after_s * 1e3),
        };
        self.driver.handle(Input::Head { fetch, head });
    }

    /// Bytes of the file's index, which are read here.
    #[wasm_bindgen(js_name = indexBytes)]
    pub fn index_bytes(&mut self, fetch: u32, bytes: Vec<u8>) {
        self.driver.handle(Input::IndexBytes { fetch, bytes });
    }

    /// Bytes of pictures and sound, which stay where they are.
    #[wasm_bindgen(js_name = mediaBytes)]
    pub fn media_bytes(&mut self, fetch: u32, len: u32) {
        self.driver.handle_piece(fetch, len);
    }

    /// The body of an answer is over.
    #[wasm_bindgen(js_name = fetchEnded)]
    pub fn fetch_ended(&mut self, fetch: u32) {
        self.driver.handle(Input::FetchEnded { fetch });
    }

    /// A request broke: no connection, or cut in its body.
    #[wasm_bindgen(js_name = fetchFailed)]
    pub fn fetch_failed(&mut self, fetch: u32) {
        self.driver.handle(Input::FetchFailed { fetch });
    }
}

/// A number that was told.
fn known(number: f64) -> Option<u64> {
    (number >= 0.0).then(|| whole(number))
}

/// A status that was told.
fn told(status: u16) -> Option<u16> {
    Some(status).filter(|status| *status > 0)
}

fn ms(seconds: f64) -> u64 {
    whole(seconds * 1e3)
}

const fn lane_of(number: u8) -> Lane {
    if number == 0 { Lane::Video } else { Lane::Audio }
}

fn spans(buffered: &[f64]) -> Vec<Span> {
    let pairs = buffered.chunks_exact(2).filter_map(|pair| pair.first().zip(pair.last()));
    pairs.map(|(start_s, end_s)| Span { start_ms: ms(*start_s), end_ms: ms(*end_s) }).collect()
}
