//! Is this the answer to what was asked? Nothing that an upstream says is taken on trust.

use super::{date, identity::Validators};
use crate::http::{ByteRange, ResponseHead};

/// An answer that is good for its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamResponse {
    /// The range asked for, of a file with these validators.
    Partial {
        /// Those bytes, cut at the end of the file.
        sent: ByteRange,
        /// Of which state of the file.
        validators: Validators,
        /// Whether the body says how long it is, so that a cut can be seen.
        has_length: bool,
    },
    /// All of the file (RFC 9110 §14.2 lets a server ignore the range).
    Complete {
        /// Of which state of the file.
        validators: Validators,
        /// Whether the body says how long it is.
        has_length: bool,
    },
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamFault {
    /// The URL's time is over, or was never there.
    Expired(u16),
    /// There is no such file.
    Missing,
    /// There is another file.
    Changed(&'static str),
    /// The upstream wants to be left alone for so many milliseconds, if it says so.
    Busy(Option<u64>),
    /// The upstream has a problem.
    Failed(u16),
    /// The answer breaks the protocol, or is not what was asked for.
    Wrong(&'static str),
    /// There is no answer.
    Silent(&'static str),
}

/// Judges the head of an answer to a `GET` of `asked`, a range that begins within the file. Where
/// the file is known already, its bytes must be of the state that is known.
pub fn check_response(
    head: &ResponseHead,
    asked: ByteRange,
    known: Option<&Validators>,
    now_ms: u64,
) -> Result<UpstreamResponse, UpstreamFault> {
    match head.status {
        206 => part(head, asked, known),
        200 => whole(head, known),
        401 | 403 | 410 => Err(UpstreamFault::Expired(head.status)),
        404 => Err(UpstreamFault::Missing),
        // §15.5.17: the range begins within the file that is known, so that is another one.
        416 if known.is_some() => Err(UpstreamFault::Changed("the range is said not to be there")),
        429 | 503 => Err(UpstreamFault::Busy(retry_after_ms(head, now_ms))),
        status => Err(UpstreamFault::Failed(status)),
    }
}

fn part(
    head: &ResponseHead,
    asked: ByteRange,
    known: Option<&Validators>,
) -> Result<UpstreamResponse, UpstreamFault> {
    // §8.4: a range of a coded file is a range of other bytes.
    if is_coded(head) {
        return Err(UpstreamFault::Wrong("a range with a content coding"));
    }
    // §15.3.7.2: of several parts, Content-Range is within them, and only one was asked for.
    let Some((sent, total)) = head.get("content-range").and_then(content_range) else {
        return Err(UpstreamFault::Wrong("no Content-Range that makes sense"));
    };
    let Some(size_bytes) = total.or_else(|| known.map(|known| known.size_bytes)) else {
        return Err(UpstreamFault::Wrong("a range of unknown total"));
    };
    if known.is_some_and(|known| known.size_bytes != size_bytes) {
        return Err(UpstreamFault::Changed("another size"));
    }
    // §15.3.7 lets a server send less than was asked for; whoever does that here is not followed.
    if sent != (ByteRange { start: asked.start, end: asked.end.min(size_bytes) }) {
        return Err(UpstreamFault::Wrong("another range than asked for"));
    }
    let has_length = match length(head) {
        Ok(Some(length)) if length != sent.len() => {
            return Err(UpstreamFault::Wrong("Content-Length and Content-Range disagree"));
        }
        Ok(length) => length.is_some(),
        Err(why) => return Err(UpstreamFault::Wrong(why)),
    };
    let validators = Validators::of(head, size_bytes);
    match same(known, &validators) {
        Some(fault) => Err(fault),
        None => Ok(UpstreamResponse::Partial { sent, validators, has_length }),
    }
}

fn whole(
    head: &ResponseHead,
    known: Option<&Validators>,
) -> Result<UpstreamResponse, UpstreamFault> {
    if is_coded(head) {
        return Err(UpstreamFault::Wrong("a content coding that was not asked for"));
    }
    let length = match length(head) {
        Ok(length) => length,
        Err(why) => return Err(UpstreamFault::Wrong(why)),
    };
    let size_bytes = match (length, known) {
        (Some(length), Some(known)) if length != known.size_bytes => {
            return Err(UpstreamFault::Changed("another size"));
        }
        (Some(length), _) => length,
        (None, Some(known)) => known.size_bytes,
        (None, None) => return Err(UpstreamFault::Wrong("a file of unknown length")),
    };
    let validators = Validators::of(head, size_bytes);
    match same(known, &validators) {
        Some(fault) => Err(fault),
        None => Ok(UpstreamResponse::Complete { validators, has_length: length.is_some() }),
    }
}

/// Why these are not bytes of the file that is known; none where they are. Bytes of two states are
/// never put together (§15.3.7.3).
fn same(known: Option<&Validators>, now: &Validators) -> Option<UpstreamFault> {
    let known = known?;
    match (&known.etag, &now.etag) {
        (Some(known), Some(now)) if known != now => {
            return Some(UpstreamFault::Changed("another ETag"));
        }
        // §15.3.7 has a 206 repeat what a 200 would say.
        (Some(_), None) => return Some(UpstreamFault::Wrong("the ETag is gone")),
        (None, Some(_)) => return Some(UpstreamFault::Changed("an ETag where there was none")),
        (None, None) if known.modified.is_some() && now.modified.is_none() => {
            return Some(UpstreamFault::Wrong("Last-Modified is gone"));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    // A strong tag says it all (§8.8.2.2); servers that share one may have copied at another time.
    let is_strong = known.etag.as_ref().is_some_and(|etag| etag.starts_with('"'));
    let moved =
        known.modified.is_some() && now.modified.is_some() && known.modified != now.modified;
    (!is_strong && moved).then_some(UpstreamFault::Changed("another Last-Modified"))
}

fn is_coded(head: &ResponseHead) -> bool {
    let coding = head.get("content-encoding").unwrap_or_default().trim();
    !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")
}

/// `Content-Length` (§8.6). A list of them is an attack or an accident.
fn length(head: &ResponseHead) -> Result<Option<u64>, &'static str> {
    let Some(text) = head.get("content-length") else { return Ok(None) };
    number(text.trim()).map(Some).ok_or("an odd Content-Length")
}

/// `bytes 0-9/100` or `bytes 0-9/*` (§14.4): what is sent, and of how much.
fn content_range(header: &str) -> Option<(ByteRange, Option<u64>)> {
    let (unit, rest) = header.trim().split_once(' ')?;
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
