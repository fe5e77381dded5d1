//! Providers of upstream films: which URLs the edge may request of them, and when a URL expires.
//!
//! No URL comes from a client. A file's URL is made of a provider's base and the file's name there, or
//! comes from the provider's resolver. Every URL and every redirect must have one of the origins that
//! the setting `providers` lists.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::{Host, Url};

use super::{
    provider_headers::{self, RequestField, Secret, Secrets},
    sigv4::{self, SignedRequest},
};
use crate::http::ResponseHead;

/// Providers of one deployment: a person lists them.
const PROVIDER_COUNT_MAX: usize = 64;
/// Origins, and mirrors, of one provider.
const ORIGIN_COUNT_MAX: usize = 16;
/// Bytes of a file's name at its provider.
pub const FILE_BYTES_MAX: usize = 1024;
/// Bytes of a URL: more than any signed URL of an object store.
const URL_BYTES_MAX: usize = 4096;
/// Header fields that responses about a provider's films repeat, and bytes of a name or value.
const FIELD_COUNT_MAX: usize = 8;
const FIELD_BYTES_MAX: usize = 256;
/// Fields of one connection or one response, fields that no cache may forward, and fields that the edge
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
/// How long a URL of a private bucket is signed for, and used.
const SIGNED_S: u64 = 3600;
const SIGNED_USE_MS: u64 = 3_000_000;
/// Characters of a path that are not encoded (RFC 3986 §2.3), and the slash.
const UNENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A provider of files, as the setting lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its id, in source records and in requests of the admin API.
    pub id: String,
    /// Every origin that requests for its files may go to, redirects included. `https://*.a.example`
    /// stands for every host name below `a.example`, of one label more or of several.
    pub origins: Vec<String>,
    /// URLs to which the name of a file is appended: mirrors of each other.
    #[serde(default)]
    pub bases: Vec<String>,
    /// URL of its resolver, with `{file}` for the file's name.
    #[serde(default)]
    pub resolve: Option<String>,
    /// Whether its origins may be addresses, or names that only a private network knows.
    #[serde(default)]
    pub private: bool,
    /// Header fields of its responses that ours about its films repeat; names in lower case.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Header fields of requests to it, names in lower case; values may name secrets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The key of its bucket, which signs its URLs.
    #[serde(default)]
    pub s3: Option<S3Key>,
    #[serde(skip)]
    completed: Completed,
}

/// The key of a private bucket. Its texts may name secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Key {
    /// Region of the bucket.
    pub region: String,
    /// Id of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
}

/// What a record comes to with its secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Completed {
    fields: Vec<RequestField>,
    s3: Option<[Secret; 2]>,
}

/// One URL of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    /// The URL, checked.
    pub url: String,
    /// Until when it is used; none where it is not known to expire.
    pub fresh_until_ms: Option<u64>,
}

/// Parses the setting `providers`, a JSON list. The error is for the operator.
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
        self.origins.iter().try_for_each(|origin| check_origin(origin))?;
        provider_headers::check(&self.headers)?;
        if self.s3.is_some() && self.resolve.is_some() {
            return Err("`s3` signs URLs below `bases`; a resolver signs its own");
        }
        if self.bases.iter().any(|base| !base.ends_with('/')) {
            return Err("a base ends with /");
        }
        if self.resolve.as_ref().is_some_and(|resolve| !resolve.contains("{file}")) {
            return Err("`resolve` has no {file} in it");
        }
        let fields: BTreeSet<_> = self.fields.iter().filter(|name| is_copyable(name)).collect();
        if self.fields.len() > FIELD_COUNT_MAX || fields.len() < self.fields.len() {
            return Err("`fields` has at most 8 names in lower case, each once, and none that is \
                        about one answer or written here");
        }
        let resolve = self.resolve.iter().map(|resolve| resolve.replace("{file}", "x"));
        self.bases.iter().cloned().chain(resolve).try_for_each(|url| self.check_url(&url).map(drop))
    }

    /// The URL, if a request to it is allowed, or why it is not.
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
            Some(Host::Domain(name)) if name.contains('*') => {
                return Err("the host of a URL has a wildcard");
            }
            Some(Host::Domain(name)) => is_public_name(name),
            // An address needs `private`: it has no name that the public DNS could know. The
            // parser has normalized its spelling.
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => false,
        };
        if !is_public && !self.private {
            return Err(
                "a URL has an address or a private name for its host, and `private` is not set",
            );
        }
        // RFC 6454 §4: scheme, host and port, as the parser of URLs normalizes them.
        let origin = url.origin().ascii_serialization();
        if !self.origins.iter().any(|listed| covers(listed, &origin)) {
            return Err("a URL has an origin that the provider's `origins` do not list");
        }
        Ok(url)
    }

    /// The header fields of a response that are repeated. A value that is not visible ASCII is left out.
    pub fn copied_fields(&self, head: &ResponseHead) -> Vec<(String, String)> {
        let fits = |value: &&str| {
            value.len() <= FIELD_BYTES_MAX && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        let field = |name: &String| Some((name.clone(), head.get(name).filter(fits)?.to_owned()));
        self.fields.iter().filter_map(field).collect()
    }

    /// The target of a redirect, if a request to it is allowed (RFC 9110 §10.2.2, §15.4).
    pub fn check_redirect(&self, from: &Url, location: &str) -> Result<Url, &'static str> {
        let to = from.join(location).map_err(|_| "a redirect has no valid Location")?;
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err("a redirect leaves https");
        }
        self.check_url(to.as_str())
    }

    /// The record with its secrets. The error is for the operator.
    pub fn with_secrets(mut self, secrets: &Secrets) -> Result<Self, String> {
        let named = |why: String| format!("the provider {}: {why}", self.id);
        let fields = provider_headers::complete(&self.headers, secrets).map_err(named)?;
        let fill = |text: &String| provider_headers::fill(text, secrets).map(Secret);
        let s3 = match &self.s3 {
            Some(key) => {
                Some([fill(&key.access_key).map_err(named)?, fill(&key.secret_key).map_err(named)?])
            }
            None => None,
        };
        self.completed = Completed { fields, s3 };
        Ok(self)
    }

    /// The header fields of a request to a URL. Credentials go to the origins of `bases` and `resolve`
    /// only: URLs that a redirect or a resolver names have signatures of their own, or are others'.
    pub fn request_fields(&self, url: &Url) -> Vec<(String, String)> {
        let own = self.bases.iter().chain(&self.resolve).map(|own| own.replace("{file}", "x"));
        let is_own =
            own.filter_map(|own| Url::parse(&own).ok()).any(|own| own.origin() == url.origin());
        let sent = self.completed.fields.iter().filter(|field| is_own || !field.is_credential);
        sent.map(|field| (field.name.clone(), field.value.0.clone())).collect()
    }

    /// The URLs of a file under each base, signed where its bucket is private.
    pub fn direct_urls(&self, file: &str, now_ms: u64) -> Result<Vec<UpstreamUrl>, &'static str> {
        let file = encoded(file)?;
        let under = |base: &String| {
            let url = self.check_url(&format!("{base}{file}"))?;
            let (Some(key), Some([access_key, secret_key])) = (&self.s3, &self.completed.s3) else {
                return Ok(UpstreamUrl { url: url.into(), fresh_until_ms: None });
            };
            let (access_key, secret_key) = (&access_key.0, &secret_key.0);
            let key = sigv4::Credentials { region: &key.region, access_key, secret_key };
            let request = SignedRequest { method: "GET", url: &url, parameters: &[] };
            let url = sigv4::presign(request, key, now_ms, SIGNED_S);
            Ok(UpstreamUrl { url: url.into(), fresh_until_ms: Some(now_ms + SIGNED_USE_MS) })
        };
        self.bases.iter().map(under).collect()
    }

    /// The URL of the resolver for a file; none for a provider with bases.
    pub fn resolver_url(&self, file: &str) -> Result<Option<Url>, &'static str> {
        let Some(resolve) = &self.resolve else { return Ok(None) };
        let file = encoded(file)?.replace('/', "%2F");
        self.check_url(&resolve.replace("{file}", &file)).map(Some)
    }
}

/// Checks an origin of a record. A wildcard stands for the first labels of a name with at least two
/// others.
fn check_origin(origin: &str) -> Result<(), &'static str> {
    let url = Url::parse(origin).map_err(|_| "an origin is not a URL")?;
    if url.origin().ascii_serialization() != *origin {
        return Err("an origin is a scheme, a host and a port that is not the scheme's own");
    }
    let host = url.host_str().unwrap_or_default();
    let Some(parent) = host.strip_prefix("*.") else {
        return if host.contains('*') { Err(WILDCARD) } else { Ok(()) };
    };
    let is_name = parent.contains('.') && !parent.contains('*') && !parent.starts_with('.');
    if is_name { Ok(()) } else { Err(WILDCARD) }
}

const WILDCARD: &str =
    "a wildcard of an origin is its whole first label, with two labels and more behind it";

/// Whether a listed origin is this one, or has a wildcard for it.
fn covers(listed: &str, origin: &str) -> bool {
    let Some((scheme, parent)) = listed.split_once("*.") else { return listed == origin };
    let labels = origin.strip_prefix(scheme).and_then(|rest| rest.strip_suffix(parent));
    let labels = labels.and_then(|labels| labels.strip_suffix('.'));
    labels.is_some_and(|labels| !labels.is_empty() && !labels.starts_with('.'))
}

/// A file's name as a path. A name that leaves its base is refused.
fn encoded(file: &str) -> Result<String, &'static str> {
    let is_invalid = |part: &str| matches!(part, "" | "." | "..");
    if file.len() > FILE_BYTES_MAX || file.split('/').any(is_invalid) {
        return Err("a file is 1 to 1024 bytes of path, without a slash at its ends, `.` and `..`");
    }
    Ok(utf8_percent_encode(file, UNENCODED).to_string())
}

/// Whether a field may be repeated: a token (RFC 9110 §5.6.2) that nothing here writes.
fn is_copyable(name: &str) -> bool {
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

/// When a signed URL expires: `X-Amz-Date` and `X-Amz-Expires` and Google's twins of them, or
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
