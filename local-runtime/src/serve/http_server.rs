//! An HTTP/1.1 server on one listener: a cap on connections, timeouts, and a graceful shutdown.

use std::{
    convert::Infallible,
    error::Error,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::TokioIo,
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinHandle,
};

use super::{
    connection_threads::ConnectionThreads,
    connections::{Activity, Connection, Connections, Place},
    head_check::HeadCheck,
    lingering_close::LingeringClose,
    pending_writes::PendingWrites,
    socket_options,
    tracked_body::TrackedBody,
};

/// How long a client may take to send the head of a request, or keep an idle connection open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the server looks for clients that take too long: one timer for all, which costs a request
/// nothing.
const OVERDUE_CHECK: Duration = Duration::from_millis(500);
/// Bytes of a request's head, and of the buffer in front of the socket: no larger than a chunk of a
/// film, so that one chunk at a time waits there.
const BUFFER_BYTES: usize = 32 << 10;
/// Refused connections that get a response at the same time; further ones are only closed.
const REFUSALS_MAX: usize = 64;
/// How long a refused client may take to read the response.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// The response to a client for which no connection is free.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
/// The pause after an accept that failed because file descriptors or memory ran out.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Connections that wait to be accepted. Beyond them the system drops what a client sends, and then
/// may reset the connection: 128, which is usual, are fewer than a burst of new clients.
const BACKLOG: u32 = 4096;

/// Listens on an address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that was just stopped may have left connections that are ending.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A running server.
pub(super) struct HttpServer {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Serves `listener`, as far as there is room in `connections`, with a service for each connection
    /// that `service_of` makes, on `threads`. A connection whose client reads nothing of a response for
    /// `read_time` is closed.
    pub(super) fn start<S, B>(
        listener: TcpListener,
        service_of: impl Fn(Arc<Connection>) -> S + Send + 'static,
        connections: Arc<Connections>,
        threads: ConnectionThreads,
        read_time: Duration,
    ) -> io::Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let overdue = close_overdue(Arc::clone(&connections), read_time);
            let serve = async move {
                let graceful = GracefulShutdown::new();
                let watcher = || graceful.watcher();
                tokio::select! {
                    never = accept(listener, service_of, connections, threads, watcher) => match never {},
                    _ = stopped => {}
                }
                graceful.shutdown().await;
            };
            tokio::select! {
                never = overdue => match never {},
                () = serve => {}
            }
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
    service_of: impl Fn(Arc<Connection>) -> S,
    connections: Arc<Connections>,
    threads: ConnectionThreads,
    watcher: impl Fn() -> Watcher,
) -> Infallible
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        let (stream, peer) = next_connection(&listener, &connections).await;
        let Some(place) = connections.admit(peer.ip()) else {
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                tokio::spawn(refuse(stream, permit));
            }
            continue;
        };
        let service = service_of(Arc::clone(&place.0));
        match socket_options::set(stream, connections.count()) {
            Ok(stream) => threads.spawn(serve_connection(stream, service, place, watcher())),
            Err(error) => {
                tracing::debug!(%error, "a connection was closed before its first request");
            }
        }
    }
}

/// Closes connections whose clients take too long, for as long as the server runs.
async fn close_overdue(connections: Arc<Connections>, read_time: Duration) -> Infallible {
    loop {
        tokio::time::sleep(OVERDUE_CHECK).await;
        connections.close_overdue(HEAD_TIMEOUT, read_time);
    }
}

/// The next connection. Where none can be accepted because file descriptors ran out, the oldest idle
/// connection makes room.
async fn next_connection(
    listener: &TcpListener,
    connections: &Connections,
) -> (TcpStream, SocketAddr) {
    let mut is_failing = false;
    loop {
        let error = match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) => error,
        };
        if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) {
            continue;
        }
        if !is_failing {
            tracing::warn!(%error, "cannot accept connections; raise the limit of open files");
        }
        is_failing = true;
        connections.close_oldest_idle();
        tokio::time::sleep(ACCEPT_RETRY).await;
    }
}

/// Serves one connection, until it ends or its place is given to another.
async fn serve_connection<S, B>(
    stream: std::net::TcpStream,
    service: S,
    place: Place,
    watcher: Watcher,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "cannot wait for requests on a connection"),
    };
    let io = PendingWrites::new(LingeringClose::new(stream), Arc::clone(&place.0));
    let io = HeadCheck::new(io, Arc::clone(&place.0));
    let connection = Arc::clone(&place.0);
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
    tokio::select! {
        ended = watcher.watch(served) => if let Err(error) = ended {
            tracing::debug!(error = error_with_source(&error), "a connection failed");
        },
        () = place.0.closed() => {
            tracing::debug!("a connection was closed for another one, or its client was too slow");
        }
    }
    drop(place);
}

/// Notes how long the body of a request is. False where only its chunks say that: then what follows
/// is not checked, and no further request is read.
fn expect_body(connection: &Connection, body: &Incoming) -> bool {
    let length = if body.is_end_stream() { Some(0) } else { body.size_hint().exact() };
    connection.body.expect(length.unwrap_or(u64::MAX));
    length.is_some()
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
    async fn client_for_whom_there_is_no_room_gets_503() {
        let (arrive, mut arrived) = tokio::sync::mpsc::channel(1);
        let service = service_fn(move |_| {
            let arrive = arrive.clone();
            async move {
                arrive.send(()).await.unwrap();
                std::future::pending::<Result<Response<http_body_util::Empty<Bytes>>, Infallible>>()
                    .await
            }
        });
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let timeout = Duration::from_mins(1);
        let threads = ConnectionThreads::start().unwrap();
        let service_of = move |_| service.clone();
        let connections = Connections::new(2);
        let server =
            HttpServer::start(listener, service_of, connections, threads, timeout).unwrap();
        let mut busy = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(server.address).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            arrived.recv().await.unwrap();
            busy.push(client);
        }
        let mut refused = TcpStream::connect(server.address).await.unwrap();
        let mut response = String::new();
        refused.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
        assert!(response.contains("Retry-After: 1\r\n") && response.contains("close"));
    }

    #[tokio::test]
    async fn response_in_front_of_a_body_says_that_the_connection_closes() {
        let service = service_fn(|_| {
            let empty = http_body_util::Empty::<Bytes>::new();
            std::future::ready(Ok::<_, Infallible>(Response::new(empty)))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let threads = ConnectionThreads::current();
        let (connections, timeout) = (Connections::new(2), Duration::from_mins(1));
        let service_of = move |_| service;
        let server =
            HttpServer::start(listener, service_of, connections, threads, timeout).unwrap();
        for (length, closes) in [("3", true), ("0", false)] {
            let mut client = TcpStream::connect(server.address).await.unwrap();
            let head = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            let mut response = [0; 1024];
            let count = client.read(&mut response).await.unwrap();
            let response = String::from_utf8_lossy(&response[..count]).to_lowercase();
            assert!(response.starts_with("http/1.1 200"), "{response}");
            assert_eq!(response.contains("connection: close"), closes, "{response}");
        }
    }

    #[tokio::test]
    async fn burst_of_clients_waits_to_be_accepted() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(500));
        let clients: Result<Vec<_>, _> = (0..400).map(|_| connect()).collect();
        assert_eq!(clients.unwrap().len(), 400);
    }

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
        let connections = Connections::new(1);
        let timeout = Duration::from_mins(1);
        let threads = ConnectionThreads::current();
        let service_of = move |_| service;
        let server =
            HttpServer::start(listener, service_of, connections, threads, timeout).unwrap();
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
