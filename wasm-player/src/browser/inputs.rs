//! Reads the inputs that cross from the worker: a code, numbers in the order that `codes.rs` has for
//! it, and bytes.

use super::clock::whole;
use super::codes::InputCode;
use crate::pipeline::{ContentRange, Input, MediaType, ResponseHead, TimeRange};

/// The input of a code; an unknown code is a tick. A number that is missing reads as 0.
pub(super) fn read(code: u8, numbers: &[f64], bytes: Vec<u8>) -> Input {
    let code = InputCode::ALL.get(usize::from(code)).copied().unwrap_or(InputCode::Tick);
    let mut numbers = Numbers(numbers);
    match code {
        InputCode::Open => Input::Open {
            size: numbers.known(),
            start_ms: numbers.ms(),
            resolvable: numbers.flag(),
        },
        InputCode::Resolved => Input::Resolved { size: numbers.known() },
        // Without a response, the status is 0.
        InputCode::ResolveFailed => {
            Input::ResolveFailed { status: Some(numbers.status()).filter(|status| *status > 0) }
        }
        InputCode::Seek => Input::Seek { time_ms: numbers.ms() },
        InputCode::Position => Input::Position { time_ms: numbers.ms(), playing: numbers.flag() },
        InputCode::Online => Input::Online(numbers.flag()),
        InputCode::Tick => Input::Tick,
        InputCode::Languages => {
            let codes =
                bytes.chunks_exact(3).map(|code| code.iter().map(|b| char::from(*b)).collect());
            Input::Languages(codes.collect())
        }
        InputCode::Appended => Input::Appended {
            media_type: numbers.media_type(),
            epoch: numbers.small(),
            bytes: numbers.small(),
            buffered: numbers.time_ranges(),
        },
        InputCode::Removed => {
            Input::Removed { media_type: numbers.media_type(), buffered: numbers.time_ranges() }
        }
        InputCode::QuotaExceeded => {
            Input::QuotaExceeded { media_type: numbers.media_type(), epoch: numbers.small() }
        }
        InputCode::Unsupported => Input::Unsupported { media_type: numbers.media_type() },
        InputCode::MediaSourceFailed => Input::MediaSourceFailed,
        InputCode::MediaElementFailed => Input::MediaElementFailed,
        InputCode::Head => Input::Head { fetch_id: numbers.small(), head: numbers.head() },
        #[cfg(feature = "by-headers")]
        InputCode::StartBoxes => Input::StartBoxes {
            fetch_id: numbers.small(),
            media_bytes: whole(numbers.next()),
            boxes: bytes,
        },
        #[cfg(not(feature = "by-headers"))]
        InputCode::StartBoxes => Input::Tick,
        InputCode::IndexBytes => Input::IndexBytes { fetch_id: numbers.small(), bytes },
        // Media bytes stay where they are; the driver names the piece.
        InputCode::MediaBytes => {
            Input::MediaBytes { fetch_id: numbers.small(), piece: 0, len: numbers.small() }
        }
        InputCode::BodyEnded => Input::BodyEnded { fetch_id: numbers.small() },
        InputCode::FetchFailed => Input::FetchFailed { fetch_id: numbers.small() },
    }
}

/// The numbers of an input that are not read yet.
struct Numbers<'a>(&'a [f64]);

impl Numbers<'_> {
    fn next(&mut self) -> f64 {
        let Some((first, rest)) = self.0.split_first() else { return 0.0 };
        self.0 = rest;
        *first
    }

    /// A number that is known: not below 0.
    fn known(&mut self) -> Option<u64> {
        let number = self.next();
        (number >= 0.0).then(|| whole(number))
    }

    fn flag(&mut self) -> bool {
        self.next() > 0.0
    }

    fn small(&mut self) -> u32 {
        u32::try_from(whole(self.next())).unwrap_or(u32::MAX)
    }

    fn status(&mut self) -> u16 {
        u16::try_from(whole(self.next())).unwrap_or(u16::MAX)
    }

    /// Seconds, as milliseconds.
    fn ms(&mut self) -> u64 {
        whole(self.next() * 1e3)
    }

    fn media_type(&mut self) -> MediaType {
        if self.flag() { MediaType::Audio } else { MediaType::Video }
    }

    /// All that is left: start, end, start, end, … in seconds.
    fn time_ranges(&mut self) -> Vec<TimeRange> {
        let mut ranges = Vec::new();
        while !self.0.is_empty() {
            ranges.push(TimeRange { start_ms: self.ms(), end_ms: self.ms() });
        }
        ranges
    }

    /// Status; first byte, last byte and length of `Content-Range`, `Content-Length`, `Retry-After`
    /// in seconds, each -1 if it was not sent; the validator's number, 0 for none.
    fn head(&mut self) -> ResponseHead {
        ResponseHead {
            status: self.status(),
            content_range: ContentRange::of(self.known(), self.known(), self.known()),
            length: self.known(),
            retry_after_ms: self.known().map(|seconds| seconds.saturating_mul(1_000)),
            validator: Some(self.small()).filter(|number| *number > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_input(code: InputCode, numbers: &[f64]) -> Input {
        read(code as u8, numbers, Vec::new())
    }

    #[test]
    fn numbers_are_read_in_the_order_of_the_parameters() {
        let open = read_input(InputCode::Open, &[-1.0, 1.5, 1.0]);
        assert_eq!(open, Input::Open { size: None, start_ms: 1_500, resolvable: true });
        let appended = read_input(InputCode::Appended, &[1.0, 7.0, 100.0, 0.0, 2.5, 4.0, 6.0]);
        let buffered = vec![
            TimeRange { start_ms: 0, end_ms: 2_500 },
            TimeRange { start_ms: 4_000, end_ms: 6_000 },
        ];
        let media_type = MediaType::Audio;
        assert_eq!(appended, Input::Appended { media_type, epoch: 7, bytes: 100, buffered });
        let position = read_input(InputCode::Position, &[2.0, 0.0]);
        assert_eq!(position, Input::Position { time_ms: 2_000, playing: false });
    }

    #[test]
    fn lengths_that_were_not_sent_are_not_known() {
        let head = read_input(InputCode::Head, &[3.0, 206.0, 0.0, 9.0, 100.0, 10.0, -1.0, 2.0]);
        let content_range = ContentRange::of(Some(0), Some(9), Some(100));
        let expected = ResponseHead {
            status: 206,
            content_range,
            length: Some(10),
            validator: Some(2),
            retry_after_ms: None,
        };
        assert_eq!(head, Input::Head { fetch_id: 3, head: expected });
    }

    #[test]
    fn a_resolve_without_a_response_has_no_status() {
        let failed = |status| read_input(InputCode::ResolveFailed, &[status]);
        assert_eq!(failed(0.0), Input::ResolveFailed { status: None });
        assert_eq!(failed(404.0), Input::ResolveFailed { status: Some(404) });
    }

    #[test]
    fn an_unknown_code_is_a_tick() {
        assert_eq!(read(200, &[], Vec::new()), Input::Tick);
    }
}
