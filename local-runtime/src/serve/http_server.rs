//! An HTTP/1.1 server on one listener: a cap on connections, timeouts, and a graceful shutdown.

use std::{convert::Infallible, error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::Service,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinHandle,
};

use super::write_timeout::WriteTimeout;

/// How long a client may take to send the head of a request, or keep an idle connection open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of the buffer in front of the socket: no larger than a chunk of a
/// film, so that one chunk at a time waits there.
const BUFFER_BYTES: usize = 32 << 10;
/// Unsent bytes that a socket buffers. By default it buffers megabytes for a client that reads
/// slowly or leaves, and the first byte of the next response waits until all of them are sent.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 256 << 10;
/// Refused connections that get a response at the same time; further ones are only closed.
const REFUSALS_MAX: usize = 64;
/// How long a refused client may take to read the response.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// The response to a client for which no connection is free.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
/// The pause after a failed accept, which fails when file descriptors run out.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A running server.
pub(super) struct HttpServer {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Serves `service` on `listener`, with at most `connections_max` connections at once. A
    /// connection on which a write is pending for `write_timeout` is closed.
    pub(super) fn start<S, B>(
        listener: TcpListener,
        service: S,
        connections_max: usize,
        write_timeout: Duration,
    ) -> io::Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let graceful = GracefulShutdown::new();
            let accept = accept(listener, service, connections_max, write_timeout, &graceful);
            tokio::select! {
                never = accept => match never {},
                _ = stopped => {}
            }
            graceful.shutdown().await;
        });
        Ok(Self { address, stop, task })
    }

    /// Accepts no more connections, and waits for running responses.
    pub(super) async fn finish(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, address = %self.address, "the server on this address failed");
        }
    }
}

async fn accept<S, B>(
    listener: TcpListener,
    service: S,
    connections_max: usize,
    write_timeout: Duration,
    graceful: &GracefulShutdown,
) -> Infallible
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let permits = Arc::new(Semaphore::new(connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                tokio::spawn(refuse(stream, permit));
            }
            continue;
        };
        if !configure(&stream) {
            continue;
        }
        let io = TokioIo::new(WriteTimeout::new(stream, write_timeout));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(io, service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = error_with_source(&error), "a connection failed");
            }
            drop(permit);
        });
    }
}

/// Sets the socket options of a new connection; false where the client has already closed it.
fn configure(stream: &TcpStream) -> bool {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was closed before its first request");
        return false;
    }
    if let Err(error) = limit_unsent_bytes(stream) {
        // Not every system has this limit, and the server works without it.
        tracing::debug!(%error, "cannot limit the unsent bytes of a socket");
    }
    true
}

/// Lets the socket buffer at most [`UNSENT_BYTES_MAX`] unsent bytes.
#[cfg(target_os = "linux")]
fn limit_unsent_bytes(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

#[cfg(not(target_os = "linux"))]
fn limit_unsent_bytes(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

fn error_with_source(error: &hyper::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Sends the refusal, and closes the connection when the client has read it: closing a socket with
/// unread bytes would discard the response.
async fn refuse(mut stream: TcpStream, permit: OwnedSemaphorePermit) {
    let refusal = tokio::time::timeout(REFUSAL_TIMEOUT, async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    });
    if !matches!(refusal.await, Ok(Ok(()))) {
        tracing::debug!("a refused client did not read the response");
    }
    drop(permit);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::stream;
    use http_body_util::StreamBody;
    use hyper::{body::Frame, service::service_fn};

    use super::*;

    #[tokio::test]
    async fn client_that_reads_nothing_is_sent_under_a_mebibyte() {
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let service = service_fn(|_| {
            let endless = stream::repeat_with(|| {
                SENT.fetch_add(BUFFER_BYTES, Ordering::Relaxed);
                Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; BUFFER_BYTES])))
            });
            std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(endless))))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = HttpServer::start(listener, service, 1, Duration::from_mins(1)).unwrap();
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut sent = 0;
        while sent == 0 || sent < SENT.load(Ordering::Relaxed) {
            sent = SENT.load(Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(sent < 1 << 20, "{sent}");
    }
}
