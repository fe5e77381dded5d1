//! `Range`: which bytes a client wants (RFC 9110 §14).
//!
//! Policy, where the RFC leaves a choice:
//! - A unit other than `bytes` is ignored, as it must be (§14.2); so is a header that breaks the
//!   grammar, such as `bytes=9-5` (§14.2 allows either), and one with more than
//!   [`RANGE_COUNT_MAX`] ranges (§17.15). Ignored means the whole object, 200.
//! - Of several ranges, the only satisfiable one is sent as if it stood alone; none satisfiable is
//!   416; of more, the header is ignored (§14.2): nothing here makes `multipart/byteranges`.
//! - Numbers too large to count are the largest there is, so that a last position is clamped to
//!   the end (§14.1.2) and a first one is beyond every end.
//! - Of an object without bytes, every range is ignored (§14.2): there is no way to write the
//!   `Content-Range` of nothing.

use crate::http::ReadRange;

/// Ranges in one header. A client that wants more of them wants the whole object.
pub const RANGE_COUNT_MAX: usize = 16;

/// The ranges of a `Range` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedRanges {
    /// One range: whether it is satisfiable is the store's to say.
    One(ReadRange),
    /// Several, of which a size decides.
    Several(Vec<ReadRange>),
}

/// What several ranges come to for an object of known size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeChoice {
    /// Send this one.
    One(ReadRange),
    /// Send everything.
    Whole,
    /// The object has none of the requested bytes.
    Unsatisfiable,
}

/// Reads a `Range` header; none where it is to be ignored.
pub fn parse(header: &str) -> Option<RequestedRanges> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim_start().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    // §5.6.1.2: a recipient ignores empty elements of a list.
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])) {
        if spec.is_empty() {
            continue;
        }
        if ranges.len() == RANGE_COUNT_MAX {
            return None;
        }
        ranges.push(parse_spec(spec)?);
    }
    match *ranges.as_slice() {
        [] => None,
        [one] => Some(RequestedRanges::One(one)),
        _ => Some(RequestedRanges::Several(ranges)),
    }
}

/// Chooses among several ranges of an object of this size.
pub fn choose(ranges: &[ReadRange], size_bytes: u64) -> RangeChoice {
    let mut satisfiable = ranges.iter().filter(|range| range.within(size_bytes).is_some());
    match (satisfiable.next(), satisfiable.next()) {
        (Some(&only), None) => RangeChoice::One(only),
        (Some(_), Some(_)) => RangeChoice::Whole,
        (None, _) => RangeChoice::Unsatisfiable,
    }
}

/// `int-range / suffix-range` (§14.1.1); the other ranges of the grammar belong to other units.
fn parse_spec(spec: &str) -> Option<ReadRange> {
    match spec.split_once('-')? {
        ("", length) => Some(ReadRange::Suffix { length: position(length)? }),
        (first, "") => Some(ReadRange::From { first: position(first)? }),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(ReadRange::Closed { first, last })
        }
    }
}

/// `1*DIGIT`, or the largest number where it is larger than that.
fn position(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}
