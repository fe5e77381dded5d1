//! A check of line terminators in front of the parser of requests: lines of a head end with CRLF.
//!
//! RFC 9112 §2.2 lets a server take a bare LF, and hyper does. A proxy in front may not, and then
//! both see different requests in the same bytes.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connections::Connection;

/// In place of a bare LF: no head may have this byte (RFC 9110 §5.5), so that the parser refuses it.
const REFUSED: u8 = 0;

/// A connection whose heads are checked. The service says how long the body behind each is.
pub(super) struct HeadCheck<T> {
    inner: T,
    connection: Arc<Connection>,
    line: Line,
    /// Bytes behind the end of a head, which the parser has not got yet.
    rest: Vec<u8>,
}

/// The part of a line of a head that has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    EmptyWithCr,
    Text,
    TextWithCr,
}

impl Line {
    /// Reads a head on. Returns where it ends, and replaces a bare LF.
    fn read(&mut self, bytes: &mut [u8]) -> Option<usize> {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *self = match (*byte, *self) {
                (b'\r', Self::Empty) => Self::EmptyWithCr,
                (b'\r', Self::Text) => Self::TextWithCr,
                (b'\n', Self::TextWithCr) => Self::Empty,
                (b'\n', Self::EmptyWithCr) => {
                    *self = Self::Empty;
                    return Some(at + 1);
                }
                (b'\n', Self::Empty | Self::Text) => {
                    *byte = REFUSED;
                    Self::Text
                }
                _ => Self::Text,
            }
        }
        None
    }
}

impl<T> HeadCheck<T> {
    pub(super) fn new(inner: T, connection: Arc<Connection>) -> Self {
        Self { inner, connection, line: Line::Empty, rest: Vec::new() }
    }

    /// Checks new bytes, and holds back those behind the end of a head.
    fn check(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let Some(new) = buffer.filled_mut().get_mut(before..) else { return };
        let of_body = self.connection.body.take(new.len());
        let Some(head) = new.get_mut(of_body..) else { return };
        let Some(end) = self.line.read(head) else { return };
        self.rest.splice(0..0, head.get(end..).unwrap_or_default().iter().copied());
        buffer.set_filled(before + of_body + end);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for HeadCheck<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.rest.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        } else {
            let mut rest = mem::take(&mut self.rest);
            let count = rest.len().min(buffer.remaining());
            buffer.put_slice(rest.get(..count).unwrap_or_default());
            self.rest = rest.split_off(count);
        }
        self.check(buffer, before);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HeadCheck<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{super::connections::Connections, *};

    #[tokio::test]
    async fn bare_lf_is_refused_in_heads_and_left_alone_in_bodies() {
        let place = Connections::new(1).admit(IpAddr::from([127, 0, 0, 1])).unwrap();
        let (mut client, server) = tokio::io::duplex(1024);
        let mut server = HeadCheck::new(server, Arc::clone(&place.0));
        client
            .write_all(b"POST / HTTP/1.1\r\n\r\na\n\nbGET / HTTP/1.1\r\nA: b\nc\r\n\r\n")
            .await
            .unwrap();
        drop(client);
        let mut sent = vec![0; 1024];
        let count = server.read(&mut sent).await.unwrap();
        assert_eq!(sent[..count], *b"POST / HTTP/1.1\r\n\r\n", "what follows waits for its length");
        place.0.body.expect(4);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"a\n\nbGET / HTTP/1.1\r\nA: b\0c\r\n\r\n");
    }

    #[tokio::test]
    async fn heads_in_one_piece_or_byte_by_byte_arrive_whole() {
        let head = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3);
        for size in [1, 7, 1024] {
            let place = Connections::new(1).admit(IpAddr::from([127, 0, 0, 1])).unwrap();
            let (mut client, server) = tokio::io::duplex(size);
            let mut server = HeadCheck::new(server, Arc::clone(&place.0));
            let sent = head.clone();
            let writer = tokio::spawn(async move { client.write_all(&sent).await });
            let mut arrived = Vec::new();
            server.read_to_end(&mut arrived).await.unwrap();
            writer.await.unwrap().unwrap();
            assert_eq!(arrived, head, "{size}");
        }
    }
}
