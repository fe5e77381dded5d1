//! The edge as an HTTP service: answers a request from the cache, or by the component.

use std::{convert::Infallible, net::IpAddr, pin::Pin, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Incoming},
    service::Service,
};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::WasiBody;

use super::{
    access_log::{AccessLog, LoggedBody},
    cache::{self, Cache, CacheKey},
    client_address::{ClientAddress, client_address},
    connections::Connection,
    error_response::{component_failure, error_response},
    host_names::HostNames,
    request_body::{BODY_BYTES_MAX, BodyProgress, BodyTime, RequestBody},
    request_place, request_target,
};
use crate::{
    config::{Config, TrustedProxies},
    engine::Handler,
};

/// The field in which a Spin host says the client's address.
const CLIENT_ADDRESS_FIELD: HeaderName = HeaderName::from_static("spin-client-addr");

/// The component, behind the cache and a cap on requests at once.
#[derive(Clone)]
pub(super) struct EdgeService {
    handler: Handler,
    cache: Cache,
    access_log: AccessLog,
    host_names: Arc<HostNames>,
    places: Arc<Semaphore>,
    trusted_proxies: Arc<TrustedProxies>,
    /// How long a request body may take: less than the component, which waits for it.
    body_time: BodyTime,
}

impl EdgeService {
    /// A service within the limits of these settings.
    pub(super) fn new(
        handler: Handler,
        cache: Cache,
        access_log: AccessLog,
        config: &Config,
    ) -> Self {
        Self {
            handler,
            cache,
            access_log,
            host_names: Arc::new(HostNames::new(config.listen, &config.public_hosts)),
            places: Arc::new(Semaphore::new(config.requests_max)),
            trusted_proxies: Arc::new(config.trusted_proxies.clone()),
            body_time: BodyTime::within(config.request_timeout * 4 / 5),
        }
    }

    async fn respond(self, mut request: Request<Incoming>) -> Response<LoggedBody> {
        let Some(connection) = request.extensions().get::<Arc<Connection>>().cloned() else {
            let message = "the server does not know the connection of this request";
            let response = error_response(StatusCode::INTERNAL_SERVER_ERROR, message);
            return self.access_log.entry(&request).attach(response, None);
        };
        let client = client_address(connection.peer, request.headers(), &self.trusted_proxies);
        request.extensions_mut().insert(ClientAddress(client));
        set_client_address(request.headers_mut(), client);
        let entry = self.access_log.entry(&request);
        let permit = request_place::take(&self.places, &connection, client).await;
        if permit.is_none() {
            let full = "the server runs as many requests as it may; try again in a second";
            return entry.attach(error_response(StatusCode::SERVICE_UNAVAILABLE, full), None);
        }
        match self.prepare(request, connection) {
            Ok((request, progress)) => {
                let response = self.respond_within_caps(request).await;
                entry.attach(in_time(response, &progress), permit)
            }
            Err(refusal) => entry.attach(*refusal, permit),
        }
    }

    /// The request as the component gets it: with an absolute URI and a bounded body.
    fn prepare(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Result<(Request<WasiBody>, BodyProgress), Box<Response<WasiBody>>> {
        let (mut parts, body) = request.into_parts();
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            let message = "a request body has at most 4 MiB";
            return Err(error_response(StatusCode::PAYLOAD_TOO_LARGE, message).into());
        }
        request_target::normalize(&mut parts)
            .map_err(|(status, message)| error_response(status, message))?;
        if !self.host_names.contain(parts.uri.host().unwrap_or_default()) {
            let message = "this server has no such name: if browsers reach it by this one, add it to \
                           the setting public_hosts";
            return Err(error_response(StatusCode::MISDIRECTED_REQUEST, message).into());
        }
        let (body, progress) = RequestBody::new(body, connection, self.body_time);
        Ok((Request::from_parts(parts, body.boxed_unsync()), progress))
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

/// Says to the component who sent the request, as Spin does. A client's own field is replaced.
fn set_client_address(headers: &mut HeaderMap, client: IpAddr) {
    headers.remove(CLIENT_ADDRESS_FIELD);
    let value = HeaderValue::try_from(client.to_string());
    headers.extend(value.ok().map(|value| (CLIENT_ADDRESS_FIELD, value)));
}

/// The response, or one that says that the client was too slow: what the component makes of half a
/// body is no fault of the component.
fn in_time(response: Response<WasiBody>, progress: &BodyProgress) -> Response<WasiBody> {
    if !progress.is_too_slow() {
        return response;
    }
    tracing::debug!("a client sent the body of a request too slowly");
    let message = "the body of the request came too slowly; send it again on a faster connection";
    error_response(StatusCode::REQUEST_TIMEOUT, message)
}
