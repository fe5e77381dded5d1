//! An HTTP server on one listener: a cap on connections, timeouts, and a graceful shutdown.

use std::{
    convert::Infallible,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinHandle,
};

use super::{
    connection_threads::ConnectionThreads,
    connections::{Connection, Connections},
    http_service::HttpService,
    served_connection::{self, Serving},
    socket_options,
};

/// How long a client may take for a TLS handshake and to send the head of a request, or keep an idle
/// connection open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the server looks for clients that take too long: one timer for all, which costs a request
/// nothing.
const OVERDUE_CHECK: Duration = Duration::from_millis(500);
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
    /// Serves `listener`, as far as there is room in `connections`, as `serving` says, on `threads`. A
    /// connection whose client reads nothing of a response for `read_time` is closed.
    pub(super) fn start<F, S>(
        listener: TcpListener,
        serving: Serving<F>,
        connections: Arc<Connections>,
        threads: ConnectionThreads,
        read_time: Duration,
    ) -> io::Result<Self>
    where
        F: Fn(Arc<Connection>) -> S + Send + Sync + 'static,
        S: HttpService,
    {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let overdue = close_overdue(Arc::clone(&connections), read_time);
            let serve = async move {
                let graceful = GracefulShutdown::new();
                let watcher = || graceful.watcher();
                tokio::select! {
                    never = accept(listener, serving, connections, threads, watcher) => match never {},
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

async fn accept<F, S>(
    listener: TcpListener,
    serving: Serving<F>,
    connections: Arc<Connections>,
    threads: ConnectionThreads,
    watcher: impl Fn() -> Watcher,
) -> Infallible
where
    F: Fn(Arc<Connection>) -> S + Send + Sync + 'static,
    S: HttpService,
{
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let serving = Arc::new(serving);
    loop {
        let (stream, peer) = next_connection(&listener, &connections).await;
        let Some(place) = connections.admit(peer.ip()) else {
            // A client with TLS would not understand a response without.
            if serving.tls.is_none()
                && let Ok(permit) = Arc::clone(&refusals).try_acquire_owned()
            {
                tokio::spawn(refuse(stream, permit));
            }
            continue;
        };
        match socket_options::set(stream, connections.count()) {
            Ok(stream) => {
                let serving = Arc::clone(&serving);
                threads.spawn(served_connection::serve(stream, serving, place, watcher()));
            }
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

    use bytes::Bytes;
    use futures::stream;
    use http_body_util::StreamBody;
    use hyper::{Response, body::Frame, service::service_fn};

    use super::{super::http_service::BUFFER_BYTES, *};

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
        let serving = Serving { service_of: move |_| service.clone(), tls: None };
        let connections = Connections::new(2);
        let server = HttpServer::start(listener, serving, connections, threads, timeout).unwrap();
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
        let serving = Serving { service_of: move |_| service, tls: None };
        let server = HttpServer::start(listener, serving, connections, threads, timeout).unwrap();
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
        let serving = Serving { service_of: move |_| service, tls: None };
        let server = HttpServer::start(listener, serving, connections, threads, timeout).unwrap();
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
