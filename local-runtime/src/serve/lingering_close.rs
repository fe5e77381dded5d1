//! A connection that is closed in steps (RFC 9112 §9.6): when the server has sent its last response, it
//! reads on for a while. A socket that is closed while its client still sends is reset, and the client
//! may lose the response: of a body that was refused, or of a request that is not understood.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How long the server reads on.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// Connections that it reads on at once; further ones are closed.
const LINGERING_MAX: usize = 64;
/// Bytes that are read at once, and dropped.
const READ_BYTES: usize = 4096;

static LINGERING: Semaphore = Semaphore::const_new(LINGERING_MAX);

pub(super) struct LingeringClose {
    /// `None` once it is closed.
    stream: Option<TcpStream>,
    /// Whether the client sends no more.
    is_client_done: bool,
    /// Whether the server sends no more.
    is_server_done: bool,
}

impl LingeringClose {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), is_client_done: false, is_server_done: false }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.stream.as_mut().map(Pin::new);
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for LingeringClose {
    fn drop(&mut self) {
        // Without a last response the server closes it for its own reasons, or the client is gone.
        if self.is_client_done || !self.is_server_done {
            return;
        }
        if let (Some(stream), Ok(permit), Ok(runtime)) =
            (self.stream.take(), LINGERING.try_acquire(), Handle::try_current())
        {
            runtime.spawn(read_on(stream, permit));
        }
    }
}

/// Reads until the client sends no more, or the time is over.
async fn read_on(stream: TcpStream, permit: SemaphorePermit<'static>) {
    let read = async {
        let mut buffer = [0; READ_BYTES];
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut buffer) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {}
            }
        }
    };
    if timeout(LINGER_TIME, read).await.is_err() {
        tracing::debug!("a client still sends after the last response; its connection is closed");
    }
    drop(permit);
}

impl AsyncRead for LingeringClose {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(self.stream()?.poll_read(context, buffer));
        self.is_client_done = read.is_err() || buffer.filled().len() == before;
        Poll::Ready(read)
    }
}

impl AsyncWrite for LingeringClose {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = ready!(self.stream()?.poll_shutdown(context));
        self.is_server_done = done.is_ok();
        Poll::Ready(done)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::{Response, service::service_fn};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{
        super::{
            connection_threads::ConnectionThreads,
            connections::Connections,
            http_server::{HttpServer, listen},
            served_connection::Serving,
        },
        *,
    };

    /// A server that reads no body, and what it sent to a client that has sent this head.
    async fn response_to(head: &str) -> (HttpServer, TcpStream, String) {
        let service_of = |_| {
            let refuse = Full::from("refused");
            service_fn(move |_| {
                ready(Ok::<_, Infallible>(Response::<Full<Bytes>>::new(refuse.clone())))
            })
        };
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let (threads, minute) = (ConnectionThreads::current(), Duration::from_mins(1));
        let connections = Connections::new(1);
        let serving = Serving { service_of, tls: None };
        let server = HttpServer::start(listener, serving, connections, threads, minute).unwrap();
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.set_nodelay(true).unwrap();
        client.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        (server, client, response)
    }

    #[tokio::test]
    async fn client_that_still_sends_when_it_is_answered_is_not_reset() {
        let (_server, mut client, response) =
            response_to("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").await;
        assert!(response.ends_with("refused"), "{response}");
        for _ in 0..5 {
            client.write_all(b"body").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        client.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
