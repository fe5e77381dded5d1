//! Object port on any S3 service, over `wasi:http`.
//!
//! # Limits of this platform
//! Spin follows no redirect, and neither do we: an endpoint in another region is a configuration
//! error. Akamai cuts responses at 10 MiB; the stream ends there.

use rusty_s3::{Bucket, UrlStyle, actions::ListObjectsV2};
use spin_sdk::{
    variables,
    wasip3::{
        http::types::{Fields, Method, Response},
        wit_future,
    },
};
use url::Url;

use super::{clock::WasiClock, convert, outbound};
use crate::{
    http::{ByteRange, ObjectMeta, ReadRange},
    platform::{Clock as _, ObjectRead, ObjectStore, PortError},
    rules::{
        date,
        sigv4::{self, SignedRequest},
    },
};

/// How long a signature is good: enough for clocks that disagree by minutes.
const SIGNATURE_S_MAX: u64 = 300;

/// Keys in one page of a list.
const LIST_COUNT_MAX: usize = 100;
/// Bytes of so many: a kilobyte each, where S3 has a quarter of that.
const LIST_BYTES_MAX: usize = LIST_COUNT_MAX * 1024 + 4096;

/// A bucket by how the names of its variables begin.
pub(super) struct S3(pub(super) &'static str);

impl ObjectStore for S3 {
    /// The store's response, its body not touched.
    type Stream = Response;

    async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, PortError> {
        let url = self.account().await?.object_url("HEAD", key);
        let response = send(&Method::Head, &url, None).await?;
        match response.get_status_code() {
            200 => meta(&response.get_headers(), None).map(Some),
            404 => Ok(None),
            status => Err(port_error(key, status)),
        }
    }

    async fn read(
        &self,
        key: &str,
        range: ReadRange,
    ) -> Result<Option<ObjectRead<Response>>, PortError> {
        if range == (ReadRange::Suffix { length: 0 }) {
            // Stores differ about this one, and it names nothing in any object.
            return Ok(self.head(key).await?.map(|_| ObjectRead::Unsatisfiable));
        }
        let url = self.account().await?.object_url("GET", key);
        let response = send(&Method::Get, &url, header(range).as_deref()).await?;
        let headers = response.get_headers();
        let (meta, sent) = match response.get_status_code() {
            200 => {
                let meta = meta(&headers, None)?;
                let sent = ByteRange { start: 0, end: meta.size_bytes };
                // Of an object without bytes S3 may send all of them; no range is satisfied.
                if meta.size_bytes == 0 && range != ReadRange::Whole {
                    return Ok(Some(ObjectRead::Unsatisfiable));
                }
                (meta, sent)
            }
            206 => {
                let (sent, size_bytes) = content_range(&headers)?;
                (meta(&headers, Some(size_bytes))?, sent)
            }
            404 => return Ok(None),
            416 => return Ok(Some(ObjectRead::Unsatisfiable)),
            status => return Err(port_error(key, status)),
        };
        Ok(Some(ObjectRead::Bytes { meta, sent, stream: response }))
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), PortError> {
        let url = self.account().await?.object_url("PUT", key);
        match outbound::put(&url, bytes.to_vec()).await?.get_status_code() {
            200 | 201 | 204 => Ok(()),
            status => Err(port_error(key, status)),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let url = self.account().await?.object_url("DELETE", key);
        match send(&Method::Delete, &url, None).await?.get_status_code() {
            200 | 202 | 204 | 404 => Ok(()),
            status => Err(port_error(key, status)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let url = self.account().await?.list_url(prefix);
        let response = send(&Method::Get, &url, None).await?;
        match response.get_status_code() {
            200 => {}
            status => return Err(port_error(prefix, status)),
        }
        let list = self.collect(response, LIST_BYTES_MAX).await?;
        let list = ListObjectsV2::parse_response(&String::from_utf8_lossy(&list));
        let list = list.map_err(|error| invalid_response(&format!("an odd list: {error}")))?;
        Ok(list.contents.into_iter().map(|object| object.key).collect())
    }

    async fn is_set_up(&self) -> bool {
        self.account().await.is_ok()
    }

    async fn collect(&self, stream: Response, bytes_max: usize) -> Result<Vec<u8>, PortError> {
        let (_done, result) = wit_future::new(|| Ok(()));
        let (body, trailers) = Response::consume_body(stream, result);
        let bytes = convert::collect(body, bytes_max).await?;
        trailers.await.map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(bytes)
    }
}

/// Where the objects are, and the key to them.
struct Account {
    bucket: Bucket,
    access_key: String,
    secret_key: String,
}

impl Account {
    fn object_url(&self, method: &str, key: &str) -> Url {
        self.sign(SignedRequest { method, url: &self.bucket.object_url(key), parameters: &[] })
    }

    fn list_url(&self, prefix: &str) -> Url {
        self.sign(SignedRequest {
            method: "GET",
            url: self.bucket.base_url(),
            parameters: &[
                ("encoding-type", "url"),
                ("list-type", "2"),
                ("max-keys", &LIST_COUNT_MAX.to_string()),
                ("prefix", prefix),
            ],
        })
    }

    /// Signs as `rusty-s3` does, which brings a library of time zones.
    fn sign(&self, request: SignedRequest<'_>) -> Url {
        let key = sigv4::Credentials {
            region: self.bucket.region(),
            access_key: &self.access_key,
            secret_key: &self.secret_key,
        };
        sigv4::presign(request, key, WasiClock.now_ms(), SIGNATURE_S_MAX)
    }
}

impl S3 {
    async fn account(&self) -> Result<Account, PortError> {
        let variable = async |name: &str| variable(&format!("{}_{name}", self.0)).await;
        let wrong =
            |what: &str| PortError::Denied(format!("the variable {}_endpoint: {what}", self.0));
        let endpoint = variable("endpoint").await?;
        let endpoint = endpoint.parse().map_err(|_| wrong("this is no URL"))?;
        let (name, region) = (variable("bucket").await?, variable("region").await?);
        let bucket = Bucket::new(endpoint, UrlStyle::Path, name, region)
            .map_err(|error| wrong(&error.to_string()))?;
        let (access_key, secret_key) =
            (variable("access_key").await?, variable("secret_key").await?);
        Ok(Account { bucket, access_key, secret_key })
    }
}

async fn variable(name: &str) -> Result<String, PortError> {
    let value = variables::get(name).await;
    let value =
        value.map_err(|error| PortError::Denied(format!("the variable {name}: {error}")))?;
    let missing = || PortError::Denied(format!("the variable {name} is empty"));
    Some(value).filter(|value| !value.is_empty()).ok_or_else(missing)
}

/// `Range` for the store: none where all is wanted.
fn header(range: ReadRange) -> Option<String> {
    match range.writable() {
        ReadRange::Whole => None,
        ReadRange::Closed { first, last } => Some(format!("bytes={first}-{last}")),
        ReadRange::From { first } => Some(format!("bytes={first}-")),
        ReadRange::Suffix { length } => Some(format!("bytes=-{length}")),
    }
}

/// Sends one request and waits for the head of the response.
async fn send(method: &Method, url: &Url, range: Option<&str>) -> Result<Response, PortError> {
    let range: Vec<_> = range.map(|range| ("range", range)).into_iter().collect();
    outbound::send(method, url, &range).await.map_err(|error| match error {
        PortError::Unavailable(why) => PortError::Unavailable(format!("the object store: {why}")),
        PortError::Full(_) | PortError::TooLarge | PortError::Denied(_) => error,
    })
}

/// Metadata in the head of a response; `size_bytes` is given where only a part is sent.
fn meta(headers: &Fields, size_bytes: Option<u64>) -> Result<ObjectMeta, PortError> {
    let text = |name: &'static str| {
        convert::joined(headers, name).ok_or_else(|| invalid_response(&format!("no {name}")))
    };
    let etag = text("etag")?;
    if !(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2) {
        return Err(invalid_response("a weak ETag"));
    }
    let modified = date::parse(&text("last-modified")?);
    let modified_ms = modified.ok_or_else(|| invalid_response("an odd Last-Modified"))? * 1000;
    let size_bytes = match size_bytes {
        Some(size_bytes) => size_bytes,
        None => text("content-length")?.parse().map_err(|_| invalid_response("an odd length"))?,
    };
    Ok(ObjectMeta { size_bytes, etag, modified_ms, fields: Vec::new() })
}

/// `Content-Range: bytes 0-9/100` (RFC 9110 §14.4): what is sent, and of how much.
fn content_range(headers: &Fields) -> Result<(ByteRange, u64), PortError> {
    let header = convert::joined(headers, "content-range").unwrap_or_default();
    let parse = || {
        let (range, size_bytes) = header.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (start, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some((ByteRange { start, end: last.checked_add(1)? }, size_bytes.parse().ok()?))
    };
    parse().ok_or_else(|| invalid_response("an odd Content-Range"))
}

fn invalid_response(what: &str) -> PortError {
    PortError::Unavailable(format!("the object store answered with {what}"))
}

fn port_error(key: &str, status: u16) -> PortError {
    let detail = format!("the object store answered {status} for {key}");
    match status {
        401 | 403 => PortError::Denied(detail),
        507 => PortError::Full(detail),
        _ => PortError::Unavailable(detail),
    }
}
