//! Faults as they cross to `fault-messages.js`, which has the words for them.

use mp4::Unplayable;

use super::clock::float;
use super::host::Host;
use crate::pipeline::{Cause, Fault, Place, Purpose};

/// A cause's name, and what it has to say beside it: two texts and two numbers.
type Told<'a> = (&'static str, &'a str, &'a str, f64, f64);

/// Tells `host` of `fault`.
pub(super) fn tell(host: &Host, kind: &str, fault: &Fault) {
    let (cause, first, second, number, limit) = told(&fault.cause);
    let (place, at) = place(fault.place);
    host.fault(kind, cause, first, second, number, limit, place, at);
}

fn told(cause: &Cause) -> Told<'_> {
    let name = match cause {
        Cause::Network => "network",
        Cause::Unreachable => "unreachable",
        Cause::Status(status) | Cause::Unresolved(Some(status)) => {
            return ("status", "", "", f64::from(*status), 0.0);
        }
        Cause::Unresolved(None) => "unresolved",
        Cause::NoRanges => "noRanges",
        Cause::Empty => "empty",
        Cause::OddAnswer => "oddAnswer",
        Cause::Changed => "changed",
        Cause::BadFile(error) => return rule("badFile", error),
        Cause::CutOff { at, size } => return ("cutOff", "", "", float(*at), float(*size)),
        Cause::Scattered { requests } => return ("scattered", "", "", f64::from(*requests), 0.0),
        Cause::LargeIndex { bytes, max } => {
            return ("largeIndex", "", "", float(*bytes), float(*max));
        }
        Cause::Unplayable(why) => return unplayable(why),
        Cause::Unsupported(_) => "unsupported",
        Cause::BufferFull => "bufferFull",
        Cause::Decode => "decode",
        Cause::Sink => "sink",
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
    (name, error.path, error.rule, float(error.offset), track)
}

fn place(place: Place) -> (&'static str, f64) {
    match place {
        Place::Time { time_ms } => ("time", float(time_ms / 1_000)),
        Place::Index => ("index", 0.0),
        Place::Structure { size } => ("structure", float(size.unwrap_or(0))),
        Place::Byte { purpose: Purpose::Index, at } => ("indexByte", float(at)),
        Place::Byte { purpose: Purpose::Media, at } => ("mediaByte", float(at)),
        Place::Tail { bytes } => ("tail", float(bytes)),
    }
}
