//! TLS in front of a connection: who speaks it, and which version of HTTP the client chose by it.

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, server::ResolvesServerCert},
    server::TlsStream,
};

use super::pending_writes::Socket;

/// How long a client may take for its part of the handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The first byte of a TLS client: the type of a record with a handshake (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;
/// The protocols that the server has, in the order of its preference.
const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// The TLS of a server.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    handshake_time: Duration,
}

/// What a client wants to speak.
pub(super) enum Handshake {
    Http1(Box<TlsStream<Socket>>),
    Http2(Box<TlsStream<Socket>>),
    /// HTTP without TLS.
    Plain(Socket),
}

impl Tls {
    /// TLS with the certificate that `certificate` gives to each new connection.
    pub(super) fn new(certificate: Arc<dyn ResolvesServerCert>) -> anyhow::Result<Self> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificate);
        config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
        Ok(Self { acceptor: Arc::new(config).into(), handshake_time: HANDSHAKE_TIME })
    }

    /// The handshake of a client, which may take only so long.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        socket: impl FnOnce(TcpStream) -> Socket,
    ) -> io::Result<Handshake> {
        let handshake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE_RECORD] {
                return Ok(Handshake::Plain(socket(stream)));
            }
            let stream = Box::new(self.acceptor.accept(socket(stream)).await?);
            Ok(match stream.get_ref().1.alpn_protocol() {
                Some(HTTP_2) => Handshake::Http2(stream),
                _ => Handshake::Http1(stream),
            })
        };
        let Ok(result) = timeout(self.handshake_time, handshake).await else {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a TLS handshake was too slow"));
        };
        result
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::{
        super::{
            certificate::Certificate, connections::Connections, lingering_close::LingeringClose,
            pending_writes::PendingWrites,
        },
        *,
    };
    use crate::config::TlsFiles;

    /// What becomes of a client that sends this, and no more.
    async fn handshake_with(sent: &[u8]) -> io::Result<Handshake> {
        let fixture = ::tests::tls_front::fixture;
        let files = TlsFiles { certificate: fixture("server.pem"), key: fixture("server.key") };
        let tls = Tls::new(Certificate::load(&files).unwrap()).unwrap();
        let tls = Tls { handshake_time: Duration::from_millis(200), ..tls };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(sent).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let place = Connections::new(1).admit(peer.ip()).unwrap();
        let socket = |stream| PendingWrites::new(LingeringClose::new(stream), Arc::clone(&place.0));
        let result = tls.handshake(stream, socket).await;
        if result.is_err() {
            // An alert may come first.
            let _closed = client.read_to_end(&mut Vec::new()).await;
        }
        result
    }

    #[tokio::test]
    async fn client_that_does_not_finish_its_handshake_is_closed() {
        for sent in [&b""[..], &[HANDSHAKE_RECORD], &[HANDSHAKE_RECORD, 3, 1, 0, 100, 1]] {
            let error = handshake_with(sent).await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn client_without_tls_is_noticed_and_one_that_sends_nonsense_is_closed() {
        let plain = handshake_with(b"GET / HTTP/1.1\r\n").await.unwrap();
        assert!(matches!(plain, Handshake::Plain(_)));
        let nonsense = handshake_with(&[HANDSHAKE_RECORD, 3, 1, 0, 4, 99, 0, 0, 0]).await;
        assert_ne!(nonsense.err().unwrap().kind(), io::ErrorKind::TimedOut);
    }
}
