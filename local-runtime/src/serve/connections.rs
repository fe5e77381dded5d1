//! Connections: accepted up to a cap, watched for standing still, and let finish at the end.

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

use super::stall::Stall;

/// How long a client may take for the head of a request, and keep a connection without one.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of an answer on its way to the socket: a chunk of a film is
/// no smaller, so that one of them waits there at a time.
const BUFFER_BYTES: usize = 32 << 10;
/// Bytes that wait in a socket to be sent. Sockets would take megabytes from a client that reads
/// slowly or leaves, and the first byte of the next answer would wait until all of them are full.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 256 << 10;
/// Refusals under way at once; beyond them a connection is just closed.
const REFUSALS_MAX: usize = 64;
/// How long a refused client may take to read that it is.
const REFUSAL: Duration = Duration::from_secs(1);
/// What a client hears that finds every connection taken.
const REFUSED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
/// How long accepting rests when it fails, which it does when file descriptors run out.
const REST: Duration = Duration::from_millis(50);

/// A listener at work.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers what comes in on `listener` by `service`.
    pub(super) fn start<S, B>(
        listener: TcpListener,
        service: S,
        connections_max: usize,
        stall: Duration,
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
            tokio::select! {
                never = accept(listener, service, connections_max, stall, &graceful) => match never {},
                _ = stopped => {}
            }
            graceful.shutdown().await;
        });
        Ok(Self { address, stop, task })
    }

    /// Accepts nothing more and waits for what is running.
    pub(super) async fn finish(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a listener failed");
        }
    }
}

async fn accept<S, B>(
    listener: TcpListener,
    service: S,
    connections_max: usize,
    stall: Duration,
    graceful: &GracefulShutdown,
) -> Infallible
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let open = Arc::new(Semaphore::new(connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                tokio::spawn(refuse(stream, permit));
            }
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone at once");
            continue;
        }
        if let Err(error) = hold_little(&stream) {
            // Some systems know no such limit, and serve nevertheless.
            tracing::debug!(%error, "a socket holds as much as it likes");
        }
        let io = TokioIo::new(Stall::new(stream, stall));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(io, service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = reason(&error), "a connection broke off");
            }
            drop(permit);
        });
    }
}

/// Lets the system hold no more than [`UNSENT_BYTES`] behind what is on its way.
#[cfg(target_os = "linux")]
fn hold_little(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}

#[cfg(not(target_os = "linux"))]
fn hold_little(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

fn reason(error: &hyper::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Says no, and stays until that is read: a close with unread bytes would take the words along.
async fn refuse(mut stream: TcpStream, permit: OwnedSemaphorePermit) {
    let said = tokio::time::timeout(REFUSAL, async {
        stream.write_all(REFUSED).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    });
    if !matches!(said.await, Ok(Ok(()))) {
        tracing::debug!("a refused client did not listen");
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
    async fn a_client_that_reads_nothing_is_sent_little() {
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let service = service_fn(|_| {
            let endless = stream::repeat_with(|| {
                SENT.fetch_add(BUFFER_BYTES, Ordering::Relaxed);
                Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; BUFFER_BYTES])))
            });
            std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(endless))))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::start(listener, service, 1, Duration::from_mins(1)).unwrap();
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
