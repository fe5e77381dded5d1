//! Checks the head of an upstream's response against the request and the known state of the file.

use super::{date, identity::Validators};
use crate::http::{ByteRange, ResponseHead};

/// A response whose body has the requested bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamResponse {
    /// 206: the requested range.
    Partial {
        /// The first of the requested bytes: all, cut at the end of the file, or as many as the server
        /// sends in one response.
        sent: ByteRange,
        /// The state of the file.
        validators: Validators,
        /// Whether the length of the body is known, so that a truncated one is detected.
        has_length: bool,
    },
    /// 200: the whole file (RFC 9110 §14.2 lets a server ignore the range).
    Complete {
        /// The state of the file.
        validators: Validators,
        /// Whether the length of the body is known.
        has_length: bool,
    },
}

/// What is wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamFault {
    /// 401, 403 or 410: the URL has expired.
    Expired(u16),
    /// 404: there is no such file.
    Missing,
    /// There is another file under this URL; what differs.
    Changed(&'static str),
    /// 429 or 503: the upstream takes no requests, for so many milliseconds if it says so.
    Busy(Option<u64>),
    /// Any other status.
    Failed(u16),
    /// The response breaks the protocol, or has other bytes than the requested ones.
    Invalid(&'static str),
    /// `Content-Range` has the right bytes, and `*` for the size of the file, which is not known.
    UnknownSize,
}

/// The fewest bytes of a 206 that does not have all requested ones: a range is read by a bounded number
/// of requests.
const SENT_BYTES_MIN: u64 = 64 * 1024;

/// Checks the head of a response to a `GET` of `requested`, a range that begins within the file. Where
/// the file is known already, its bytes must be of the known state.
pub fn check_response(
    head: &ResponseHead,
    requested: ByteRange,
    known: Option<&Validators>,
    now_ms: u64,
) -> Result<UpstreamResponse, UpstreamFault> {
    match head.status {
        206 => partial(head, requested, known),
        200 => complete(head, known),
        401 | 403 | 410 => Err(UpstreamFault::Expired(head.status)),
        404 => Err(UpstreamFault::Missing),
        // §15.5.17: the range begins within the known file, so this is another one.
        416 if known.is_some() => {
            Err(UpstreamFault::Changed("416 for a range within the known file"))
        }
        429 | 503 => Err(UpstreamFault::Busy(retry_after_ms(head, now_ms))),
        status => Err(UpstreamFault::Failed(status)),
    }
}

fn partial(
    head: &ResponseHead,
    requested: ByteRange,
    known: Option<&Validators>,
) -> Result<UpstreamResponse, UpstreamFault> {
    // §8.4: a range of a coded file is a range of other bytes.
    if is_coded(head) {
        return Err(UpstreamFault::Invalid("a range with a Content-Encoding"));
    }
    // §15.3.7.2: in a multipart body, Content-Range is within the parts; one range was requested.
    let Some((sent, total)) = head.get("content-range").and_then(content_range) else {
        return Err(UpstreamFault::Invalid("no valid Content-Range"));
    };
    let Some(size_bytes) = total.or_else(|| known.map(|known| known.size_bytes)) else {
        return Err(UpstreamFault::UnknownSize);
    };
    if known.is_some_and(|known| known.size_bytes != size_bytes) {
        return Err(UpstreamFault::Changed("its size differs"));
    }
    // §15.3.7 lets a server send less than the requested range; the next request goes on from there.
    let all = ByteRange { start: requested.start, end: requested.end.min(size_bytes) };
    let is_first_part = sent.start == all.start && sent.end < all.end;
    if sent != all && !(is_first_part && sent.len() >= SENT_BYTES_MIN) {
        return Err(UpstreamFault::Invalid("Content-Range is not the requested range"));
    }
    let has_length = match length(head) {
        Ok(Some(length)) if length != sent.len() => {
            return Err(UpstreamFault::Invalid("Content-Length and Content-Range disagree"));
        }
        Ok(length) => length.is_some(),
        Err(why) => return Err(UpstreamFault::Invalid(why)),
    };
    let validators = Validators::of(head, size_bytes);
    match differing_state(known, &validators) {
        Some(fault) => Err(fault),
        None => Ok(UpstreamResponse::Partial { sent, validators, has_length }),
    }
}

fn complete(
    head: &ResponseHead,
    known: Option<&Validators>,
) -> Result<UpstreamResponse, UpstreamFault> {
    if is_coded(head) {
        return Err(UpstreamFault::Invalid("a Content-Encoding although the request accepts none"));
    }
    let length = match length(head) {
        Ok(length) => length,
        Err(why) => return Err(UpstreamFault::Invalid(why)),
    };
    let size_bytes = match (length, known) {
        (Some(length), Some(known)) if length != known.size_bytes => {
            return Err(UpstreamFault::Changed("its size differs"));
        }
        (Some(length), _) => length,
        (None, Some(known)) => known.size_bytes,
        (None, None) => {
            return Err(UpstreamFault::Invalid(
                "a 200 without Content-Length of a file of unknown size",
            ));
        }
    };
    let validators = Validators::of(head, size_bytes);
    match differing_state(known, &validators) {
        Some(fault) => Err(fault),
        None => Ok(UpstreamResponse::Complete { validators, has_length: length.is_some() }),
    }
}

/// Why these are not bytes of the known state; none where they are. Bytes of two states are never
/// combined (§15.3.7.3).
fn differing_state(known: Option<&Validators>, now: &Validators) -> Option<UpstreamFault> {
    let known = known?;
    match (&known.etag, &now.etag) {
        (Some(known), Some(now)) if known != now => {
            return Some(UpstreamFault::Changed("its ETag differs"));
        }
        // §15.3.7 has a 206 repeat what a 200 would say.
        (Some(_), None) => {
            return Some(UpstreamFault::Invalid("the response has no ETag, the file had one"));
        }
        (None, Some(_)) => {
            return Some(UpstreamFault::Changed("it has an ETag, the file had none"));
        }
        (None, None) if known.modified.is_some() && now.modified.is_none() => {
            return Some(UpstreamFault::Invalid(
                "the response has no Last-Modified, the file had one",
            ));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    // A strong tag says it all (§8.8.2.2); servers that share one may have copied at another time.
    let is_strong = known.etag.as_ref().is_some_and(|etag| etag.starts_with('"'));
    let moved =
        known.modified.is_some() && now.modified.is_some() && known.modified != now.modified;
    (!is_strong && moved).then_some(UpstreamFault::Changed("its Last-Modified differs"))
}

/// Whether a body has a coding. Some servers put a word there that names none: S3 stores the
/// `aws-chunked` of an upload, whose bytes it has decoded.
fn is_coded(head: &ResponseHead) -> bool {
    let none = ["", "identity", "none", "binary", "utf-8", "aws-chunked"];
    let coding = head.get("content-encoding").unwrap_or_default();
    let is_none = |word: &str| none.iter().any(|none| word.trim().eq_ignore_ascii_case(none));
    !coding.split(',').all(is_none)
}

/// `Content-Length`. A list of equal numbers counts as one (§8.6); any other list is an attack or an
/// accident.
fn length(head: &ResponseHead) -> Result<Option<u64>, &'static str> {
    let Some(text) = head.get("content-length") else { return Ok(None) };
    let mut numbers = text.split(',').map(|text| number(text.trim()));
    let first = numbers.next().flatten().ok_or("Content-Length is not a number")?;
    if numbers.all(|number| number == Some(first)) {
        Ok(Some(first))
    } else {
        Err("several Content-Length disagree")
    }
}

/// `bytes 0-9/100` or `bytes 0-9/*` (§14.4): the range, and the size of the file. Some servers write
/// `bytes=0-9/100`, which can mean nothing else.
fn content_range(header: &str) -> Option<(ByteRange, Option<u64>)> {
    let (unit, rest) = header.trim().split_once([' ', '='])?;
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (start, last) = (number(first)?, number(last)?);
    let total = if total == "*" { None } else { Some(number(total)?) };
    let sane = start <= last && total.is_none_or(|total| last < total);
    let sent = ByteRange { start, end: last.checked_add(1)? };
    (sane && unit.eq_ignore_ascii_case("bytes")).then_some((sent, total))
}

fn number(digits: &str) -> Option<u64> {
    Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// `Retry-After`: seconds, or a date (§10.2.3).
fn retry_after_ms(head: &ResponseHead, now_ms: u64) -> Option<u64> {
    let text = head.get("retry-after")?.trim();
    let at_ms = |at_s: u64| at_s.saturating_mul(1000).saturating_sub(now_ms);
    number(text)
        .map(|seconds| seconds.saturating_mul(1000))
        .or_else(|| date::parse(text).map(at_ms))
}
