//! Serves a connection of HTTP/2, each of whose streams has the place of a request.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{
    Request, body::Incoming, rt::Executor, server::conn::http2::Builder, service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::Watcher,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    connections::{Connection, Place},
    served_connection::{BUFFER_BYTES, HttpService},
    stream_body::StreamBody,
};

/// Streams of a connection at once: more than a page asks for, and each may hold a chunk of a film.
const STREAMS_MAX: u32 = 32;
/// Bytes of a request's head, when its fields are decompressed: as many as with HTTP/1.1.
const HEAD_BYTES_MAX: u32 = 32 << 10;
/// Bytes of a response that wait on a stream, besides the chunk that goes beyond them.
const SEND_BYTES_MAX: usize = BUFFER_BYTES;
/// Bytes of request bodies that a connection and each of its streams hold before they are read.
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// Streams that a client opens and resets before the server has looked at them, and those that the server
/// resets because of a client's faults; after more, the connection is closed.
const RESETS_MAX: usize = 20;
const FAULTS_MAX: usize = 64;

/// When a client is asked whether it is still there.
#[derive(Clone, Copy, Debug)]
struct KeepAlive {
    interval: Duration,
    answer_time: Duration,
}

const KEEP_ALIVE: KeepAlive =
    KeepAlive { interval: Duration::from_secs(20), answer_time: Duration::from_secs(20) };

/// Serves the streams of a connection, each by a service of its own.
pub(super) async fn serve<I, F, S>(
    io: I,
    service_of: F,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Fn(Arc<Connection>) -> S + Send + 'static,
    S: HttpService,
{
    let connection = Arc::clone(connection);
    let streams = Streams::default();
    let opened = streams.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let place = connection.admit_stream();
        let stream = Arc::clone(&place.0);
        opened.put(place);
        let response = service_of(Arc::clone(&stream)).call(request);
        async move { Ok::<_, S::Error>(response.await?.map(|body| StreamBody::new(body, stream))) }
    });
    let served = builder(streams, KEEP_ALIVE).serve_connection(TokioIo::new(io), service);
    Ok(watcher.watch(served).await?)
}

/// Runs the streams of a connection, each until it ends or its place is given to another. Only the end of
/// its future resets a stream whose client reads nothing: its body is not asked for more.
#[derive(Clone, Default)]
struct Streams {
    /// The place of the stream whose service has been called, and which is run next.
    opened: Arc<Mutex<Option<Place>>>,
}

impl Streams {
    fn put(&self, place: Place) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let place = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        tokio::spawn(async move {
            let Some(place) = place else { return stream.await };
            tokio::select! {
                () = stream => {}
                () = place.0.closed() => {
                    tracing::debug!("a stream was closed for another request, or its client was too slow");
                }
            }
        });
    }
}

fn builder(streams: Streams, keep_alive: KeepAlive) -> Builder<Streams> {
    let mut builder = Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(FAULTS_MAX)
        .keep_alive_interval(keep_alive.interval)
        .keep_alive_timeout(keep_alive.answer_time);
    builder
}
