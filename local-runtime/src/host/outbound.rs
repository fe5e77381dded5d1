//! What the guest may call: the object store, in process, and the origins that the settings name.

use std::sync::Arc;

use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use s3s::service::S3Service;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::{
    Shared,
    connect::{self, Sending, Sent},
};
use crate::{config::Origin, storage::BUCKET};

/// The name under which the guest reaches the object store; nobody else resolves it.
pub(super) const S3_HOST: &str = "s3.firstframe.internal";

/// The origins that the guest may call, and how.
pub(crate) struct Outbound {
    allowed: Vec<Origin>,
    tls: TlsConnector,
}

impl Outbound {
    /// Exactly these.
    pub(crate) fn new(allowed: Vec<Origin>) -> Self {
        Self { allowed, tls: connect::tls() }
    }
}

/// The hooks of one instance.
pub(super) struct Hooks(Arc<Shared>);

impl Hooks {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Sending,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let shared = Arc::clone(&self.0);
        Box::new(async move {
            let origin = Origin::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
            if origin.host == S3_HOST {
                return s3(&shared.s3, request).await;
            }
            if !shared.outbound.allowed.contains(&origin) {
                tracing::warn!(%origin, "the edge called an origin that no setting allows");
                return Err(Error::HttpRequestDenied);
            }
            tracing::debug!(%origin, "outbound");
            let sent = connect::send(&shared.outbound.tls, &origin, request, options).await;
            sent.map(|(mut response, sending)| {
                response.headers_mut().remove(api::OBJECT_FIELD);
                (response, sending)
            })
        })
    }
}

/// The object store's answer, its body passed on as it is.
async fn s3(service: &S3Service, request: Request<WasiBody>) -> Sent {
    let failed = |text: String| Error::InternalError(Some(text));
    let object = object(&request);
    let answer = service.call(request.map(s3s::Body::http_body_unsync)).await;
    let response = answer.map_err(|error| failed(format!("{error:?}")))?;
    let mut response =
        response.map(|body| body.map_err(move |error| failed(error.to_string())).boxed_unsync());
    if let Some(object) = object.filter(|_| response.status().is_success()) {
        response.headers_mut().insert(api::OBJECT_FIELD, object);
    }
    let nothing: Sending = Box::new(async { Ok(()) });
    Ok((response, nothing))
}

/// The key of the object that a request reads; none where it is written otherwise in the URL.
fn object(request: &Request<WasiBody>) -> Option<HeaderValue> {
    let key = request.uri().path().strip_prefix('/')?.strip_prefix(BUCKET)?.strip_prefix('/')?;
    let is_plain = request.method() == Method::GET && !key.contains('%');
    is_plain.then(|| HeaderValue::from_str(key).ok()).flatten()
}
