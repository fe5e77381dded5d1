//! The edge as an HTTP service: answers a request from the cache, or by the component.

use std::{convert::Infallible, pin::Pin, sync::Arc};

use http::{Request, Response, StatusCode, Uri, header::HOST, uri::Scheme};
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    body::{Body as _, Incoming},
    service::Service,
};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, WasiBody};

use super::{
    access_log::{AccessLogEntry, LoggedBody},
    cache::{self, Cache, CacheKey},
    error_response::{component_failure, error_response},
    host_names::HostNames,
};
use crate::{config::Config, engine::Handler};

/// Bytes of a request body. The largest one that the edge takes is a catalog pack, under 1 MB; films
/// go to the object store.
const BODY_BYTES_MAX: usize = 4 << 20;

/// The component, behind the cache and a cap on requests at once.
#[derive(Clone)]
pub(super) struct EdgeService {
    handler: Handler,
    cache: Cache,
    host_names: Arc<HostNames>,
    permits: Arc<Semaphore>,
}

impl EdgeService {
    /// A service within the limits of these settings.
    pub(super) fn new(handler: Handler, cache: Cache, config: &Config) -> Self {
        Self {
            handler,
            cache,
            host_names: Arc::new(HostNames::new(config.listen, &config.public_hosts)),
            permits: Arc::new(Semaphore::new(config.requests_max)),
        }
    }

    async fn respond(self, request: Request<Incoming>) -> Response<LoggedBody> {
        let entry = AccessLogEntry::new(&request);
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            let full = "the server runs as many requests as it may; try again in a second";
            return entry.attach(error_response(StatusCode::SERVICE_UNAVAILABLE, full), None);
        };
        match prepare(request, &self.host_names) {
            Ok(request) => entry.attach(self.respond_within_caps(request).await, Some(permit)),
            Err(refusal) => entry.attach(*refusal, None),
        }
    }

    async fn respond_within_caps(self, request: Request<WasiBody>) -> Response<WasiBody> {
        let Self { handler, cache, .. } = self;
        let key = CacheKey::of(&request);
        if let Some(response) = key.as_ref().and_then(|key| cache.lookup(key)) {
            return response;
        }
        let (generation, invalidates) = (cache.generation(), cache::invalidates(&request));
        let mut response = match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => component_failure(&error),
        };
        let object = response.headers_mut().remove(api::OBJECT_FIELD);
        // A request that was refused has changed nothing; one that failed may have.
        if invalidates && !response.status().is_client_error() {
            cache.clear();
        }
        match key {
            Some(key) => cache.store_response(key, generation, object.as_ref(), response),
            None => response,
        }
    }
}

impl Service<Request<Incoming>> for EdgeService {
    type Response = Response<LoggedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.respond(request).await) })
    }
}

/// The request as the component gets it: with an absolute URI and a bounded body.
fn prepare(
    request: Request<Incoming>,
    host_names: &HostNames,
) -> Result<Request<WasiBody>, Box<Response<WasiBody>>> {
    let (mut parts, body) = request.into_parts();
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        let message = "a request body has at most 4 MiB";
        return Err(error_response(StatusCode::PAYLOAD_TOO_LARGE, message).into());
    }
    let bad_host = || {
        let message = "the Host field of the request is missing or is not a host name";
        Box::new(error_response(StatusCode::BAD_REQUEST, message))
    };
    if parts.uri.authority().is_none() {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let mut uri = parts.uri.clone().into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(host.and_then(|host| host.parse().ok()).ok_or_else(bad_host)?);
        parts.uri = Uri::from_parts(uri).map_err(|_| bad_host())?;
    }
    if !host_names.contain(parts.uri.host().unwrap_or_default()) {
        let message = "this server has no such name: if browsers reach it by this one, add it to the \
                       setting public_hosts";
        return Err(error_response(StatusCode::MISDIRECTED_REQUEST, message).into());
    }
    let body = Limited::new(body, BODY_BYTES_MAX).map_err(|error| {
        match error.downcast::<hyper::Error>() {
            Ok(error) => Error::from(*error),
            Err(_) => Error::HttpRequestBodySize(None),
        }
    });
    Ok(Request::from_parts(parts, body.boxed_unsync()))
}
