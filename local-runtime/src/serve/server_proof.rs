//! Proves to a client on this machine that it talks to the server of the data folder: the client
//! reads a nonce there, and sends a challenge; the answer is a hash that only the nonce gives.

use std::sync::Arc;

use bytes::Bytes;
use futures::{
    TryFutureExt as _,
    future::{self, MapOk, Ready, ready},
};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::{body::Incoming, service::Service};

/// A proof, or the response of the service behind.
type Proven<B> = Response<Either<Full<Bytes>, B>>;

/// A service that answers challenges, and hands all other requests on.
pub(super) struct ProvingService<S> {
    inner: S,
    nonce: Arc<str>,
}

impl<S> ProvingService<S> {
    /// Proves that this process made `nonce`.
    pub(super) fn new(inner: S, nonce: Arc<str>) -> Self {
        Self { inner, nonce }
    }
}

impl<S, B> Service<Request<Incoming>> for ProvingService<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Proven<B>;
    type Error = S::Error;
    type Future = future::Either<
        Ready<Result<Proven<B>, S::Error>>,
        MapOk<S::Future, fn(Response<B>) -> Proven<B>>,
    >;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if let Some(proof) = proof(&self.nonce, request.method(), request.uri().path()) {
            return future::Either::Left(ready(Ok(proof.map(Either::Left))));
        }
        let from_inner: fn(Response<B>) -> Proven<B> = |response| response.map(Either::Right);
        future::Either::Right(self.inner.call(request).map_ok(from_inner))
    }
}

/// The response to a challenge; `None` where the request is none.
fn proof(nonce: &str, method: &Method, path: &str) -> Option<Response<Full<Bytes>>> {
    let challenge = path.strip_prefix(api::paths::SERVER_PROOF)?;
    if method != Method::GET {
        return None;
    }
    let (status, text) = match publisher::server_proof::proof(nonce, challenge) {
        Some(proof) => (StatusCode::OK, proof),
        None => (StatusCode::BAD_REQUEST, "a challenge has 64 hexadecimal digits".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_TYPE, "text/plain"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_is_given_for_challenges_only() {
        let nonce = "a".repeat(64);
        let status = |method, path: &str| {
            proof(&nonce, &method, path).map(|response| response.status().as_u16())
        };
        let challenge = format!("{}{}", api::paths::SERVER_PROOF, "b".repeat(64));
        assert_eq!(status(Method::GET, &challenge), Some(200));
        assert_eq!(status(Method::GET, api::paths::SERVER_PROOF), Some(400));
        assert_eq!(status(Method::GET, &format!("{challenge}0")), Some(400));
        assert_eq!(status(Method::POST, &challenge), None);
        assert_eq!(status(Method::GET, "/health"), None);
    }
}
