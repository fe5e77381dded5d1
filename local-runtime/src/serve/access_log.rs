//! The access log: one line for each request, when its response is complete or abandoned.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::{Error, WasiBody};

use super::client_address::ClientAddress;

/// The log line of one request, written when it is dropped. The line has neither the query nor
/// a header: they may carry secrets.
pub(super) struct AccessLogEntry {
    client: Option<ClientAddress>,
    method: Method,
    path: String,
    started: Instant,
    status: StatusCode,
    bytes: u64,
}

impl AccessLogEntry {
    /// The entry of a request that has just arrived.
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let client = request.extensions().get().copied();
        let (started, status) = (Instant::now(), StatusCode::OK);
        Self { client, method, path, started, status, bytes: 0 }
    }

    /// The response, whose body holds this entry and the permit of the request until it is dropped.
    pub(super) fn attach(
        mut self,
        response: Response<WasiBody>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Response<LoggedBody> {
        self.status = response.status();
        response.map(|inner| LoggedBody { inner, entry: self, _permit: permit })
    }
}

impl Drop for AccessLogEntry {
    fn drop(&mut self) {
        let Self { client, method, path, started, status, bytes } = self;
        let client = client.map(|ClientAddress(address)| address.to_string());
        let ms = started.elapsed().as_millis();
        tracing::debug!(client, %method, %path, status = status.as_u16(), bytes, ms, "request");
    }
}

/// A response body that counts as a running request until it is dropped.
pub(super) struct LoggedBody {
    inner: WasiBody,
    entry: AccessLogEntry,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Body for LoggedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let poll = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &poll {
            self.entry.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
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
