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

use super::{
    access_log_writer::AccessLogWriter, client_address::ClientAddress, log_line::RequestLine,
};
use crate::{config::AccessLogForm, storage::clock};

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

    /// The entry of a request that has just arrived.
    pub(super) fn entry<B>(&self, request: &Request<B>) -> AccessLogEntry {
        let client: Option<ClientAddress> = request.extensions().get().copied();
        let line = self.0.as_ref().map(|(form, writer)| {
            let client = client.map(|ClientAddress(address)| address);
            (RequestLine::of(request, client, clock::now_ms()), *form, writer.clone())
        });
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (started, status) = (Instant::now(), StatusCode::OK);
        AccessLogEntry { line, client, method, path, started, status, bytes: 0 }
    }
}

/// The log line of one request, written when it is dropped. The line at level `debug` has neither
/// the query nor a header: they may carry secrets.
pub(super) struct AccessLogEntry {
    line: Option<(RequestLine, AccessLogForm, AccessLogWriter)>,
    client: Option<ClientAddress>,
    method: Method,
    path: String,
    started: Instant,
    status: StatusCode,
    bytes: u64,
}

impl AccessLogEntry {
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
        let Self { line, client, method, path, started, status, bytes } = self;
        let ms = started.elapsed().as_millis();
        if let Some((line, form, writer)) = line.take() {
            writer.write(line.text(form, *status, *bytes, ms));
        }
        let client = client.map(|ClientAddress(address)| address.to_string());
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
