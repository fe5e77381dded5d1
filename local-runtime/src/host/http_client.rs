//! The guest's HTTP client: connects to an address that was checked, within the guest's timeouts.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{Instant, Sleep, timeout},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName},
    },
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::public_address::is_public;
use crate::config::Origin;

/// The longest timeout of each step, and the default.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// Drives the connection of a response until its body is complete.
pub(super) type ConnectionDriver = Box<dyn Future<Output = Result<(), Error>> + Send>;
/// The response to a request, and the driver of its connection.
pub(super) type SendResult = Result<(Response<WasiBody>, ConnectionDriver), Error>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Sends `request` to `origin`. The caller has checked that the settings allow it, and whether its name
/// may be one of a private network.
pub(super) async fn send(
    tls: &TlsConnector,
    origin: &Origin,
    is_private: bool,
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> SendResult {
    let options = options.unwrap_or_default();
    let timeout_of =
        |requested: Option<Duration>| requested.unwrap_or(TIMEOUT_MAX).min(TIMEOUT_MAX);
    let connecting =
        timeout(timeout_of(options.connect_timeout), connect(tls, origin, is_private)).await;
    let stream = connecting.map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Error::HttpRequestUriInvalid)?;
    let sending =
        timeout(timeout_of(options.first_byte_timeout), sender.send_request(request)).await;
    let Ok(response) = sending else {
        driver.abort();
        return Err(Error::ConnectionReadTimeout);
    };
    let response = response?;
    let read_timeout = timeout_of(options.between_bytes_timeout);
    let io: ConnectionDriver = Box::new(async move {
        match driver.await {
            Ok(done) => Ok(done?),
            Err(_) => Err(Error::ConnectionTerminated),
        }
    });
    Ok((response.map(|body| ReadTimeoutBody::new(body, read_timeout).boxed_unsync()), io))
}

async fn connect(
    tls: &TlsConnector,
    origin: &Origin,
    is_private: bool,
) -> Result<Box<dyn Stream>, Error> {
    let stream = TcpStream::connect(resolve(origin, is_private).await?.as_slice()).await;
    let stream = stream.map_err(Error::Connect)?;
    stream.set_nodelay(true).map_err(Error::Connect)?;
    if !origin.https {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(origin.bare_host().to_owned())
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(Box::new(tls.connect(name, stream).await.map_err(Error::Tls)?))
}

/// The addresses of `origin`. An address in the settings may be any; a name must resolve to a public
/// address, because its DNS records may be in other hands than the settings, unless a provider's record
/// says that the name is private.
async fn resolve(origin: &Origin, is_private: bool) -> Result<Vec<SocketAddr>, Error> {
    let host = origin.bare_host();
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, origin.port)]);
    }
    let resolved = lookup_host((host, origin.port)).await;
    let addresses: Vec<_> = resolved.map_err(|_| Error::DestinationNotFound)?.collect();
    let public: Vec<_> =
        addresses.iter().copied().filter(|one| is_private || is_public(one.ip())).collect();
    if public.is_empty() && !addresses.is_empty() {
        tracing::warn!(
            %origin,
            "the host name resolves to private addresses only; to allow them, set `private` in the \
             record of its provider"
        );
        return Err(Error::DestinationIpProhibited);
    }
    Ok(public)
}

/// A TLS client that trusts the root certificates that browsers trust, and these.
pub(super) fn tls(more: &[CertificateDer<'static>]) -> TlsConnector {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let (_, refused) = roots.add_parsable_certificates(more.iter().cloned());
    if refused > 0 {
        tracing::warn!(refused, "outbound_ca has certificates that are no root certificates");
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A body that fails when no chunk arrives for `timeout`.
struct ReadTimeoutBody {
    inner: Incoming,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl ReadTimeoutBody {
    fn new(inner: Incoming, timeout: Duration) -> Self {
        Self { inner, timeout, sleep: Box::pin(tokio::time::sleep(timeout)) }
    }
}

impl Body for ReadTimeoutBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let poll = Pin::new(&mut self.inner).poll_frame(context);
        let deadline = Instant::now() + self.timeout;
        if let Poll::Ready(frame) = poll {
            self.sleep.as_mut().reset(deadline);
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        ready!(self.sleep.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn origin(uri: &str) -> Origin {
        Origin::of(&uri.parse().unwrap()).unwrap()
    }

    fn request(uri: &str) -> Request<WasiBody> {
        let body = Empty::new().map_err(Error::from).boxed_unsync();
        Request::get(uri).header("host", "media.example").body(body).unwrap()
    }

    #[tokio::test]
    async fn name_of_this_machine_is_refused_unless_it_is_private_and_its_address_is_allowed() {
        let error = resolve(&origin("http://localhost:1"), false).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
        let addresses = resolve(&origin("http://[::1]:1"), false).await.unwrap();
        assert_eq!(addresses, ["[::1]:1".parse().unwrap()]);
        let addresses = resolve(&origin("http://localhost:1"), true).await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
    }

    /// Host names that some resolvers take for this machine, this network or a cloud's metadata
    /// service: in decimal, octal and hexadecimal, and with parts left out.
    const SPELLINGS: [&str; 60] = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost.localdomain",
        "sub.localhost",
        "ip6-localhost",
        "ip6-loopback",
        "0",
        "0.0.0.0.",
        "00.0.0.0",
        "0x0",
        "0x0.0x0.0x0.0x0",
        "1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.00.00.01",
        "127.0.0.01",
        "0177.1",
        "0177.0.0.1",
        "0177.0000.0000.0001",
        "00000177.0.0.1",
        "0x7f.1",
        "0x7f.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "0X7F000001",
        "0x7f000001",
        "0x0000007f000001",
        "017700000001",
        "2130706433",
        "02130706433",
        "2130706432",
        "127.16777215",
        "127.0.65535",
        "10.1",
        "0xa.1",
        "012.1",
        "167772161",
        "0x0a000001",
        "172.1048577",
        "0xac.0x10.0.1",
        "2886729729",
        "192.11010049",
        "0xc0a80101",
        "3232235777",
        "0300.0250.1.1",
        "169.16689662",
        "0xa9.0xfe.0xa9.0xfe",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "100.4194305",
        "0x64400001",
        "1681915905",
        "198.1179649",
        "0xc6120001",
        "224.1",
        "0xe0000001",
        "255.16777215",
        "0xffffffff",
    ];

    #[tokio::test]
    async fn no_spelling_of_a_private_address_connects() {
        let mut listeners = Vec::new();
        for ip in ["0.0.0.0", "::1"] {
            let port = listeners.first().map_or(0, |(_, port)| *port);
            let listener = tokio::net::TcpListener::bind((ip, port)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            listeners.push((listener, port));
        }
        let tls = tls(&[]);
        for host in SPELLINGS {
            let uri = format!("http://{host}:{}/film", listeners[0].1);
            // Even where the settings allow the name.
            let sent = send(&tls, &origin(&uri), false, request(&uri), None).await;
            assert!(sent.is_err(), "{host}");
        }
        for (listener, _) in listeners {
            let accepted = timeout(Duration::from_millis(1), listener.accept()).await;
            assert!(accepted.is_err(), "a spelling connected");
        }
    }

    #[tokio::test]
    async fn response_arrives_and_a_silent_body_times_out() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/film?x=1", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let count = stream.read(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await.unwrap();
            (stream, String::from_utf8_lossy(&head[..count]).into_owned())
        });
        let options = RequestOptions {
            between_bytes_timeout: Some(Duration::from_millis(200)),
            ..RequestOptions::default()
        };
        let sent = send(&tls(&[]), &origin(&uri), false, request(&uri), Some(options)).await;
        let (response, _io) = sent.unwrap();
        let (_stream, head) = server.await.unwrap();
        assert!(head.starts_with("GET /film?x=1 HTTP/1.1\r\nhost: media.example\r\n"), "{head}");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.as_ref(), b"hello");
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    }
}
