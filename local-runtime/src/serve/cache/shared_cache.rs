//! The cache itself: it answers requests from stored responses, and stores responses that are sent.
//! (The file is not `cache.rs`: clippy denies a module with the name of its parent.)

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header::ETAG};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use wasmtime_wasi_http::WasiBody;

use super::{
    cached_body::{CachedBody, CachedPart},
    insertion::{Insertion, PendingEntry},
    policy::{CacheKey, StorableResponse},
    response_store::{CacheHit, ResponseStore},
    stored_response::{ByteSource, ResponseHead},
};
use crate::storage::{DataFolder, OpenObject};

/// The cache. Clones share their contents.
#[derive(Clone)]
pub(crate) struct Cache(Arc<CacheInner>);

struct CacheInner {
    bytes_max: usize,
    /// Has the files of objects.
    folder: Arc<DataFolder>,
    contents: Mutex<Contents>,
    /// Bytes of responses that are being collected.
    pending_bytes: AtomicUsize,
}

#[derive(Default)]
struct Contents {
    store: ResponseStore,
    /// How often the cache was cleared.
    generation: u64,
}

impl Cache {
    /// A cache of at most `bytes_max` bytes, in front of the objects of `folder`.
    pub(crate) fn new(bytes_max: usize, folder: Arc<DataFolder>) -> Self {
        let (contents, pending_bytes) = (Mutex::default(), AtomicUsize::new(0));
        Self(Arc::new(CacheInner { bytes_max, folder, contents, pending_bytes }))
    }

    /// A panic leaves the contents in order: they are plain data.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The response to a request, if it is stored and fresh and its object has not changed.
    pub(crate) fn lookup(&self, key: &CacheKey) -> Option<Response<CachedBody>> {
        let now = Instant::now();
        let CacheHit { head, range, parts } = self.contents().store.lookup(key, now)?;
        let part = |(source, range)| match source {
            ByteSource::Memory(bytes) => Some(CachedPart::Memory(bytes)),
            ByteSource::Object(key) => {
                let object = self.matching_object(&key, &head.headers)?;
                Some(CachedPart::Object(object, range))
            }
        };
        let Some(parts) = parts.into_iter().map(part).collect() else {
            self.contents().store.remove(&key.uri);
            return None;
        };
        let mut response = Response::new(CachedBody::new(parts));
        *response.headers_mut() = head.headers_of(&range, key.range.is_some(), now);
        if key.range.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Some(response)
    }

    /// The object under this key, if its validator is that of a response with these headers: a
    /// strong `ETag` names one state of the bytes (RFC 9110 §8.8.1).
    fn matching_object(&self, key: &str, headers: &HeaderMap) -> Option<Arc<OpenObject>> {
        let object = self.0.folder.open_object_if_cached(key)?;
        let tag = headers.get(ETAG)?.to_str().ok()?;
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        (tag == object.object.etag).then_some(object)
    }

    /// The generation of the contents. A response that was requested in an earlier generation may be
    /// older than the change that cleared the cache, and is not stored.
    pub(crate) fn generation(&self) -> u64 {
        self.contents().generation
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        let mut contents = self.contents();
        contents.store = ResponseStore::default();
        contents.generation += 1;
    }

    /// Returns the component's response, and stores it while it is sent, if it is storable. Where it
    /// has the bytes of the object with the key `object`, only that key is stored, not the bytes.
    pub(crate) fn store_response(
        &self,
        key: CacheKey,
        generation: u64,
        object: Option<&HeaderValue>,
        response: Response<WasiBody>,
    ) -> Response<WasiBody> {
        let (parts, body) = response.into_parts();
        let Some(storable) = StorableResponse::of(&parts, &key) else {
            return Response::from_parts(parts, body);
        };
        let (cache, headers) = (self.clone(), parts.headers.clone());
        let insertion = Insertion { cache, uri: key.uri, generation, headers, storable };
        let body = match self.store_object(insertion, object).and_then(PendingEntry::new) {
            Some(entry) => {
                let mut entry = Some(entry);
                let collect = move |frame: &Frame<Bytes>| {
                    entry = entry.take().and_then(|entry| entry.push(frame.data_ref()?));
                };
                body.inspect_frame(collect).boxed_unsync()
            }
            None => body,
        };
        Response::from_parts(parts, body)
    }

    /// Stores the response as all bytes of the object with the key `object`. Returns the insertion
    /// where the response is not of that object.
    fn store_object(
        &self,
        insertion: Insertion,
        object: Option<&HeaderValue>,
    ) -> Option<Insertion> {
        let key = object.and_then(|key| key.to_str().ok());
        let size = insertion.storable.size;
        let is_object = |key: &&str| {
            let object = self.matching_object(key, &insertion.headers);
            object.is_some_and(|object| object.object.size == size)
        };
        let Some(key) = key.filter(is_object) else { return Some(insertion) };
        insertion.commit(&(0..size), &ByteSource::Object(key.into()));
        None
    }

    /// Stores a range, unless the cache was cleared since `generation`.
    pub(super) fn insert(
        &self,
        uri: &str,
        generation: u64,
        head: ResponseHead,
        range: &Range<u64>,
        source: &ByteSource,
    ) {
        let mut contents = self.contents();
        if contents.generation == generation {
            contents.store.insert(uri, head, range, source, self.0.bytes_max);
        }
    }

    /// Reserves memory for a response that is being collected. All of them together may take a
    /// quarter of the cache.
    pub(super) fn reserve(&self, length: usize) -> Option<PendingBytes> {
        let reserved = PendingBytes { cache: self.clone(), length };
        let before = self.0.pending_bytes.fetch_add(length, Ordering::Relaxed);
        (before + length <= self.0.bytes_max / 4).then_some(reserved)
    }
}

/// Memory that is reserved for a pending response, until this is dropped.
pub(super) struct PendingBytes {
    cache: Cache,
    length: usize,
}

impl Drop for PendingBytes {
    fn drop(&mut self) {
        self.cache.0.pending_bytes.fetch_sub(self.length, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use hyper::body::Body;
    use std::fmt::Debug;
    use wasmtime_wasi_http::Error;

    const OBJECT_KEY: HeaderValue = HeaderValue::from_static("media/a");

    /// A cache over a store with one object, "abcdefghij", and that object's tag.
    fn cache() -> (tempfile::TempDir, Cache, String) {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let mut blob = folder.create_blob(100).unwrap();
        blob.write(b"abcdefghij").unwrap();
        let tag = format!("\"{}\"", folder.put_object("media/a", None, blob).unwrap().etag);
        folder.open_object("media/a").unwrap().unwrap();
        (root, Cache::new(1 << 20, Arc::new(folder)), tag)
    }

    fn key(range: Option<(u64, u64)>) -> CacheKey {
        CacheKey { uri: "http://a/".to_owned(), range, varies_by_origin: false }
    }

    async fn bytes<B: Body<Data = Bytes, Error: Debug>>(response: Response<B>) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    /// Sends a response through the cache that has `body` at the offset `first` of ten bytes, and
    /// whose private field names the object `object`.
    async fn send(
        cache: &Cache,
        first: u64,
        body: &'static str,
        tag: &str,
        object: Option<&HeaderValue>,
    ) {
        let last = first + body.len() as u64 - 1;
        let response = Response::builder()
            .status(206)
            .header("accept-ranges", "bytes")
            .header("cache-control", "public, max-age=60, immutable")
            .header("content-length", body.len())
            .header("content-range", format!("bytes {first}-{last}/10"))
            .header("etag", tag)
            .body(Full::from(body).map_err(Error::from).boxed_unsync())
            .unwrap();
        let sent =
            cache.store_response(key(Some((first, last))), cache.generation(), object, response);
        assert_eq!(bytes(sent).await, body);
    }

    #[tokio::test]
    async fn stored_ranges_are_combined_until_the_cache_is_cleared() {
        let (_root, cache, _) = cache();
        send(&cache, 0, "ABC", "\"1\"", None).await;
        send(&cache, 3, "DE", "\"1\"", None).await;
        let response = cache.lookup(&key(Some((1, 3)))).unwrap();
        assert_eq!(response.headers()["content-range"], "bytes 1-3/10");
        assert_eq!(response.headers()["content-length"], "3");
        assert_eq!(bytes(response).await, "BCD");
        assert!(cache.lookup(&key(Some((4, 5)))).is_none());
        cache.clear();
        assert!(cache.lookup(&key(Some((1, 3)))).is_none());
    }

    #[tokio::test]
    async fn one_range_of_an_object_stores_all_of_its_ranges() {
        let (_root, cache, tag) = cache();
        send(&cache, 2, "cd", &tag, Some(&OBJECT_KEY)).await;
        assert_eq!(bytes(cache.lookup(&key(Some((5, 7)))).unwrap()).await, "fgh");
        assert_eq!(bytes(cache.lookup(&key(None)).unwrap()).await, "abcdefghij");
    }

    #[tokio::test]
    async fn object_with_another_etag_is_not_sent_from_its_file() {
        let (_root, cache, _) = cache();
        send(&cache, 2, "CD", "\"1\"", Some(&OBJECT_KEY)).await;
        assert!(cache.lookup(&key(Some((5, 7)))).is_none());
        assert_eq!(bytes(cache.lookup(&key(Some((2, 3)))).unwrap()).await, "CD");
    }
}
