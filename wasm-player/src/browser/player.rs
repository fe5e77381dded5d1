//! The player as `worker.js` sees it.

use wasm_bindgen::prelude::*;

use super::clock::whole;
use super::driver::Driver;
use super::host::Host;
use crate::pipeline::{ContentRange, Input, MediaType, ResponseHead, TimeRange};

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

    /// Something happened: which thing, by its place in `inputs.js`, and the numbers and bytes that
    /// belong to it. One door for all of them, because each costs every viewer a hundred bytes.
    pub fn input(&mut self, what: u8, numbers: &[f64], bytes: Vec<u8>) {
        let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
        let rest = |place: usize| numbers.get(place..).unwrap_or_default();
        let (media_type, fetch_id) = (media_type_of(at(0)), small(at(0)));
        self.driver.handle(match what {
            // The host knows where the film is. A size below 0 is not known.
            0 => Input::Open { size: known(at(0)), start_ms: ms(at(1)), resolvable: is(at(2)) },
            1 => Input::Resolved { size: known(at(0)) },
            // Without an answer, the status is 0.
            2 => Input::ResolveFailed { status: Some(status(at(0))).filter(|told| *told > 0) },
            3 => Input::Seek { time_ms: ms(at(0)) },
            4 => Input::Position { time_ms: ms(at(0)), playing: is(at(1)) },
            // Buffered: start, end, start, end, …
            5 => Input::Appended {
                media_type,
                epoch: small(at(1)),
                bytes: small(at(2)),
                buffered: buffered(rest(3)),
            },
            6 => Input::Removed { media_type, buffered: buffered(rest(1)) },
            7 => Input::QuotaExceeded { media_type, epoch: small(at(1)) },
            8 => Input::Unsupported { media_type },
            9 => Input::MediaSourceFailed,
            10 => Input::MediaElementFailed,
            11 => Input::Online(is(at(0))),
            12 => Input::Head { fetch_id, head: head(status(at(1)), rest(2)) },
            #[cfg(feature = "by-headers")]
            13 => Input::StartBoxes { fetch_id, boxes: bytes, media_bytes: whole(at(1)) },
            14 => Input::IndexBytes { fetch_id, bytes },
            // Bytes of pictures and sound, which stay where they are.
            15 => return self.driver.handle_piece(fetch_id, small(at(1))),
            16 => Input::BodyEnded { fetch_id },
            17 => Input::FetchFailed { fetch_id },
            _ => Input::Tick,
        });
    }
}

/// The head of an answer: first byte, last byte and length of `Content-Range`, `Content-Length`,
/// `Retry-After`, of which those below 0 were not told; a validator has a name from 1 on.
fn head(status: u16, numbers: &[f64]) -> ResponseHead {
    let &[first, last, total, length, retry_after_s, validator] = numbers else {
        return ResponseHead { status, ..ResponseHead::default() };
    };
    ResponseHead {
        status,
        content_range: ContentRange::of(known(first), known(last), known(total)),
        length: known(length),
        validator: Some(small(validator)).filter(|name| *name > 0),
        retry_after_ms: known(retry_after_s * 1e3),
    }
}

/// A number that was told.
fn known(number: f64) -> Option<u64> {
    (number >= 0.0).then(|| whole(number))
}

fn is(number: f64) -> bool {
    number > 0.0
}

fn small(number: f64) -> u32 {
    u32::try_from(whole(number)).unwrap_or(u32::MAX)
}

fn status(number: f64) -> u16 {
    u16::try_from(whole(number)).unwrap_or(u16::MAX)
}

fn ms(seconds: f64) -> u64 {
    whole(seconds * 1e3)
}

fn media_type_of(number: f64) -> MediaType {
    if is(number) { MediaType::Audio } else { MediaType::Video }
}

fn buffered(buffered: &[f64]) -> Vec<TimeRange> {
    let pairs = buffered.chunks_exact(2).filter_map(|pair| pair.first().zip(pair.last()));
    pairs.map(|(start_s, end_s)| TimeRange { start_ms: ms(*start_s), end_ms: ms(*end_s) }).collect()
}
