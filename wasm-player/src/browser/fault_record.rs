//! Faults as they cross to `fault-messages.js`, which has the words for them.

use mp4::Unplayable;

use super::clock::float;
use super::codes::{CauseCode, LocationCode};
use crate::pipeline::{BodyKind, FaultCause, FaultLocation, MediaType, PlaybackFault};

/// A fault that crosses: `codes.rs` has the numbers and texts of each code, in their order.
#[derive(Debug, PartialEq)]
pub(super) struct FaultRecord<'a> {
    pub(super) cause: CauseCode,
    pub(super) location: LocationCode,
    /// That of the location, then those of the cause.
    pub(super) numbers: Vec<f64>,
    /// Texts of the cause. Where one is empty, the worker inserts the browser's message.
    pub(super) texts: [&'a str; 2],
}

impl<'a> From<&'a PlaybackFault> for FaultRecord<'a> {
    fn from(fault: &'a PlaybackFault) -> Self {
        let (location, number) = location(fault.location);
        let mut record =
            Self { cause: CauseCode::Network, location, numbers: vec![number], texts: ["", ""] };
        record.cause = record.add(&fault.cause);
        record
    }
}

impl<'a> FaultRecord<'a> {
    /// Adds a cause's numbers and texts; returns its code.
    fn add(&mut self, cause: &'a FaultCause) -> CauseCode {
        match cause {
            FaultCause::Network => CauseCode::Network,
            FaultCause::Unreachable => CauseCode::Unreachable,
            FaultCause::Status(status) | FaultCause::Unresolved(Some(status)) => {
                self.numbers.push(f64::from(*status));
                CauseCode::Status
            }
            FaultCause::Unresolved(None) => CauseCode::Unresolved,
            FaultCause::NoRanges => CauseCode::NoRanges,
            FaultCause::EmptyFile => CauseCode::EmptyFile,
            FaultCause::UnexpectedResponse => CauseCode::UnexpectedResponse,
            FaultCause::FileChanged => CauseCode::FileChanged,
            FaultCause::BadFile(error) => self.add_error(error, CauseCode::BadFile),
            FaultCause::Truncated { at, size } => {
                self.numbers.extend([float(*at), float(*size)]);
                CauseCode::Truncated
            }
            FaultCause::IndexNotFound { requests } => {
                self.numbers.push(f64::from(*requests));
                CauseCode::IndexNotFound
            }
            FaultCause::IndexTooLarge { bytes, max } => {
                self.numbers.extend([float(*bytes), float(*max)]);
                CauseCode::IndexTooLarge
            }
            FaultCause::Unplayable(why) => self.add_unplayable(why),
            FaultCause::MissingTrack { media_type, why } => {
                self.numbers.extend([f64::from(*media_type as u8), own_players(why)]);
                self.texts = [why.lack(), ""];
                if let Unplayable::Codec { code, .. } = why {
                    self.texts = [why.lack(), code];
                }
                CauseCode::MissingTrack
            }
            FaultCause::Unsupported(_) => CauseCode::Unsupported,
            FaultCause::BufferFull => CauseCode::BufferFull,
            FaultCause::Decode => CauseCode::Decode,
            FaultCause::MediaSource => CauseCode::MediaSource,
            FaultCause::Stalled(ranges) => {
                for (media_type, range) in ranges {
                    let kind = f64::from(u8::from(*media_type == MediaType::Audio));
                    self.numbers.extend([kind, float(range.start_ms), float(range.end_ms)]);
                }
                CauseCode::Stalled
            }
        }
    }

    fn add_unplayable(&mut self, why: &'a Unplayable) -> CauseCode {
        let (code, texts) = match why {
            Unplayable::Codec { name, code } => {
                self.numbers.push(own_players(why));
                (CauseCode::Codec, [*name, code.as_str()])
            }
            Unplayable::Kind(reason) => (CauseCode::Kind, [*reason, ""]),
            Unplayable::Encrypted(scheme) => (CauseCode::Encrypted, [scheme.as_str(), ""]),
            Unplayable::NoDescription => (CauseCode::NoDescription, ["", ""]),
            Unplayable::NoSamples => (CauseCode::NoSamples, ["", ""]),
            Unplayable::Edits(reason) => (CauseCode::Edits, [*reason, ""]),
            Unplayable::NoMedia => (CauseCode::NoMedia, ["", ""]),
            Unplayable::Broken(error) => return self.add_error(error, CauseCode::BrokenTrack),
        };
        self.texts = texts;
        code
    }

    fn add_error(&mut self, error: &mp4::Error, code: CauseCode) -> CauseCode {
        let track = error.track.map_or(-1.0, |track| float(track as u64));
        self.numbers.extend([float(error.offset), track]);
        self.texts = [error.path, error.violation];
        code
    }
}

/// A bit for each engine whose own player plays a track: Chromium, Firefox, WebKit.
fn own_players(why: &Unplayable) -> f64 {
    let bits = why.own_players().iter().map(|engine| 1 << *engine as u8);
    f64::from(bits.sum::<u8>())
}

fn location(location: FaultLocation) -> (LocationCode, f64) {
    match location {
        FaultLocation::Time { time_ms } => (LocationCode::Time, float(time_ms / 1_000)),
        FaultLocation::Index => (LocationCode::Index, 0.0),
        FaultLocation::Structure { size } => (LocationCode::Structure, float(size.unwrap_or(0))),
        FaultLocation::Byte { body_kind: BodyKind::Index, at } => {
            (LocationCode::IndexByte, float(at))
        }
        FaultLocation::Byte { body_kind: BodyKind::Media, at } => {
            (LocationCode::MediaByte, float(at))
        }
        FaultLocation::Tail { bytes } => (LocationCode::Tail, float(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_crosses_with_the_number_of_its_location_first() {
        let cause = FaultCause::Truncated { at: 90, size: 80 };
        let fault = PlaybackFault { cause, location: FaultLocation::Tail { bytes: 7 } };
        let record = FaultRecord::from(&fault);
        assert_eq!((record.cause, record.location), (CauseCode::Truncated, LocationCode::Tail));
        assert_eq!((record.numbers, record.texts), (vec![7.0, 90.0, 80.0], ["", ""]));
    }

    #[test]
    fn a_codec_that_no_browser_plays_crosses_with_both_its_names() {
        let why = Unplayable::Codec { name: "ProRes", code: "apch".into() };
        let location = FaultLocation::Index;
        let fault = PlaybackFault { cause: FaultCause::Unplayable(why), location };
        let record = FaultRecord::from(&fault);
        assert_eq!((record.cause, record.texts), (CauseCode::Codec, ["ProRes", "apch"]));
        assert_eq!(record.numbers, [0.0, 4.0], "of WebKit alone");
    }
}
