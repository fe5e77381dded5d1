//! The guest's outbound requests: to the object store, in process, and to the origins that the
//! settings allow.

use std::{io, sync::Arc};

use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use s3s::service::S3Service;
use tokio_rustls::{TlsConnector, rustls::pki_types::CertificateDer};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpHooks, p3::bindings::http::types::ErrorCode,
};

use super::{
    HostServices,
    http_client::{self, ConnectionDriver, SendResult},
};
use crate::{config::Origin, storage::BUCKET};

/// The host name of the object store, which exists for the guest only.
pub(super) const S3_HOST: &str = "s3.firstframe.internal";

/// The origins that the guest may call, and the TLS client for them.
pub(crate) struct Outbound {
    allowed: Vec<Origin>,
    /// Of these, names may resolve to private addresses.
    private: Vec<Origin>,
    tls: TlsConnector,
}

impl Outbound {
    /// Allows exactly these origins, of which those of `private` may be names of a private network.
    /// `roots` are trusted besides the certificates that browsers trust.
    pub(crate) fn new(
        allowed: Vec<Origin>,
        private: Vec<Origin>,
        roots: &[CertificateDer<'static>],
    ) -> Self {
        Self { allowed, private, tls: http_client::tls(roots) }
    }
}

/// Sends the outbound requests of one instance.
pub(super) struct OutboundHooks(Arc<HostServices>);

impl OutboundHooks {
    pub(super) fn new(services: Arc<HostServices>) -> Self {
        Self(services)
    }
}

impl WasiHttpHooks for OutboundHooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: ConnectionDriver,
    ) -> Box<dyn Future<Output = SendResult> + Send> {
        let services = Arc::clone(&self.0);
        Box::new(async move {
            let origin = Origin::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
            if origin.host == S3_HOST {
                return call_object_store(&services.s3, request).await;
            }
            let Outbound { allowed, private, tls } = &services.outbound;
            if !allowed.iter().any(|listed| listed.covers(&origin)) {
                tracing::warn!(
                    %origin,
                    "the edge called an origin that allowed_outbound_hosts does not name"
                );
                return Err(Error::HttpRequestDenied);
            }
            tracing::debug!(%origin, "outbound request");
            let is_private = private.iter().any(|listed| listed.covers(&origin));
            let result = http_client::send(tls, &origin, is_private, request, options).await;
            result.map(|(mut response, driver)| {
                response.headers_mut().remove(api::OBJECT_FIELD);
                (response, driver)
            })
        })
    }

    /// The edge tells its deployer what is wrong.
    fn p3_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        ErrorCode::InternalError(Some(format!("TLS: {error}")))
    }

    fn p3_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        ErrorCode::InternalError(Some(error.to_string()))
    }
}

/// The object store's response. Its body is passed on unread.
async fn call_object_store(service: &S3Service, request: Request<WasiBody>) -> SendResult {
    let failed = |text: String| Error::InternalError(Some(text));
    let object = object_key(&request);
    let response = service.call(request.map(s3s::Body::http_body_unsync)).await;
    let response = response.map_err(|error| failed(format!("{error:?}")))?;
    let mut response =
        response.map(|body| body.map_err(move |error| failed(error.to_string())).boxed_unsync());
    if let Some(object) = object.filter(|_| response.status().is_success()) {
        response.headers_mut().insert(api::OBJECT_FIELD, object);
    }
    let nothing: ConnectionDriver = Box::new(async { Ok(()) });
    Ok((response, nothing))
}

/// The key of the object that a request reads; `None` where the URL has it percent-encoded.
fn object_key(request: &Request<WasiBody>) -> Option<HeaderValue> {
    let key = request.uri().path().strip_prefix('/')?.strip_prefix(BUCKET)?.strip_prefix('/')?;
    let is_plain = request.method() == Method::GET && !key.contains('%');
    is_plain.then(|| HeaderValue::from_str(key).ok()).flatten()
}
