//! Serves one connection: HTTP/1.1 as it is, or what a TLS client chose.

use std::{convert::Infallible, error::Error, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    header::{CONNECTION, HeaderValue, STRICT_TRANSPORT_SECURITY},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, server::graceful::Watcher};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    connections::{Activity, Connection, Place},
    head_check::HeadCheck,
    http_service::{BUFFER_BYTES, HttpService},
    http2,
    lingering_close::LingeringClose,
    pending_writes::PendingWrites,
    tls_handshake::{Handshake, Tls},
    tls_required,
    tracked_body::TrackedBody,
};

/// What tells a browser that this name has TLS, in place of what the edge says: for 30 days. The browser
/// then asks for nothing else there, on any port (RFC 6797 §8.3), and names of a home network have other
/// services.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=2592000");

/// What all connections of a server share.
pub(super) struct Serving<F> {
    /// Makes the service of a connection, or of a stream of HTTP/2.
    pub(super) service_of: F,
    /// Where connections have TLS.
    pub(super) tls: Option<Tls>,
}

/// Serves one connection, until it ends or its place is given to another.
pub(super) async fn serve<F, S>(
    stream: std::net::TcpStream,
    serving: Arc<Serving<F>>,
    place: Place,
    watcher: Watcher,
) where
    F: Fn(Arc<Connection>) -> S + Send + Sync + 'static,
    S: HttpService,
{
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "cannot wait for requests on a connection"),
    };
    tokio::select! {
        ended = serve_stream(stream, &serving, &place.0, watcher) => if let Err(error) = ended {
            tracing::debug!(error = error_with_source(&*error), "a connection failed");
        },
        () = place.0.closed() => {
            tracing::debug!("a connection was closed for another one, or its client was too slow");
        }
    }
    drop(place);
}

type Served = Result<(), Box<dyn Error + Send + Sync>>;

async fn serve_stream<F, S>(
    stream: TcpStream,
    serving: &Arc<Serving<F>>,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Served
where
    F: Fn(Arc<Connection>) -> S + Send + Sync + 'static,
    S: HttpService,
{
    let socket = |stream| PendingWrites::new(LingeringClose::new(stream), Arc::clone(connection));
    let Some(tls) = &serving.tls else {
        let service = (serving.service_of)(Arc::clone(connection));
        return serve_http1(socket(stream), service, connection, watcher).await;
    };
    match tls.handshake(stream, socket).await? {
        Handshake::Http1(io) => {
            let service = (serving.service_of)(Arc::clone(connection));
            let service = with_hsts(service);
            serve_http1(io, service, connection, watcher).await
        }
        Handshake::Http2(io) => {
            let serving = Arc::clone(serving);
            let service_of = move |stream| with_hsts((serving.service_of)(stream));
            http2::serve(io, service_of, connection, watcher).await
        }
        Handshake::Plain(io) => {
            let service = service_fn(|request: Request<Incoming>| async move {
                Ok::<Response<Full<Bytes>>, Infallible>(tls_required::response(&request))
            });
            serve_http1(io, service, connection, watcher).await
        }
    }
}

/// `service`, whose responses say that its name has TLS.
fn with_hsts<S: HttpService>(service: S) -> impl HttpService {
    service_fn(move |request| {
        let response = service.call(request);
        async move {
            let mut response = response.await?;
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HSTS);
            Ok::<_, S::Error>(response)
        }
    })
}

/// Serves the requests of HTTP/1.1, one after the other.
async fn serve_http1<I, S>(
    io: I,
    service: S,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Served
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: HttpService,
{
    let io = HeadCheck::new(io, Arc::clone(connection));
    let connection = Arc::clone(connection);
    let service = service_fn(move |request: Request<Incoming>| {
        let is_last = !expect_body(&connection, request.body());
        connection.set_activity(Activity::Responding);
        let connection = Arc::clone(&connection);
        let response = service.call(request);
        async move {
            let response = response.await?;
            // Hyper closes a connection whose request is answered before its body is there.
            let is_last = is_last || !connection.body.is_empty();
            let mut response = response.map(|body| TrackedBody::new(body, connection));
            if is_last {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, S::Error>(response)
        }
    });
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(io), service);
    Ok(watcher.watch(served).await?)
}

/// Notes how long the body of a request is. False where only its chunks say that: then what follows
/// is not checked, and no further request is read.
fn expect_body(connection: &Connection, body: &Incoming) -> bool {
    let length = if body.is_end_stream() { Some(0) } else { body.size_hint().exact() };
    connection.body.expect(length.unwrap_or(u64::MAX));
    length.is_some()
}

fn error_with_source(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
