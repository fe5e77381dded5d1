//! Client of the deployment's object store: signed S3 requests, retried, with the errors that S3 gives.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rusty_s3::actions::list_objects_v2::ListObjectsV2Response;
use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2, ListParts, ListPartsResponse};
use rusty_s3::{Bucket, Credentials, Method as S3Method, S3Action, UrlStyle};
use ureq::http::{Method, header};

use super::http_client::{AttemptError, HttpClient, HttpRequest, HttpResponse, with_retries};
use super::object_store_response::{PendingUpload, checked, checked_body, uploads_in};
use super::target::ObjectStoreAccess;
use crate::output::console::Console;

/// How long a signed URL is valid: the longest exchange that `http_client` allows, and a margin for
/// clocks that differ.
const SIGNED_FOR: Duration = Duration::from_hours(1);
/// Bucket name by which the server on this machine copies from its `incoming` folder.
const INCOMING: &str = "incoming";
/// Lists are read in pages of 1,000; S3 has at most 10,000 parts.
const PAGES_MAX: usize = 16;

/// Pages of 1,000 objects: ten million.
const LIST_PAGES_MAX: usize = 10_000;

/// A part of a multipart upload that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadedPart {
    pub(crate) etag: String,
    pub(crate) size_bytes: u64,
}

/// An object, as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
    /// When it was stored, in ISO 8601 and UTC.
    pub(crate) modified: String,
}

/// One bucket of the store.
pub(crate) struct ObjectStore<'a> {
    client: HttpClient,
    bucket: Bucket,
    credentials: Credentials,
    console: &'a Console,
}

impl<'a> ObjectStore<'a> {
    /// The bucket of a deployment.
    pub(crate) fn new(store: &ObjectStoreAccess, console: &'a Console) -> Result<Self> {
        let endpoint = store
            .endpoint
            .parse()
            .with_context(|| format!("the S3 endpoint {:?} is not a URL", store.endpoint))?;
        let bucket =
            Bucket::new(endpoint, UrlStyle::Path, store.bucket.clone(), store.region.clone())
                .with_context(|| format!("the S3 endpoint {:?} is not one", store.endpoint))?;
        let credentials = Credentials::new(store.access_key.clone(), store.secret_key.clone());
        Ok(Self { client: HttpClient::for_objects(&store.endpoint)?, bucket, credentials, console })
    }

    /// Length of an object, if there is one.
    pub(crate) fn size(&self, key: &str) -> Result<Option<u64>> {
        self.retried(|| {
            let response =
                self.send(&self.bucket.head_object(Some(&self.credentials), key), None)?;
            if response.status == 404 {
                return Ok(None);
            }
            let response = checked(response, "looking for", key)?;
            let size = response.header(header::CONTENT_LENGTH).and_then(|size| size.parse().ok());
            size.context("the object store gave no length: does a server in front compress it?")
                .map(Some)
                .map_err(AttemptError::Permanent)
        })
    }

    /// Stores a small object.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        self.retried(|| {
            let action = self.bucket.put_object(Some(&self.credentials), key);
            checked(self.send(&action, Some(bytes))?, "storing", key).map(drop)
        })
    }

    /// Makes the file `name` of the server's `incoming` folder the object `key`, without copying it.
    pub(crate) fn link(&self, name: &str, key: &str) -> Result<()> {
        self.retried(|| {
            let mut action = self.bucket.put_object(Some(&self.credentials), key);
            action.headers_mut().insert("x-amz-copy-source", format!("/{INCOMING}/{name}"));
            let response = checked(self.send(&action, Some(&[]))?, "linking", key)?;
            // S3 may find out that a copy failed after it has said 200.
            checked_body(response, key).map(drop)
        })
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, key: &str) -> Result<()> {
        self.retried(|| {
            let action = self.bucket.delete_object(Some(&self.credentials), key);
            checked(self.send(&action, None)?, "deleting", key).map(drop)
        })
    }

    /// All objects whose keys begin like this.
    pub(crate) fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        let (mut objects, mut after) = (Vec::new(), None);
        for _ in 0..LIST_PAGES_MAX {
            let page = self.list_page(prefix, after)?;
            objects.extend(page.contents.into_iter().map(|object| StoredObject {
                key: object.key,
                size_bytes: object.size.unwrap_or_default(),
                // An object without a time counts as stored just now.
                modified: object.last_modified.unwrap_or_else(|| "unknown".to_owned()),
            }));
            after = page.next_continuation_token;
            if after.is_none() {
                return Ok(objects);
            }
        }
        Err(anyhow!("the object store lists more than {LIST_PAGES_MAX} pages of {prefix}"))
    }

    fn list_page(&self, prefix: &str, after: Option<String>) -> Result<ListObjectsV2Response> {
        self.retried(|| {
            let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
            action.with_prefix(prefix);
            if let Some(after) = &after {
                action.with_continuation_token(after.clone());
            }
            let text = checked(self.send(&action, None)?, "listing", prefix)?.text();
            let parsed = ListObjectsV2::parse_response(&text)
                .map_err(|e| anyhow!("the object store's response is not S3: {e}"))?;
            Ok(parsed)
        })
    }

    /// Multipart uploads of films that were neither completed nor aborted, the newest of a key last.
    pub(crate) fn pending_uploads(&self) -> Result<Vec<PendingUpload>> {
        self.retried(|| {
            // The bucket itself with `?uploads`: the one call that rusty-s3 has no action for.
            let mut action = self.bucket.get_object(Some(&self.credentials), "");
            action.query_mut().insert("uploads", "");
            action.query_mut().insert("prefix", api::paths::media_key(""));
            let response = self.send(&action, None)?;
            // With a store that cannot list uploads, every film is uploaded from its beginning.
            if response.status == 501 {
                return Ok(Vec::new());
            }
            let text = checked(response, "listing uploads of", "media/")?.text();
            Ok(uploads_in(&text))
        })
    }

    /// Creates a multipart upload; returns its id.
    pub(crate) fn create_upload(&self, key: &str) -> Result<String> {
        self.retried(|| {
            let action = self.bucket.create_multipart_upload(Some(&self.credentials), key);
            let text =
                checked(self.send(&action, Some(&[]))?, "creating an upload of", key)?.text();
            let parsed = CreateMultipartUpload::parse_response(&text)
                .map_err(|e| anyhow!("the object store's response is not S3: {e}"))?;
            Ok(parsed.upload_id().to_owned())
        })
    }

    /// The parts that an upload has; `None` where the upload is gone.
    pub(crate) fn parts(
        &self,
        key: &str,
        upload_id: &str,
    ) -> Result<Option<BTreeMap<u16, UploadedPart>>> {
        let mut parts = BTreeMap::new();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let Some(page) = self.part_page(key, upload_id, after)? else { return Ok(None) };
            after = page.next_part_number_marker;
            parts.extend(page.parts.into_iter().map(|part| {
                (part.number, UploadedPart { etag: part.etag, size_bytes: part.size })
            }));
            if after.is_none() {
                break;
            }
        }
        Ok(Some(parts))
    }

    fn part_page(
        &self,
        key: &str,
        upload_id: &str,
        after: Option<u16>,
    ) -> Result<Option<ListPartsResponse>> {
        self.retried(|| {
            let mut action = self.bucket.list_parts(Some(&self.credentials), key, upload_id);
            if let Some(after) = after {
                action.set_part_number_marker(after);
            }
            let response = self.send(&action, None)?;
            if response.status == 404 {
                return Ok(None);
            }
            let text = checked(response, "listing the parts of", key)?.text();
            let parsed = ListParts::parse_response(&text)
                .map_err(|e| anyhow!("the object store's response is not S3: {e}"))?;
            Ok(Some(parsed))
        })
    }

    /// Uploads one part; returns its `ETag`.
    pub(crate) fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u16,
        bytes: &[u8],
    ) -> Result<String> {
        self.retried(|| {
            let action = self.bucket.upload_part(Some(&self.credentials), key, number, upload_id);
            let response = checked(self.send(&action, Some(bytes))?, "uploading", key)?;
            let etag = response.header(header::ETAG).context("the object store gave no ETag")?;
            Ok(etag.to_owned())
        })
    }

    /// Completes an upload: the store joins its parts.
    pub(crate) fn complete(&self, key: &str, upload_id: &str, etags: &[String]) -> Result<()> {
        self.retried(|| {
            let etags = etags.iter().map(String::as_str);
            let action = self.bucket.complete_multipart_upload(
                Some(&self.credentials),
                key,
                upload_id,
                etags,
            );
            let url = action.sign(SIGNED_FOR);
            let body = action.body();
            let response =
                self.exchange(Method::POST, url.as_str(), Vec::new(), Some(body.as_bytes()))?;
            checked_body(checked(response, "completing", key)?, key).map(drop)
        })
    }

    /// Aborts an upload.
    pub(crate) fn abort(&self, key: &str, upload_id: &str) -> Result<()> {
        self.retried(|| {
            let action =
                self.bucket.abort_multipart_upload(Some(&self.credentials), key, upload_id);
            let response = self.send(&action, None)?;
            if response.status == 404 {
                return Ok(());
            }
            checked(response, "aborting", key).map(drop)
        })
    }

    fn retried<T>(&self, once: impl FnMut() -> Result<T, AttemptError>) -> Result<T> {
        with_retries(self.console, once)
    }

    fn send<'b, A: S3Action<'b> + Clone>(
        &self,
        action: &A,
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, AttemptError> {
        let mut action = action.clone();
        let url = action.sign(SIGNED_FOR);
        let headers: Vec<(String, String)> = action
            .headers_mut()
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.exchange(http_method(A::METHOD), url.as_str(), headers, body)
    }

    fn exchange(
        &self,
        method: Method,
        url: &str,
        headers: Vec<(&str, &str)>,
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, AttemptError> {
        self.client.send(&HttpRequest { method, url, headers, body })
    }
}

fn http_method(method: S3Method) -> Method {
    match method {
        S3Method::Head => Method::HEAD,
        S3Method::Get => Method::GET,
        S3Method::Post => Method::POST,
        S3Method::Put => Method::PUT,
        S3Method::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// The requests that a server gets, which compresses what it may: each response to HEAD has a
    /// content coding and no length where the client accepts one.
    fn compressing_front() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<_> = head.take_while(|line| !line.is_empty()).collect();
                let accepts = |line: &String| {
                    line.to_ascii_lowercase().starts_with("accept-encoding:")
                        && line.contains("gzip")
                };
                let is_compressed = head.iter().any(accepts);
                let length =
                    if is_compressed { "Content-Encoding: gzip" } else { "Content-Length: 7" };
                let response = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n\r\n");
                stream.write_all(response.as_bytes()).expect("the client reads");
            }
        });
        endpoint
    }

    #[test]
    fn object_has_its_length_behind_a_server_that_compresses() {
        let access = ObjectStoreAccess {
            endpoint: compressing_front(),
            region: "auto".to_owned(),
            bucket: "films".to_owned(),
            access_key: "key".to_owned(),
            secret_key: "secret".to_owned(),
        };
        let console = Console::new();
        let store = ObjectStore::new(&access, &console).expect("a store");
        assert_eq!(store.size("media/a").expect("a length"), Some(7));
    }
}
