//! Answers on their way: out of memory, or into it.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use futures::stream;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{AGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, DATE},
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{body::Frame, service::Service};
use wasmtime_wasi_http::WasiBody;

use super::{
    kept::{Found, Head, Kept},
    rules::{Asked, Storable},
};

/// The cache; copies of it are the same one.
#[derive(Clone)]
pub(in crate::serve) struct Cache(Arc<Inner>);

struct Inner {
    bytes_max: usize,
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
    pub(in crate::serve) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Inner { bytes_max, state: Mutex::default(), coming: AtomicUsize::new(0) }))
    }

    /// Everything in it is data that is whole, whoever panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer, if it is in memory.
    pub(in crate::serve) fn answer(&self, asked: &Asked) -> Option<Response<WasiBody>> {
        let found = self.state().kept.find(asked, Instant::now());
        found.map(response)
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

    /// The component's answer, which is kept as it passes if it may be.
    pub(in crate::serve) fn pass(
        &self,
        asked: Asked,
        emptied: u64,
        answer: Response<WasiBody>,
    ) -> Response<WasiBody> {
        let (parts, body) = answer.into_parts();
        let coming = Storable::of(&parts).and_then(|storable| {
            let length = usize::try_from(storable.range.end - storable.range.start).ok()?;
            let room = Room::take(self, length)?;
            let headers = parts.headers.clone();
            Some(Coming { uri: asked.uri, emptied, headers, storable, bytes: Vec::new(), room })
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

fn response(found: Found) -> Response<WasiBody> {
    let frames = found.bytes.into_iter().map(|bytes| Ok(Frame::data(bytes)));
    let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
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
    uri: String,
    emptied: u64,
    headers: HeaderMap,
    storable: Storable,
    bytes: Vec<u8>,
    room: Room,
}

impl Coming {
    /// Takes what passes, and all of it into the cache; what is left to come.
    fn go_on(mut self, data: &Bytes) -> Option<Self> {
        if self.bytes.is_empty() {
            self.bytes.reserve_exact(self.room.length);
        }
        self.bytes.extend_from_slice(data);
        if self.bytes.len() < self.room.length {
            return Some(self);
        }
        self.keep();
        None
    }

    fn keep(mut self) {
        for name in [CONTENT_LENGTH, CONTENT_RANGE, DATE] {
            self.headers.remove(name);
        }
        let Storable { size, fresh, .. } = self.storable;
        let made = Instant::now();
        let head = Head { headers: self.headers, size, made, fresh_until: made + fresh };
        let cache = &self.room.cache;
        let mut state = cache.state();
        if state.emptied == self.emptied {
            let bytes = Bytes::from(self.bytes);
            state.kept.keep(&self.uri, head, &self.storable, &bytes, cache.0.bytes_max);
        }
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
