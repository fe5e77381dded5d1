//! Conditional requests: does the client have it already, or another one? (RFC 9110 §13)

use super::date;
use crate::http::{Headers, ObjectMeta};

/// What the conditions of a `GET` or `HEAD` come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Answer as if there were none.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client wants.
    Failed,
}

/// Conditions in the order of precedence of §13.2.2; without `If-Range`, which is not one of them.
pub fn evaluate(headers: &Headers, meta: &ObjectMeta) -> Precondition {
    // A date has seconds, and what is younger than it by less is not.
    let modified_s = meta.modified_ms / 1000;
    if let Some(wanted) = headers.get("if-match") {
        // §13.1.1
        if !matches_any(wanted, &meta.etag, Comparison::Strong) {
            return Precondition::Failed;
        }
    } else if let Some(limit_s) = headers.get("if-unmodified-since").and_then(date::parse) {
        // §13.1.4
        if modified_s > limit_s {
            return Precondition::Failed;
        }
    }
    if let Some(held) = headers.get("if-none-match") {
        // §13.1.2
        if matches_any(held, &meta.etag, Comparison::Weak) {
            return Precondition::NotModified;
        }
    } else if let Some(held_s) = headers.get("if-modified-since").and_then(date::parse) {
        // §13.1.3
        if modified_s <= held_s {
            return Precondition::NotModified;
        }
    }
    Precondition::Proceed
}

/// Whether a `Range` counts: its `If-Range` names exactly this state, or there is none (§13.1.5).
pub fn range_applies(headers: &Headers, meta: &ObjectMeta) -> bool {
    let Some(held) = headers.get("if-range").map(str::trim) else { return true };
    if held.starts_with('"') || held.starts_with("W/") {
        return matches_any(held, &meta.etag, Comparison::Strong);
    }
    // Objects are named by their content and stored whole, so that two states of one name within
    // one second, which would make a date weak (§8.8.2.2), do not happen.
    date::parse(held) == Some(meta.modified_ms / 1000)
}

/// Whether `If-None-Match` holds a tag of a reply that was made here.
pub fn matches_if_none_match(headers: &Headers, etag: &str) -> bool {
    headers.get("if-none-match").is_some_and(|held| matches_any(held, etag, Comparison::Weak))
}

/// How two entity tags are compared (§8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags, or `*`, has this one. What is no tag ends the list.
fn matches_any(list: &str, etag: &str, comparison: Comparison) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let Some((opaque, after)) = tag.strip_prefix('"').and_then(|tag| tag.split_once('"'))
        else {
            return false;
        };
        let same = etag.strip_prefix('"').and_then(|e| e.strip_suffix('"')) == Some(opaque);
        if same && (!weak || comparison == Comparison::Weak) {
            return true;
        }
        rest = after;
    }
}
