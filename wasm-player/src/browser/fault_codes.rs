//! Faults as they cross to `fault-messages.js`, which has the words for them.

use mp4::Unplayable;

use super::clock::float;
use super::host::Host;
use crate::pipeline::{BodyKind, FaultCause, FaultLocation, PlaybackFault};

/// A cause's name, and what it has to say beside it: two texts and two numbers.
type Told<'a> = (&'static str, &'a str, &'a str, f64, f64);

/// Tells `host` of `fault`.
pub(super) fn tell(host: &Host, kind: &str, fault: &PlaybackFault) {
    let (cause, first, second, number, limit) = told(&fault.cause);
    let (place, at) = place(fault.location);
    host.fault(kind, cause, first, second, number, limit, place, at);
}

fn told(cause: &FaultCause) -> Told<'_> {
    let name = match cause {
        FaultCause::Network => "network",
        FaultCause::Unreachable => "unreachable",
        FaultCause::Status(status) | FaultCause::Unresolved(Some(status)) => {
            return ("status", "", "", f64::from(*status), 0.0);
        }
        FaultCause::Unresolved(None) => "unresolved",
        FaultCause::NoRanges => "noRanges",
        FaultCause::EmptyFile => "empty",
        FaultCause::UnexpectedResponse => "oddAnswer",
        FaultCause::FileChanged => "changed",
        FaultCause::BadFile(error) => return rule("badFile", error),
        FaultCause::Truncated { at, size } => return ("cutOff", "", "", float(*at), float(*size)),
        FaultCause::IndexNotFound { requests } => {
            return ("scattered", "", "", f64::from(*requests), 0.0);
        }
        FaultCause::IndexTooLarge { bytes, max } => {
            return ("largeIndex", "", "", float(*bytes), float(*max));
        }
        FaultCause::Unplayable(why) => return unplayable(why),
        FaultCause::Unsupported(_) => "unsupported",
        FaultCause::BufferFull => "bufferFull",
        FaultCause::Decode => "decode",
        FaultCause::MediaSource => "sink",
    };
    (name, "", "", 0.0, 0.0)
}

fn unplayable(why: &Unplayable) -> Told<'_> {
    let (name, first, second) = match why {
        Unplayable::Codec { name, code } => ("codec", *name, code.as_str()),
        Unplayable::Kind(why) => ("kind", *why, ""),
        Unplayable::Encrypted(scheme) => ("encrypted", scheme.as_str(), ""),
        Unplayable::NoDescription => ("noDescription", "", ""),
        Unplayable::NoSamples => ("noSamples", "", ""),
        Unplayable::Edits(why) => ("edits", *why, ""),
        Unplayable::NoMedia => ("noMedia", "", ""),
        Unplayable::Broken(error) => return rule("damaged", error),
    };
    (name, first, second, 0.0, 0.0)
}

fn rule(name: &'static str, error: &mp4::Error) -> Told<'static> {
    let track = error.track.map_or(-1.0, |track| float(track as u64));
    (name, error.path, error.violation, float(error.offset), track)
}

fn place(location: FaultLocation) -> (&'static str, f64) {
    match location {
        FaultLocation::Time { time_ms } => ("time", float(time_ms / 1_000)),
        FaultLocation::Index => ("index", 0.0),
        FaultLocation::Structure { size } => ("structure", float(size.unwrap_or(0))),
        FaultLocation::Byte { body_kind: BodyKind::Index, at } => ("indexByte", float(at)),
        FaultLocation::Byte { body_kind: BodyKind::Media, at } => ("mediaByte", float(at)),
        FaultLocation::Tail { bytes } => ("tail", float(bytes)),
    }
}
