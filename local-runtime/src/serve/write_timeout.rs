//! A connection whose writes fail when the client has read nothing for too long.

use std::{
    io::{self, ErrorKind, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::connections::Connection;

/// `inner`, of which a single write may be pending for `timeout`. `connection` learns of each.
pub(super) struct WriteTimeout<T> {
    inner: T,
    connection: Arc<Connection>,
    timeout: Duration,
    is_pending: bool,
    sleep: Pin<Box<Sleep>>,
}

impl<T> WriteTimeout<T> {
    pub(super) fn new(inner: T, timeout: Duration, connection: Arc<Connection>) -> Self {
        let sleep = Box::pin(tokio::time::sleep(timeout));
        Self { inner, connection, timeout, is_pending: false, sleep }
    }

    /// `poll`, or an error when it has been pending for too long.
    fn check<R>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if poll.is_ready() {
            if mem::take(&mut self.is_pending) {
                self.connection.set_pending(false);
            }
            return poll;
        }
        if !self.is_pending {
            self.is_pending = true;
            self.connection.set_pending(true);
            self.sleep.as_mut().reset(Instant::now() + self.timeout);
        }
        self.sleep.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for WriteTimeout<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.check(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.check(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_flush(context);
        self.check(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_shutdown(context);
        self.check(context, poll)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::io::AsyncWriteExt as _;

    use super::{super::connections::Connections, *};

    #[tokio::test]
    async fn write_times_out_for_a_client_that_stops_reading_and_not_for_a_slow_one() {
        let (mut client, server) = tokio::io::duplex(8);
        let place = Connections::new(1).admit(IpAddr::from([127, 0, 0, 1])).unwrap();
        let timeout = Duration::from_millis(400);
        let mut server = WriteTimeout::new(server, timeout, Arc::clone(&place.0));
        let slow = tokio::spawn(async move {
            let mut buffer = [0; 8];
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                tokio::io::AsyncReadExt::read_exact(&mut client, &mut buffer).await.unwrap();
            }
            client
        });
        server.write_all(&[0; 40]).await.unwrap();
        let _client = slow.await.unwrap();
        let error = server.write_all(&[0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
