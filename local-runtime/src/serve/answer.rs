//! One request: within the caps, through the component, and a word on what went wrong outside it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use api::{Envelope, ErrorBody, ErrorCode};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER,
    },
    uri::Scheme,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    service::Service,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{
    Error, WasiBody,
    handler::{ExpirationError, InstantiationError},
};

use super::cache::{self, Asked, Cache};
use crate::engine::Handler;

/// Bytes of a request's body: the largest that the edge takes is a catalogue pack, under 1 MB;
/// films go to the object store.
const BODY_BYTES_MAX: usize = 4 << 20;

/// The component as a service.
#[derive(Clone)]
pub(super) struct Answering {
    handler: Handler,
    cache: Cache,
    running: Arc<Semaphore>,
}

impl Answering {
    /// At most `requests_max` at once.
    pub(super) fn new(handler: Handler, cache: Cache, requests_max: usize) -> Self {
        Self { handler, cache, running: Arc::new(Semaphore::new(requests_max)) }
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Answer> {
        let log = Log::new(&request);
        let Ok(permit) = self.running.try_acquire_owned() else {
            return log.done(refusal(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once"));
        };
        let request = match prepare(request) {
            Ok(request) => request,
            Err(refused) => return log.done(*refused),
        };
        let cache = self.cache;
        let asked = Asked::of(&request);
        if let Some(response) = asked.as_ref().and_then(|asked| cache.answer(asked)) {
            return log.answer(response, Some(permit));
        }
        let (emptied, changes) = (cache.emptied(), cache::is_change(&request));
        let mut response = match self.handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => failure(&error),
        };
        let object = response.headers_mut().remove(api::OBJECT_FIELD);
        // A refusal has changed nothing; a failure may have.
        if changes && !response.status().is_client_error() {
            cache.empty();
        }
        let response = match asked {
            Some(asked) => cache.pass(asked, emptied, object.as_ref(), response),
            None => response,
        };
        log.answer(response, Some(permit))
    }
}

impl Service<Request<Incoming>> for Answering {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

/// The request as WASI has it: with an absolute URI and a bounded body.
fn prepare(request: Request<Incoming>) -> Result<Request<WasiBody>, Box<Response<WasiBody>>> {
    let (mut parts, body) = request.into_parts();
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "a request has at most 4 MiB").into());
    }
    let unreadable =
        || Box::new(refusal(StatusCode::BAD_REQUEST, "the request has no readable Host"));
    if parts.uri.authority().is_none() {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let mut uri = parts.uri.clone().into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(host.and_then(|host| host.parse().ok()).ok_or_else(unreadable)?);
        parts.uri = Uri::from_parts(uri).map_err(|_| unreadable())?;
    }
    let body = Limited::new(body, BODY_BYTES_MAX).map_err(|error| {
        match error.downcast::<hyper::Error>() {
            Ok(error) => Error::from(*error),
            Err(_) => Error::HttpRequestBodySize(None),
        }
    });
    Ok(Request::from_parts(parts, body.boxed_unsync()))
}

/// What the client hears when the component did not answer.
fn failure(error: &wasmtime::Error) -> Response<WasiBody> {
    if error.is::<InstantiationError<()>>() {
        tracing::warn!(error = format!("{error:#}"), "no room for another instance");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is full; try again soon");
    }
    if error.is::<ExpirationError>() {
        return refusal(StatusCode::GATEWAY_TIMEOUT, "the edge took too long to answer");
    }
    tracing::error!(error = format!("{error:#}"), "a request failed");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "the edge failed; the server's log says why")
}

fn refusal(status: StatusCode, message: &str) -> Response<WasiBody> {
    let code = match status {
        StatusCode::BAD_REQUEST => ErrorCode::InvalidPayload,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        _ => ErrorCode::StorageUnavailable,
    };
    let envelope = Envelope::<()>::error(ErrorBody { code, message: message.to_owned() });
    let json = serde_json::to_vec(&envelope).unwrap_or_default();
    let length = json.len();
    let body = Full::new(Bytes::from(json)).map_err(Error::from).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(1));
    }
    response
}

/// The access line of a request. No query and no header is in it: they may carry secrets.
struct Log {
    method: Method,
    path: String,
    begun: Instant,
    status: StatusCode,
    bytes: u64,
}

impl Log {
    fn new<B>(request: &Request<B>) -> Self {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        Self { method, path, begun: Instant::now(), status: StatusCode::OK, bytes: 0 }
    }

    fn done(self, response: Response<WasiBody>) -> Response<Answer> {
        self.answer(response, None)
    }

    fn answer(
        mut self,
        response: Response<WasiBody>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Response<Answer> {
        self.status = response.status();
        response.map(|inner| Answer { inner, log: self, _permit: permit })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Self { method, path, begun, status, bytes } = self;
        let ms = begun.elapsed().as_millis();
        tracing::debug!(%method, %path, status = status.as_u16(), bytes, ms, "request");
    }
}

/// A body that counts as a running request until it is gone.
pub(super) struct Answer {
    inner: WasiBody,
    log: Log,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let poll = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &poll {
            self.log.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
