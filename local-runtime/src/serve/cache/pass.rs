//! Answers on their way: out of memory, or into it.

use std::{
    ops::Range,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::{Either, ready},
    stream,
};
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{AGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG},
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{body::Frame, service::Service};
use wasmtime_wasi_http::{Error, WasiBody};

use super::{
    kept::{Found, Head, Kept, Piece},
    rules::{Asked, Storable},
};
use crate::storage::{FileBody, Folder, Opened};

/// The longest answer whose bytes are kept: a startup block. What is longer is a film being watched.
const ANSWER_BYTES_MAX: usize = 512 << 10;

/// The cache; copies of it are the same one.
#[derive(Clone)]
pub(in crate::serve) struct Cache(Arc<Inner>);

struct Inner {
    bytes_max: usize,
    /// Where the bytes of objects are.
    folder: Arc<Folder>,
    state: Mutex<State>,
    /// Bytes of answers that are on their way into memory.
    coming: AtomicUsize,
}

#[derive(Default)]
struct State {
    kept: Kept,
    /// How often everything was forgotten.
    emptied: u64,
}

impl Cache {
    /// One that keeps at most so many bytes.
    pub(in crate::serve) fn new(bytes_max: usize, folder: Arc<Folder>) -> Self {
        let (state, coming) = (Mutex::default(), AtomicUsize::new(0));
        Self(Arc::new(Inner { bytes_max, folder, state, coming }))
    }

    /// Everything in it is data that is whole, whoever panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer, if it is in memory, or what it is made of is at hand.
    pub(in crate::serve) fn answer(&self, asked: &Asked) -> Option<Response<WasiBody>> {
        let found = self.state().kept.find(asked, Instant::now())?;
        let body = |(piece, range): &(Piece, Range<u64>)| match piece {
            Piece::Bytes(bytes) => Some(Either::Left(bytes.clone())),
            Piece::Object(key) => {
                let opened = self.object(key, &found.headers)?;
                Some(Either::Right(FileBody::new(opened, range.clone())))
            }
        };
        let bodies: Option<Vec<_>> = found.pieces.iter().map(body).collect();
        if bodies.is_none() {
            self.state().kept.forget(&asked.uri);
        }
        Some(response(found, bodies?))
    }

    /// The object under this key, as long as an answer with these headers is of it: a strong tag
    /// is that of one state of it (RFC 9110 §8.8.1).
    fn object(&self, key: &str, headers: &HeaderMap) -> Option<Arc<Opened>> {
        let opened = self.0.folder.opened(key)?;
        let tag = headers.get(ETAG)?.to_str().ok()?;
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        (tag == opened.object.etag).then_some(opened)
    }

    /// When the component is asked: an answer that was on its way while the cache was emptied may
    /// be older than that.
    pub(in crate::serve) fn emptied(&self) -> u64 {
        self.state().emptied
    }

    /// Forgets everything.
    pub(in crate::serve) fn empty(&self) {
        let mut state = self.state();
        state.kept = Kept::default();
        state.emptied += 1;
    }

    /// The component's answer, which is kept as it passes if it may be. Where it is said to be that
    /// `object` (its key), nothing but that is kept: its bytes are where they were.
    pub(in crate::serve) fn pass(
        &self,
        asked: Asked,
        emptied: u64,
        object: Option<&HeaderValue>,
        answer: Response<WasiBody>,
    ) -> Response<WasiBody> {
        let (parts, body) = answer.into_parts();
        let coming = Storable::of(&parts).and_then(|storable| {
            let headers = parts.headers.clone();
            let keeping =
                Keeping { cache: self.clone(), uri: asked.uri, emptied, headers, storable };
            if let Some(key) = object.and_then(|key| key.to_str().ok())
                && let Some(opened) = self.object(key, &parts.headers)
                && opened.object.size == keeping.storable.size
            {
                keeping.keep(&(0..opened.object.size), &Piece::Object(key.into()));
                return None;
            }
            Coming::new(keeping)
        });
        let body = match coming {
            Some(coming) => {
                let mut coming = Some(coming);
                let copy = move |frame: &Frame<Bytes>| {
                    coming = coming.take().and_then(|coming| coming.go_on(frame.data_ref()?));
                };
                body.inspect_frame(copy).boxed_unsync()
            }
            None => body,
        };
        Response::from_parts(parts, body)
    }
}

/// Whether a request may change what other answers say: an admin's, whose key is in this field.
/// What viewers write is in no answer that everybody gets.
pub(in crate::serve) fn is_change<B>(request: &Request<B>) -> bool {
    !request.method().is_safe() && request.headers().contains_key(AUTHORIZATION)
}

fn response(found: Found, bodies: Vec<Either<Bytes, FileBody>>) -> Response<WasiBody> {
    let frames = stream::iter(bodies).flat_map(|body| match body {
        Either::Left(bytes) => stream::once(ready(Ok(bytes))).left_stream(),
        Either::Right(file) => {
            file.map_err(|error| Error::InternalError(Some(error.to_string()))).right_stream()
        }
    });
    let body = StreamBody::new(frames.map_ok(Frame::data)).boxed_unsync();
    let mut response = Response::new(body);
    *response.headers_mut() = found.headers;
    let headers = response.headers_mut();
    headers.insert(AGE, HeaderValue::from(found.age_s));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(found.length));
    if let Some((range, size)) = found.part {
        let text = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        headers.extend(HeaderValue::try_from(text).ok().map(|value| (CONTENT_RANGE, value)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// An answer that may be kept.
struct Keeping {
    cache: Cache,
    uri: String,
    emptied: u64,
    headers: HeaderMap,
    storable: Storable,
}

impl Keeping {
    /// Keeps this as the bytes `range` of what is answered.
    fn keep(mut self, range: &Range<u64>, piece: &Piece) {
        for name in [CONTENT_LENGTH, CONTENT_RANGE, DATE] {
            self.headers.remove(name);
        }
        let Storable { size, fresh, .. } = self.storable;
        let made = Instant::now();
        let head = Head { headers: self.headers, size, made, fresh_until: made + fresh };
        let mut state = self.cache.state();
        if state.emptied == self.emptied {
            state.kept.keep(&self.uri, head, range, piece, self.cache.0.bytes_max);
        }
    }
}

/// Room for an answer that comes, a quarter of the cache for all of them.
struct Room {
    cache: Cache,
    length: usize,
}

impl Room {
    fn take(cache: &Cache, length: usize) -> Option<Self> {
        let room = Self { cache: cache.clone(), length };
        let before = cache.0.coming.fetch_add(length, Ordering::Relaxed);
        (before + length <= cache.0.bytes_max / 4).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.cache.0.coming.fetch_sub(self.length, Ordering::Relaxed);
    }
}

/// An answer that is to be kept when it is whole.
struct Coming {
    keeping: Keeping,
    bytes: Vec<u8>,
    room: Room,
}

impl Coming {
    /// None where it is too long, or too much comes already.
    fn new(keeping: Keeping) -> Option<Self> {
        let Range { start, end } = keeping.storable.range;
        let length =
            usize::try_from(end - start).ok().filter(|length| *length <= ANSWER_BYTES_MAX)?;
        let room = Room::take(&keeping.cache, length)?;
        Some(Self { keeping, bytes: Vec::new(), room })
    }

    /// Takes what passes, and all of it into the cache; what is left to come.
    fn go_on(mut self, data: &Bytes) -> Option<Self> {
        if self.bytes.is_empty() {
            self.bytes.reserve_exact(self.room.length);
        }
        self.bytes.extend_from_slice(data);
        if self.bytes.len() < self.room.length {
            return Some(self);
        }
        let range = self.keeping.storable.range.clone();
        self.keeping.keep(&range, &Piece::Bytes(self.bytes.into()));
        None
    }
}

/// A service that changes what answers are made of: the cache is emptied behind each change.
#[derive(Clone)]
pub(in crate::serve) struct Emptying<S> {
    service: S,
    cache: Cache,
}

impl<S> Emptying<S> {
    pub(in crate::serve) fn new(service: S, cache: Cache) -> Self {
        Self { service, cache }
    }
}

impl<S, B> Service<Request<B>> for Emptying<S>
where
    S: Service<Request<B>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let changed = (!request.method().is_safe()).then(|| self.cache.clone());
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await;
            if let Some(cache) = changed {
                cache.empty();
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    const KEY: HeaderValue = HeaderValue::from_static("media/a");

    /// A cache over a store with one object, "abcdefghij", and that object's tag.
    fn cache() -> (tempfile::TempDir, Cache, String) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path(), None).unwrap();
        let mut draft = folder.draft(100).unwrap();
        draft.write(b"abcdefghij").unwrap();
        let tag = format!("\"{}\"", folder.put("media/a", None, draft).unwrap().etag);
        folder.open_object("media/a").unwrap().unwrap();
        (root, Cache::new(1 << 20, Arc::new(folder)), tag)
    }

    fn asked(range: Option<(u64, u64)>) -> Asked {
        Asked { uri: "http://a/".to_owned(), range }
    }

    async fn bytes(response: Response<WasiBody>) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    /// The component answers with the bytes `first` to `last` of ten, and says that they are those
    /// of `object`.
    async fn pass(
        cache: &Cache,
        first: u64,
        body: &'static str,
        tag: &str,
        object: Option<&HeaderValue>,
    ) {
        let last = first + body.len() as u64 - 1;
        let answer = Response::builder()
            .status(206)
            .header("accept-ranges", "bytes")
            .header("cache-control", "public, max-age=60, immutable")
            .header("content-length", body.len())
            .header("content-range", format!("bytes {first}-{last}/10"))
            .header("etag", tag)
            .body(Full::from(body).map_err(Error::from).boxed_unsync())
            .unwrap();
        let passed = cache.pass(asked(Some((first, last))), cache.emptied(), object, answer);
        assert_eq!(bytes(passed).await, body);
    }

    #[tokio::test]
    async fn bytes_that_have_passed_are_kept_and_put_together() {
        let (_root, cache, _) = cache();
        pass(&cache, 0, "ABC", "\"1\"", None).await;
        pass(&cache, 3, "DE", "\"1\"", None).await;
        let answer = cache.answer(&asked(Some((1, 3)))).unwrap();
        assert_eq!(answer.headers()["content-range"], "bytes 1-3/10");
        assert_eq!(answer.headers()["content-length"], "3");
        assert_eq!(bytes(answer).await, "BCD");
        assert!(cache.answer(&asked(Some((4, 5)))).is_none());
        cache.empty();
        assert!(cache.answer(&asked(Some((1, 3)))).is_none());
    }

    #[tokio::test]
    async fn of_an_object_one_range_is_enough() {
        let (_root, cache, tag) = cache();
        pass(&cache, 2, "cd", &tag, Some(&KEY)).await;
        assert_eq!(bytes(cache.answer(&asked(Some((5, 7)))).unwrap()).await, "fgh");
        assert_eq!(bytes(cache.answer(&asked(None)).unwrap()).await, "abcdefghij");
    }

    #[tokio::test]
    async fn an_object_with_another_tag_is_another_thing() {
        let (_root, cache, _) = cache();
        pass(&cache, 2, "CD", "\"1\"", Some(&KEY)).await;
        assert!(cache.answer(&asked(Some((5, 7)))).is_none());
        assert_eq!(bytes(cache.answer(&asked(Some((2, 3)))).unwrap()).await, "CD");
    }
}
