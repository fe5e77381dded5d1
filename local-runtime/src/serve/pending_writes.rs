//! A connection that notes since when a write is pending: since when its client has read nothing.

use std::{
    io::{self, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{connections::Connection, lingering_close::LingeringClose};

/// A socket whose connection knows when its client reads nothing.
pub(super) type Socket = PendingWrites<LingeringClose>;

/// `inner`, of whose pending writes `connection` learns.
pub(super) struct PendingWrites<T> {
    inner: T,
    connection: Arc<Connection>,
    is_pending: bool,
}

impl<T> PendingWrites<T> {
    pub(super) fn new(inner: T, connection: Arc<Connection>) -> Self {
        Self { inner, connection, is_pending: false }
    }

    /// Notes whether `poll`, the result of a write, is pending.
    fn note<R>(&mut self, poll: Poll<R>) -> Poll<R> {
        if mem::replace(&mut self.is_pending, poll.is_pending()) != poll.is_pending() {
            self.connection.set_pending(poll.is_pending());
        }
        poll
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PendingWrites<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PendingWrites<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_shutdown(context);
        self.note(poll)
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, pin::pin, time::Duration};

    use futures::poll;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{
        super::connections::{Activity, Connections},
        *,
    };

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn client_is_overdue_while_it_reads_nothing_of_what_is_written() {
        let all = Connections::new(1);
        let place = all.admit(IpAddr::from([127, 0, 0, 1])).unwrap();
        place.0.set_activity(Activity::Responding);
        let (mut client, server) = tokio::io::duplex(8);
        let mut server = PendingWrites::new(server, Arc::clone(&place.0));
        server.write_all(&[0; 8]).await.unwrap();
        all.close_overdue(Duration::ZERO, Duration::ZERO);
        assert!(place.is_open(), "no write is pending");
        for _ in 0..2 {
            let mut write = pin!(server.write_all(&[0; 8]));
            assert!(poll!(write.as_mut()).is_pending());
            all.close_overdue(Duration::ZERO, HOUR);
            assert!(place.is_open(), "it may take an hour");
            client.read_exact(&mut [0; 8]).await.unwrap();
            write.await.unwrap();
            all.close_overdue(Duration::ZERO, Duration::ZERO);
            assert!(place.is_open(), "it has read");
        }
        let mut write = pin!(server.write_all(&[0; 8]));
        assert!(poll!(write.as_mut()).is_pending());
        all.close_overdue(HOUR, Duration::ZERO);
        assert!(!place.is_open());
        place.0.closed().await;
    }
}
