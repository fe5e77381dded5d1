//! The access log: one line for each request, when its response is complete or abandoned.

use std::{
    error,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Either;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::WasiBody;

use super::{access_log_writer::AccessLogWriter, cache::CachedBody, log_line::RequestLine};
use crate::{config::AccessLogForm, storage::clock};

/// The body of a response of the edge: from the cache, or from the component.
pub(super) type EdgeBody = Either<CachedBody, WasiBody>;

/// Where the lines go. Clones share one writer.
#[derive(Clone)]
pub(super) struct AccessLog(Option<(AccessLogForm, AccessLogWriter)>);

impl AccessLog {
    /// The log that the setting `access_log` asks for.
    pub(super) fn start(form: Option<AccessLogForm>) -> Self {
        Self(form.map(|form| (form, AccessLogWriter::start())))
    }

    /// Waits until the lines of before are written.
    pub(super) fn flush(&self) {
        if let Some((_, writer)) = &self.0 {
            writer.flush();
        }
    }

    /// The entry of a request of `client` that has just arrived.
    pub(super) fn entry<B>(&self, request: &Request<B>, client: IpAddr) -> AccessLogEntry {
        let line = self.0.as_ref().map(|(form, writer)| {
            (RequestLine::of(request, client, clock::now_ms()), *form, writer.clone())
        });
        let is_traced = tracing::enabled!(tracing::Level::DEBUG);
        let traced = is_traced.then(|| (client, request.method().clone(), request.uri().clone()));
        AccessLogEntry { line, traced, started: Instant::now(), status: StatusCode::OK, bytes: 0 }
    }
}

/// The log line of one request, written when it is dropped. The line at level `debug` has neither
/// the query nor a header: they may carry secrets.
pub(super) struct AccessLogEntry {
    line: Option<(RequestLine, AccessLogForm, AccessLogWriter)>,
    traced: Option<(IpAddr, Method, Uri)>,
    started: Instant,
    status: StatusCode,
    bytes: u64,
}

impl AccessLogEntry {
    /// The response, whose body holds this entry and the permit of the request until it is dropped.
    pub(super) fn attach(
        mut self,
        response: Response<EdgeBody>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Response<LoggedBody> {
        self.status = response.status();
        response.map(|inner| LoggedBody { inner, entry: self, _permit: permit })
    }
}

impl Drop for AccessLogEntry {
    fn drop(&mut self) {
        let Self { line, traced, started, status, bytes } = self;
        if line.is_none() && traced.is_none() {
            return;
        }
        let ms = started.elapsed().as_millis();
        if let Some((line, form, writer)) = line.take() {
            writer.write(line.text(form, *status, *bytes, ms));
        }
        if let Some((client, method, uri)) = traced.take() {
            let (path, status) = (uri.path(), status.as_u16());
            tracing::debug!(%client, %method, path, status, bytes, ms, "request");
        }
    }
}

/// A response body that counts as a running request until it is dropped.
pub(super) struct LoggedBody {
    inner: EdgeBody,
    entry: AccessLogEntry,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Body for LoggedBody {
    type Data = Bytes;
    type Error = Box<dyn error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
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
