//! The edge as an HTTP service: answers a request from the cache, or by the component.

use std::{convert::Infallible, net::IpAddr, pin::Pin, sync::Arc};

use futures::future::{Either, Ready, ready};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, request::Parts};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Incoming},
    service::Service,
};
use tokio::{
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use wasmtime_wasi_http::WasiBody;

use super::{
    access_log::{AccessLog, AccessLogEntry, EdgeBody, LoggedBody},
    cache::{self, Cache, CacheKey},
    client_address::{AddressGroup, client_address},
    connections::Connection,
    cors::CorsOrigins,
    error_response::{component_failure, error_response},
    host_names::HostNames,
    request_body::{BODY_BYTES_MAX, BodyTime, RequestBody},
    request_place,
    request_target::{self, Refusal},
};
use crate::{
    config::{Config, TrustedProxies},
    engine::Handler,
};

/// The field in which a Spin host says the client's address.
const CLIENT_ADDRESS_FIELD: HeaderName = HeaderName::from_static("spin-client-addr");
const FULL: &str = "the server runs as many requests as it may; try again in a second";

/// The component, behind the cache and a cap on requests at once.
pub(super) struct Edge {
    handler: Handler,
    /// Runs the component: its work would delay other connections of the same thread.
    runtime: runtime::Handle,
    cache: Cache,
    access_log: AccessLog,
    host_names: HostNames,
    places: Arc<Semaphore>,
    trusted_proxies: TrustedProxies,
    cors: CorsOrigins,
    /// Whether all connections have TLS.
    is_tls: bool,
    /// How long a request body may take: less than the component, which waits for it.
    body_time: BodyTime,
}

/// The edge, for the requests of one connection.
pub(super) struct EdgeService {
    edge: Arc<Edge>,
    connection: Arc<Connection>,
}

/// A request that has been checked, and waits for a place or for the component.
struct CheckedRequest {
    parts: Parts,
    body: Incoming,
    client: IpAddr,
    connection: Arc<Connection>,
    /// `None` where only the component may answer it.
    key: Option<CacheKey>,
    /// Its place, if one was free.
    permit: Option<OwnedSemaphorePermit>,
    entry: AccessLogEntry,
}

impl Edge {
    /// The edge within the limits of these settings, whose component runs on the current runtime.
    pub(super) fn new(
        handler: Handler,
        cache: Cache,
        access_log: AccessLog,
        config: &Config,
    ) -> Self {
        let cors_origins = config.edge.get("cors_origins").map_or("", String::as_str);
        Self {
            handler,
            runtime: runtime::Handle::current(),
            cache,
            access_log,
            host_names: HostNames::new(config.listen, &config.public_hosts),
            places: Arc::new(Semaphore::new(config.requests_max)),
            trusted_proxies: config.trusted_proxies.clone(),
            cors: CorsOrigins::new(cors_origins),
            is_tls: config.tls.is_some(),
            body_time: BodyTime::within(config.request_timeout * 4 / 5),
        }
    }

    /// The response to a request that has to wait for nothing: a stored one, or an error. Otherwise
    /// the request.
    fn respond_at_once(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Result<Response<LoggedBody>, Box<CheckedRequest>> {
        let client = client_address(connection.peer, request.headers(), &self.trusted_proxies);
        connection.set_group(AddressGroup::of(client));
        let entry = self.access_log.entry(&request, client);
        let (mut parts, body) = request.into_parts();
        if let Err((status, message)) = self.check(&mut parts, &body) {
            let allowed = self.cors.allowed(&parts.headers);
            return Ok(entry.attach(self.shared(error_response(status, message), allowed), None));
        }
        let permit = request_place::take_free(&self.places);
        let varies = self.cors.vary();
        let allowed = self.cors.allowed(&parts.headers).filter(|_| varies);
        let key = CacheKey::of(&parts, varies, allowed);
        if permit.is_some()
            && let Some(response) = key.as_ref().and_then(|key| self.cache.lookup(key))
        {
            return Ok(entry.attach(response.map(EdgeBody::Left), permit));
        }
        let connection = Arc::clone(connection);
        Err(CheckedRequest { parts, body, client, connection, key, permit, entry }.into())
    }

    /// Checks a request, and makes its target an absolute URI.
    fn check(&self, parts: &mut Parts, body: &Incoming) -> Result<(), Refusal> {
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "a request body has at most 4 MiB"));
        }
        request_target::normalize(parts, self.is_tls)?;
        if !self.host_names.contain(parts.uri.host().unwrap_or_default()) {
            let message = "this server has no such name: if browsers reach it by this one, add it to \
                           the setting public_hosts";
            return Err((StatusCode::MISDIRECTED_REQUEST, message));
        }
        Ok(())
    }

    async fn respond(&self, request: Box<CheckedRequest>) -> Response<LoggedBody> {
        let CheckedRequest { mut parts, body, client, connection, key, permit, entry } = *request;
        let allowed = self.cors.allowed(&parts.headers).cloned();
        let permit = if let Some(permit) = permit {
            permit
        } else {
            let taken = request_place::take_from_another(&self.places, &connection).await;
            let Some(permit) = taken else {
                let full = error_response(StatusCode::SERVICE_UNAVAILABLE, FULL);
                return entry.attach(self.shared(full, allowed.as_ref()), None);
            };
            // The cache was not asked before there was a place.
            if let Some(response) = key.as_ref().and_then(|key| self.cache.lookup(key)) {
                return entry.attach(response.map(EdgeBody::Left), Some(permit));
            }
            permit
        };
        set_client_address(&mut parts.headers, client);
        let (body, progress) = RequestBody::new(body, connection, self.body_time);
        let request = Request::from_parts(parts, body.boxed_unsync());
        let response = match self.respond_by_component(request, key).await {
            // What the component makes of half a body is no fault of the component.
            _ if progress.is_too_slow() => self.shared(body_too_slow(), allowed.as_ref()),
            Ok(response) => response.map(EdgeBody::Right),
            Err(error) => self.shared(component_failure(&error), allowed.as_ref()),
        };
        entry.attach(response, Some(permit))
    }

    async fn respond_by_component(
        &self,
        request: Request<WasiBody>,
        key: Option<CacheKey>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let (generation, invalidates) = (self.cache.generation(), cache::invalidates(&request));
        let handler = self.handler.clone();
        let mut response =
            run_on(&self.runtime, async move { handler.handle((), request).await }).await;
        // A request that was refused has changed nothing; one that failed may have.
        let is_refused = response.as_ref().is_ok_and(|it| it.status().is_client_error());
        if invalidates && !is_refused {
            self.cache.clear();
        }
        let object =
            response.as_mut().ok().and_then(|it| it.headers_mut().remove(api::OBJECT_FIELD));
        let store = |response| match key {
            Some(key) => self.cache.store_response(key, generation, object.as_ref(), response),
            None => response,
        };
        response.map(store)
    }

    /// An error of the server, which pages of the allowed origin may read.
    fn shared(
        &self,
        mut error: Response<WasiBody>,
        allowed: Option<&HeaderValue>,
    ) -> Response<EdgeBody> {
        self.cors.share(allowed, error.headers_mut());
        error.map(EdgeBody::Right)
    }
}

impl EdgeService {
    /// The edge, for the requests of this connection.
    pub(super) fn new(edge: Arc<Edge>, connection: Arc<Connection>) -> Self {
        Self { edge, connection }
    }
}

impl Service<Request<Incoming>> for EdgeService {
    type Response = Response<LoggedBody>;
    type Error = Infallible;
    type Future = Either<
        Ready<Result<Self::Response, Infallible>>,
        Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>,
    >;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.edge.respond_at_once(request, &self.connection) {
            Ok(response) => Either::Left(ready(Ok(response))),
            Err(request) => {
                let edge = Arc::clone(&self.edge);
                Either::Right(Box::pin(async move { Ok(edge.respond(request).await) }))
            }
        }
    }
}

/// Says to the component who sent the request, as Spin does. A client's own field is replaced.
fn set_client_address(headers: &mut HeaderMap, client: IpAddr) {
    headers.remove(CLIENT_ADDRESS_FIELD);
    let value = HeaderValue::try_from(client.to_string());
    headers.extend(value.ok().map(|value| (CLIENT_ADDRESS_FIELD, value)));
}

/// What `work` returns, which runs on `runtime` for as long as somebody waits for it.
async fn run_on<T: Send + 'static>(
    runtime: &runtime::Handle,
    work: impl Future<Output = wasmtime::Result<T>> + Send + 'static,
) -> wasmtime::Result<T> {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, runtime);
    match tasks.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(wasmtime::Error::msg(error.to_string())),
        None => Err(wasmtime::Error::msg("the task of a request is lost")),
    }
}

fn body_too_slow() -> Response<WasiBody> {
    tracing::debug!("a client sent the body of a request too slowly");
    let message = "the body of the request came too slowly; send it again on a faster connection";
    error_response(StatusCode::REQUEST_TIMEOUT, message)
}
