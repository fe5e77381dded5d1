//! The response of a provider's resolver: which URLs it names, and until when they are used.
//!
//! Forms: `{"urls": ["…"], "expiresAtMs": …}`, `{"url": "…"}`, `"…"`, a list of texts or of such
//! objects, and plain text with a URL on each line. A URL may be relative to the resolver's own.

use serde_json::Value;
use url::Url;

use super::provider::{Provider, UpstreamUrl, expires_at_ms};

/// URLs of one file that are considered.
const URL_COUNT_MAX: usize = 16;
/// An expiring URL is not used in its last minute, or in the last half of a shorter life: a response
/// takes time to begin, and clocks differ.
const MARGIN_MS: u64 = 60_000;
/// How long a new URL is used whatever it says of its end. A URL that has expired on arrival is
/// refused, or a clock is wrong; neither is a reason to resolve for each read.
const FRESH_MS_MIN: u64 = 5_000;
/// Milliseconds since the Unix epoch are larger than this since 1973; seconds will be in the year 5138.
const MILLISECONDS_MIN: u64 = 100_000_000_000;

/// The URLs of a file that a resolver named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverResponse {
    /// Those that the provider's record allows, best first.
    pub urls: Vec<UpstreamUrl>,
    /// What the operator should know of the response; it is used all the same.
    pub notes: Vec<&'static str>,
}

/// Parses a response of the resolver at `resolver`.
pub fn parse(
    provider: &Provider,
    resolver: &Url,
    response: &[u8],
    now_ms: u64,
) -> Result<ResolverResponse, String> {
    let mut notes = Vec::new();
    let mut urls = Vec::new();
    let mut refused = "a resolver's response has no URL".to_owned();
    for (text, stated_ms) in named_urls(response)?.into_iter().take(URL_COUNT_MAX) {
        let absolute = resolver.join(text.trim());
        let Ok(absolute) = absolute else {
            "a URL of a resolver's response does not parse".clone_into(&mut refused);
            continue;
        };
        match provider.check_url(absolute.as_str()) {
            Ok(url) => {
                let stated_ms = stated_ms.map(|stated| in_milliseconds(stated, &mut notes));
                let ends_at_ms = [stated_ms, expires_at_ms(&url)].into_iter().flatten().min();
                let until_ms = ends_at_ms.map(|end| fresh_until_ms(end, now_ms, &mut notes));
                urls.push(UpstreamUrl { url: url.into(), fresh_until_ms: until_ms });
            }
            Err(why) => refused = format!("{}: {why}", absolute.origin().ascii_serialization()),
        }
    }
    if urls.is_empty() { Err(refused) } else { Ok(ResolverResponse { urls, notes }) }
}

/// The URLs of a response, each with its `expiresAtMs`.
fn named_urls(response: &[u8]) -> Result<Vec<(String, Option<u64>)>, String> {
    let Ok(json) = serde_json::from_slice::<Value>(response) else { return plain_urls(response) };
    let expires = |value: &Value| value.get("expiresAtMs").and_then(Value::as_u64);
    let of_all = expires(&json);
    let list = match json {
        Value::Array(list) => list,
        Value::Object(mut fields) => match fields.remove("urls") {
            Some(Value::Array(list)) => list,
            Some(_) => return Err("`urls` of a resolver's response is not a list".to_owned()),
            None => vec![Value::Object(fields)],
        },
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => vec![other],
    };
    let one = |value: &Value| {
        let url = value.as_str().or_else(|| value.get("url")?.as_str())?;
        Some((url.to_owned(), expires(value).or(of_all)))
    };
    let urls: Option<_> = list.iter().map(one).collect();
    urls.ok_or_else(|| {
        "the JSON of a resolver's response has no `urls`, no `url` and is not a URL".to_owned()
    })
}

/// Plain text: a page for people is no list of URLs.
fn plain_urls(response: &[u8]) -> Result<Vec<(String, Option<u64>)>, String> {
    let wrong = || "a resolver's response is neither JSON nor lines with a URL each".to_owned();
    let text = str::from_utf8(response).map_err(|_| wrong())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_url = |line: &str| {
        let is_absolute = line.starts_with("https://") || line.starts_with("http://");
        (is_absolute || line.starts_with('/')) && !line.contains(char::is_whitespace)
    };
    let url = |line: &str| is_url(line).then(|| (line.to_owned(), None)).ok_or_else(wrong);
    lines.map(url).collect()
}

fn in_milliseconds(stated: u64, notes: &mut Vec<&'static str>) -> u64 {
    if stated >= MILLISECONDS_MIN {
        return stated;
    }
    note(
        notes,
        "`expiresAtMs` has seconds; they are taken as seconds, and it should have milliseconds",
    );
    stated * 1000
}

/// Until when a URL that ends then is used.
fn fresh_until_ms(ends_at_ms: u64, now_ms: u64, notes: &mut Vec<&'static str>) -> u64 {
    if ends_at_ms <= now_ms {
        note(notes, "a URL had expired when it came; is a clock wrong, here or there?");
    }
    let margin_ms = MARGIN_MS.min(ends_at_ms.saturating_sub(now_ms) / 2);
    ends_at_ms.saturating_sub(margin_ms).max(now_ms.saturating_add(FRESH_MS_MIN))
}

fn note(notes: &mut Vec<&'static str>, text: &'static str) {
    if !notes.contains(&text) {
        notes.push(text);
    }
}
