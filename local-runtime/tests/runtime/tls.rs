//! `firstframe serve` with a certificate: HTTP/2 and HTTP/1.1, a change of the certificate, the limits of
//! clients, and the command line of this machine.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use socket2::{Domain, SockAddr, Socket, Type};
use tempfile::TempDir;
use tests::{
    bytes::content,
    process::{firstframe_command, workspace},
    tls_front::fixture,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::s3_server::{S3Server, start_error};

const FILM_BYTES: usize = 24 << 20;
const FILM: &str = "/api/v2/media/0123";
/// Longer than the server takes to see a change on a loaded machine.
const CHANGE_TIME_MAX: Duration = Duration::from_mins(1);

struct Fixture {
    _server: S3Server,
    address: SocketAddr,
    certificate: PathBuf,
    folder: TempDir,
}

impl Fixture {
    /// A server with one film, whose certificate is for this address.
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("certificate.pem");
        fs::copy(fixture("server.pem"), &certificate).unwrap();
        let key = fixture("server.key");
        let [certificate_path, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
        let tls = ["--tls-cert", certificate_path, "--tls-key", key];
        let server = S3Server::start_with(&folder.path().join("data"), &[&tls, flags].concat());
        server.put("media/0123", &content(1, 0, FILM_BYTES));
        let address = server.url.strip_prefix("https://").unwrap().trim_end_matches('/');
        let address = address.parse().unwrap();
        Self { _server: server, address, certificate, folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Replaces the certificate in one step, and waits until new connections get it.
    async fn serve_certificate(&self, file: &str, name: &str) {
        let new = self.folder.path().join("new.pem");
        fs::copy(fixture(file), &new).unwrap();
        fs::rename(new, &self.certificate).unwrap();
        let started = Instant::now();
        while self.connect(name, "h2").await.is_err() {
            assert!(started.elapsed() < CHANGE_TIME_MAX, "the old certificate stays");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A connection to the server by this name, whose certificate is checked.
    async fn connect(&self, name: &str, protocol: &str) -> std::io::Result<TlsStream<Stream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
        let ring = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = Stream::connect(self.address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The response to a request by HTTP/2 on a new connection.
    async fn http2(&self, request: Request<Empty<Bytes>>) -> Response<Incoming> {
        let stream = self.connect("127.0.0.1", "h2").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(stream);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    }

    /// The same by HTTP/1.1.
    async fn http1(&self, request: Request<Empty<Bytes>>) -> Response<Incoming> {
        let stream = self.connect("127.0.0.1", "http/1.1").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    }

    /// A `GET` of a path by HTTP/2, or with the path alone and a `Host` by HTTP/1.1.
    fn get(&self, path: &str, is_http2: bool) -> http::request::Builder {
        let host = format!("localhost:{}", self.address.port());
        if is_http2 {
            return Request::get(format!("https://{host}{path}"));
        }
        Request::get(path).header("host", host)
    }

    /// A connection without TLS from an address, on which `sent` is sent.
    fn send_plain(&self, from: IpAddr, sent: &[u8]) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::new(from, 0))).unwrap();
        socket.connect(&self.address.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _closed = stream.write_all(sent);
        stream
    }
}

type Stream = tokio::net::TcpStream;

fn field(response: &Response<Incoming>, name: &str) -> String {
    let value = response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    value.unwrap_or_default()
}

#[tokio::test]
async fn range_comes_by_both_protocols_and_says_that_the_name_has_tls() {
    let fixture = Fixture::start(&[]);
    let film = content(1, 0, FILM_BYTES);
    for is_http2 in [true, false] {
        let request = fixture.get(FILM, is_http2).header("range", "bytes=1000000-2999999");
        let request = request.body(Empty::new()).unwrap();
        let response =
            if is_http2 { fixture.http2(request).await } else { fixture.http1(request).await };
        assert_eq!(response.status(), 206);
        assert_eq!(
            field(&response, "content-range"),
            format!("bytes 1000000-2999999/{FILM_BYTES}")
        );
        assert_eq!(field(&response, "strict-transport-security"), "max-age=2592000");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body == film[1_000_000..3_000_000], "HTTP/2: {is_http2}");
    }
}

#[tokio::test]
async fn many_streams_of_one_connection_are_answered() {
    let fixture = Fixture::start(&[]);
    let film = content(1, 0, FILM_BYTES);
    let stream = fixture.connect("127.0.0.1", "h2").await.unwrap();
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let read = |n: usize| {
        let (mut sender, range) = (sender.clone(), n * 100_000..n * 100_000 + 300_000);
        let request = fixture.get(FILM, true);
        let request = request.header("range", format!("bytes={}-{}", range.start, range.end - 1));
        async move {
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            (range, response.into_body().collect().await.unwrap().to_bytes())
        }
    };
    // The limit of streams is in the server's first message.
    read(0).await;
    for (range, body) in futures::future::join_all((1..100).map(read)).await {
        assert!(body == film[range.clone()], "{range:?}");
    }
}

#[tokio::test]
async fn certificate_changes_without_a_cut_connection_and_publish_knows_the_new_one() {
    let fixture = Fixture::start(&[]);
    let film = content(1, 0, FILM_BYTES);
    let request = fixture.get(FILM, true).body(Empty::new()).unwrap();
    let mut running = fixture.http2(request).await.into_body();
    let first = running.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(fixture.connect("films.example", "h2").await.is_err(), "its name is not in the first");

    fixture.serve_certificate("other-name.pem", "films.example").await;
    assert!(fixture.connect("127.0.0.1", "h2").await.is_err());
    let rest = running.collect().await.unwrap().to_bytes();
    assert!([first, rest].concat() == film, "the older connection goes on");
    publish(&fixture);
}

fn publish(fixture: &Fixture) {
    for verb in [&["publish"][..], &["purge", "--all"]] {
        let mut command = firstframe_command().unwrap();
        command.args(verb).arg("--data").arg(fixture.data());
        if verb == ["publish"] {
            command.arg(workspace().join("local-runtime/demo"));
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn certificate_that_no_authority_signed_is_known_by_the_data_folder_alone() {
    let fixture = Fixture::start(&[]);
    fixture.serve_certificate("other-name.pem", "films.example").await;
    publish(&fixture);
    let path = fixture.data().join("runtime.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut runtime: api::data_folder::RunningServer = serde_json::from_str(&text).unwrap();
    runtime.certificate = Some("0".repeat(64));
    fs::write(&path, serde_json::to_string(&runtime).unwrap()).unwrap();
    let mut command = firstframe_command().unwrap();
    command.args(["purge", "--all", "--data"]).arg(fixture.data());
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("is not the server of the data folder"), "{error}");
}

#[test]
fn key_of_another_certificate_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let start = |certificate: &Path, key: &Path| {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap().to_owned());
        start_error(folder.path(), &["--tls-cert", &certificate, "--tls-key", &key])
    };
    let error = start(&fixture("ca.pem"), &fixture("server.key"));
    assert!(error.contains("tls_key") && error.contains("is not that of the first"), "{error}");
    let error = start(&fixture("server.pem"), Path::new("/nowhere/key.pem"));
    assert!(error.contains("/nowhere/key.pem: is missing"), "{error}");
    assert!(start_error(folder.path(), &["--tls-cert", "a.pem"]).contains("needs tls_key"));
}

#[tokio::test]
async fn unfinished_handshakes_of_one_client_give_way_to_another_client() {
    let fixture = Fixture::start(&["--connections-max", "20"]);
    let greedy = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x00\xff\x01"] {
        let held: Vec<_> = (0..30).map(|_| fixture.send_plain(greedy, sent)).collect();
        for _ in 0..3 {
            let request = fixture.get("/health", true).body(Empty::new()).unwrap();
            assert_eq!(fixture.http2(request).await.status(), 200, "behind {sent:?}");
        }
        drop(held);
    }
}

#[test]
fn client_without_tls_is_sent_to_https() {
    let fixture = Fixture::start(&[]);
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let request = b"GET /watch/a?t=1 HTTP/1.1\r\nHost: nas.local:81\r\n\r\n";
    let mut response = String::new();
    fixture.send_plain(here, request).read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 307"), "{response}");
    assert!(response.contains("location: https://nas.local:81/watch/a?t=1\r\n"), "{response}");
    let request = b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let mut response = String::new();
    fixture.send_plain(here, request).read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
}

#[tokio::test]
async fn cookie_of_a_viewer_is_secure_and_may_come_in_parts() {
    let mut command = firstframe_command().unwrap();
    command.args(["hash-password", "--memory-kib", "1024"]).stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"open sesame").unwrap();
    let hash = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let flags = ["--viewers", "password", "--viewers-password", hash.trim()];
    let fixture = Fixture::start(&flags);
    let request = fixture.get("/api/v2/session", true).method("POST");
    let body = http_body_util::Full::<Bytes>::from("{\"password\": \"open sesame\"}");
    let io = TokioIo::new(fixture.connect("127.0.0.1", "h2").await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
    let cookie = field(&response, "set-cookie");
    assert!(response.status() == 200 && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for (parts, status) in [(&[cookie, "b=2"][..], 200), (&["b=2", cookie], 200), (&["b=2"], 401)] {
        let request = fixture.get("/api/v2/home", true);
        let request = parts.iter().fold(request, |request, part| request.header("cookie", *part));
        let response = fixture.http2(request.body(Empty::new()).unwrap()).await;
        assert_eq!(response.status(), status, "{parts:?}");
    }
}
