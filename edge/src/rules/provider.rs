//! Upstreams: which providers there are, which URLs of theirs may be asked, and when one expires.
//!
//! No URL comes from a client. A file's URL is made of a provider's record and the name under
//! which that provider knows the file, or told by the provider's own resolver; every one, and every
//! redirect, is held against the origins of the record.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::{Host, Url};

use crate::http::ResponseHead;

/// Providers of one deployment: a person lists them.
const PROVIDER_COUNT_MAX: usize = 64;
/// Origins, and mirrors, of one provider.
const ORIGIN_COUNT_MAX: usize = 16;
/// Bytes of a file's name at its provider.
pub const FILE_BYTES_MAX: usize = 1024;
/// Bytes of a URL: more than any signed URL of an object store.
const URL_BYTES_MAX: usize = 4096;
/// Fields that a provider's films keep of its answers, and bytes of a name or value of them.
const FIELD_COUNT_MAX: usize = 8;
const FIELD_BYTES_MAX: usize = 256;
/// Fields that are about one connection or one answer, that no cache may hand on, or that the edge
/// writes itself (RFC 9110 §7.6.1, RFC 9111 §3.1).
const OWN_FIELDS: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "authentication-info",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "expires",
    api::OBJECT_FIELD,
    "keep-alive",
    "last-modified",
    "location",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
    "x-content-type-options",
];
/// An expiring URL is not used in its last minute: an answer has to begin, and clocks differ.
const MARGIN_MS: u64 = 60_000;
/// What stands in a path as it is (RFC 3986 §2.3), and the slash.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Somebody who has files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called in source records.
    pub id: String,
    /// Every origin that may be asked on its behalf, redirects included.
    pub origins: Vec<String>,
    /// Where its files lie, the name of a file to be appended: mirrors of each other.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Where it tells a file's URLs, with `{file}` for its name.
    #[serde(default)]
    pub resolve: Option<String>,
    /// Whether its origins may be addresses, or names that only a private network knows.
    #[serde(default)]
    pub private: bool,
    /// Fields of its answers that ours about its films have, too; names in lower case.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// One place where a file lies for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    /// Where.
    pub url: String,
    /// Until when, less a margin; none where that is not known.
    pub fresh_until_ms: Option<u64>,
}

/// What a resolver answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResolverResponse {
    /// The best first.
    urls: Vec<String>,
    #[serde(default)]
    expires_at_ms: Option<u64>,
}

/// Reads the setting `providers`, a JSON list. The error is for the operator.
pub fn parse_providers(setting: &str) -> Result<Vec<Provider>, String> {
    let wrong = |why: String| format!("the setting providers: {why}");
    let list: Vec<Provider> = serde_json::from_str(setting).map_err(|e| wrong(e.to_string()))?;
    if list.len() > PROVIDER_COUNT_MAX {
        return Err(wrong(format!("at most {PROVIDER_COUNT_MAX} fit")));
    }
    for provider in &list {
        provider.check().map_err(|why| wrong(format!("{}: {why}", provider.id)))?;
    }
    Ok(list)
}

impl Provider {
    fn check(&self) -> Result<(), &'static str> {
        if !api::limits::is_id(&self.id) {
            return Err("an id has 1 to 128 of a-z 0-9 . _ -");
        }
        if self.origins.len() > ORIGIN_COUNT_MAX || self.bases.len() > ORIGIN_COUNT_MAX {
            return Err("at most 16 origins and 16 bases fit");
        }
        if self.bases.is_empty() == self.resolve.is_none() {
            return Err("it has either `bases` or `resolve`");
        }
        for origin in &self.origins {
            let url = Url::parse(origin).map_err(|_| "an origin is no URL")?;
            if url.origin().ascii_serialization() != *origin {
                return Err(
                    "an origin is a scheme, a host and a port that is not the scheme's own",
                );
            }
        }
        if self.bases.iter().any(|base| !base.ends_with('/')) {
            return Err("a base ends with /");
        }
        if self.resolve.as_ref().is_some_and(|resolve| !resolve.contains("{file}")) {
            return Err("`resolve` has no {file} in it");
        }
        let fields: BTreeSet<_> = self.fields.iter().filter(|name| is_kept(name)).collect();
        if self.fields.len() > FIELD_COUNT_MAX || fields.len() < self.fields.len() {
            return Err("`fields` has at most 8 names in lower case, each once, and none that is \
                        about one answer or written here");
        }
        let resolve = self.resolve.iter().map(|resolve| resolve.replace("{file}", "x"));
        self.bases.iter().cloned().chain(resolve).try_for_each(|url| self.check_url(&url).map(drop))
    }

    /// The URL as it may be asked, or why it may not.
    pub fn check_url(&self, url: &str) -> Result<Url, &'static str> {
        if url.len() > URL_BYTES_MAX {
            return Err("a URL is longer than 4096 bytes");
        }
        let url = Url::parse(url).map_err(|_| "a URL does not parse")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL carries credentials");
        }
        let is_public = match url.host() {
            None => return Err("a URL has no host"),
            Some(Host::Domain(name)) => is_public_name(name),
            // An address has no name that could be checked where it is connected to: who means one
            // says so. The parser has brought every spelling of it into one.
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => false,
        };
        if !is_public && !self.private {
            return Err("a URL leads to an address or a private name, and `private` is not set");
        }
        // RFC 6454 §4: scheme, host and port, as the parser of URLs normalizes them.
        let origin = url.origin().ascii_serialization();
        if !self.origins.contains(&origin) {
            return Err("a URL leads to an origin that is not on the provider's list");
        }
        Ok(url)
    }

    /// What its films keep of an answer. A value that is no visible ASCII is left out.
    pub fn copied_fields(&self, head: &ResponseHead) -> Vec<(String, String)> {
        let fits = |value: &&str| {
            value.len() <= FIELD_BYTES_MAX && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        let field = |name: &String| Some((name.clone(), head.get(name).filter(fits)?.to_owned()));
        self.fields.iter().filter_map(field).collect()
    }

    /// Where a redirect leads, if that may be asked (RFC 9110 §10.2.2, §15.4).
    pub fn check_redirect(&self, from: &Url, location: &str) -> Result<Url, &'static str> {
        let to = from.join(location).map_err(|_| "a redirect has an odd Location")?;
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err("a redirect leaves https");
        }
        self.check_url(to.as_str())
    }

    /// Where a file lies, for a provider whose URLs do not expire.
    pub fn direct_urls(&self, file: &str) -> Result<Vec<UpstreamUrl>, &'static str> {
        let file = encoded(file)?;
        let place = |base: &String| {
            let url = self.check_url(&format!("{base}{file}"))?;
            Ok(UpstreamUrl { url: url.into(), fresh_until_ms: None })
        };
        self.bases.iter().map(place).collect()
    }

    /// Where this provider tells where a file lies; none where its URLs do not expire.
    pub fn resolver_url(&self, file: &str) -> Result<Option<Url>, &'static str> {
        let Some(resolve) = &self.resolve else { return Ok(None) };
        let file = encoded(file)?.replace('/', "%2F");
        self.check_url(&resolve.replace("{file}", &file)).map(Some)
    }

    /// Reads a resolver's answer: those of its URLs that may be asked.
    pub fn parse_resolver_response(&self, answer: &[u8]) -> Result<Vec<UpstreamUrl>, &'static str> {
        let answer: ResolverResponse =
            serde_json::from_slice(answer).map_err(|_| "a resolver's answer does not parse")?;
        let mut refused = "a resolver told no URL";
        let mut candidates = Vec::new();
        for url in answer.urls.iter().take(ORIGIN_COUNT_MAX) {
            match self.check_url(url) {
                Ok(url) => {
                    let ends_at = [answer.expires_at_ms, expires_at_ms(&url)];
                    let fresh_until_ms = ends_at.into_iter().flatten().min();
                    let fresh_until_ms = fresh_until_ms.map(|at| at.saturating_sub(MARGIN_MS));
                    candidates.push(UpstreamUrl { url: url.into(), fresh_until_ms });
                }
                Err(why) => refused = why,
            }
        }
        if candidates.is_empty() { Err(refused) } else { Ok(candidates) }
    }
}

/// A file's name as a path. One that leads elsewhere is refused.
fn encoded(file: &str) -> Result<String, &'static str> {
    let odd = |part: &str| matches!(part, "" | "." | "..");
    if file.len() > FILE_BYTES_MAX || file.split('/').any(odd) {
        return Err("a file is 1 to 1024 bytes of path, without a slash at its ends, `.` and `..`");
    }
    Ok(utf8_percent_encode(file, KEPT).to_string())
}

/// Whether films may keep this field: a token (RFC 9110 §5.6.2) that nothing here writes.
fn is_kept(name: &str) -> bool {
    let is_token =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9') || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=FIELD_BYTES_MAX).contains(&name.len())
        && name.bytes().all(is_token)
        && !OWN_FIELDS.contains(&name)
        && !["access-control-", "proxy-"].iter().any(|family| name.starts_with(family))
}

/// Whether a name is one that the public DNS may know (RFC 6761, RFC 6762, RFC 8375).
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.')
        && !name.ends_with(".home.arpa")
        && !matches!(last, "localhost" | "local" | "internal" | "test" | "invalid" | "onion")
}

/// When a signed URL stops to work: `X-Amz-Date` and `X-Amz-Expires` and Google's twins of them, or
/// `Expires` of `CloudFront` and S3's old signatures, in seconds since the Unix epoch.
pub fn expires_at_ms(url: &Url) -> Option<u64> {
    let find = |name: &str| url.query_pairs().find(|(known, _)| known.eq_ignore_ascii_case(name));
    for family in ["X-Amz-", "X-Goog-"] {
        let signed_at =
            find(&format!("{family}Date")).and_then(|(_, text)| super::date::parse_basic(&text));
        let age_s: Option<u64> =
            find(&format!("{family}Expires")).and_then(|(_, text)| text.parse().ok());
        if let (Some(signed_at_s), Some(age_s)) = (signed_at, age_s) {
            return signed_at_s.checked_add(age_s)?.checked_mul(1000);
        }
    }
    find("Expires")?.1.parse::<u64>().ok()?.checked_mul(1000)
}
