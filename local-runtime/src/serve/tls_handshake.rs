//! TLS in front of a connection: who speaks it, and which version of HTTP the client chose by it.

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, server::ResolvesServerCert},
    server::TlsStream,
};

use super::served_connection::Socket;

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
