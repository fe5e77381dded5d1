//! Invalidation (RFC 9111 §4.4): a request that may change stored responses clears the whole cache.

use std::pin::Pin;

use http::{Request, header::AUTHORIZATION};
use hyper::service::Service;

use super::Cache;

/// Whether a request to the edge may change other responses: a request to the admin API, whose key
/// is in this field. Nothing that a viewer writes is in a public response.
pub(crate) fn invalidates<B>(request: &Request<B>) -> bool {
    !request.method().is_safe() && request.headers().contains_key(AUTHORIZATION)
}

/// A service that clears the cache after each unsafe request: the object store.
#[derive(Clone)]
pub(crate) struct InvalidatingService<S> {
    service: S,
    cache: Cache,
}

impl<S> InvalidatingService<S> {
    pub(crate) fn new(service: S, cache: Cache) -> Self {
        Self { service, cache }
    }
}

impl<S, B> Service<Request<B>> for InvalidatingService<S>
where
    S: Service<Request<B>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let cache = (!request.method().is_safe()).then(|| self.cache.clone());
        let response = self.service.call(request);
        Box::pin(async move {
            let response = response.await;
            if let Some(cache) = cache {
                cache.clear();
            }
            response
        })
    }
}
