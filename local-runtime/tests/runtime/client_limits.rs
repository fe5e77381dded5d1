//! One client takes no more than its share: of connections, of running requests, of memory, of time.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tests::bytes::content;

use crate::s3_server::{S3Server, header, status};

/// The address of a client that takes all that it gets, and that of another one.
const GREEDY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const HONEST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 3));
const FILM_BYTES: usize = 8 << 20;

struct Fixture {
    server: S3Server,
    address: SocketAddr,
}

impl Fixture {
    /// A server with one film.
    fn start(folder: &Path, flags: &[&str]) -> Self {
        let server = S3Server::start_with(folder, flags);
        server.put("media/0123", &content(1, 0, FILM_BYTES));
        let address = server.url.trim_start_matches("http://").trim_end_matches('/');
        let address = address.parse().unwrap();
        Self { server, address }
    }

    /// A connection from a source address, on which `head` is sent.
    fn send(&self, from: IpAddr, head: &str) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::new(from, 0))).unwrap();
        socket.connect(&self.address.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _closed = stream.write_all(head.as_bytes());
        stream
    }

    /// The status line of the response to a small request from a source address.
    fn health(&self, from: IpAddr) -> String {
        status_line(&mut self.send(from, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    fn request(&self, rest: &str) -> String {
        status_line(&mut self.send(HONEST, rest))
    }
}

/// The first line of a response; empty where the server closed the connection.
fn status_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    String::from_utf8_lossy(&line).trim().to_owned()
}

const SLOW_BODY: &str =
    "POST /api/v2/stream/window HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{";
const FILM: &str = "GET /api/v2/media/0123 HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn client_that_takes_every_connection_gives_some_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &["--connections-max", "20"]);
    for head in ["GET /health HT", SLOW_BODY, FILM] {
        let held: Vec<_> = (0..30).map(|_| fixture.send(GREEDY, head)).collect();
        for _ in 0..3 {
            let started = Instant::now();
            assert_eq!(fixture.health(HONEST), "HTTP/1.1 200 OK", "behind {head:?}");
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        }
        drop(held);
    }
}

#[test]
fn client_that_takes_every_request_gives_some_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &["--requests-max", "10"]);
    for head in [SLOW_BODY, FILM] {
        let held: Vec<_> = (0..12).map(|_| fixture.send(GREEDY, head)).collect();
        for _ in 0..3 {
            assert_eq!(fixture.health(HONEST), "HTTP/1.1 200 OK", "behind {head:?}");
        }
        drop(held);
    }
}

#[test]
fn clients_behind_a_trusted_proxy_are_distinguished() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--requests-max", "10", "--trusted-proxies", "127.0.0.0/8"];
    let fixture = Fixture::start(folder.path(), &flags);
    let film = FILM.replace("Host: localhost", "Host: localhost\r\nX-Forwarded-For: 192.0.2.1");
    let held: Vec<_> = (0..10).map(|_| fixture.send(GREEDY, &film)).collect();
    let other = "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n";
    assert_eq!(status_line(&mut fixture.send(GREEDY, other)), "HTTP/1.1 200 OK");
    drop(held);
}

#[test]
fn slow_body_is_the_fault_of_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &["--request-timeout-seconds", "2"]);
    let started = Instant::now();
    let line = fixture.request(SLOW_BODY);
    assert_eq!(line, "HTTP/1.1 408 Request Timeout");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn unknown_parameters_are_not_part_of_a_cache_key() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &[]);
    let read = |query: &str| {
        let url = format!("{}api/v2/media/0123{query}", fixture.server.url);
        let response = fixture.server.agent.get(url).header("range", "bytes=0-99").call().unwrap();
        assert_eq!(status(&response), 206, "{query}");
        !header(&response, "age").is_empty()
    };
    assert!(!read("?x=1"));
    assert!(read("?x=2") && read("") && read("?utm=3&y"));
    assert!(!read("?at=1"), "a parameter that a route reads is part of it");
}

#[test]
fn memory_does_not_grow_with_the_targets_of_requests() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &["--cache-mib-max", "4"]);
    let mut stream = fixture.send(HONEST, "");
    let mut ask = |n: usize| {
        let target = format!("/api/v2/media/0123?at={n}{}", "a".repeat(7_500));
        write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9\r\n\r\n")
            .unwrap();
        assert_eq!(status_line(&mut stream), "HTTP/1.1 206 Partial Content");
        let mut rest = Vec::new();
        while !rest.windows(4).any(|four| four == b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            rest.push(byte[0]);
        }
        stream.read_exact(&mut [0; 10]).unwrap();
    };
    for n in 0..200 {
        ask(n);
    }
    let before = fixture.server.memory();
    for n in 200..2_500 {
        ask(n);
    }
    let grown = fixture.server.memory().saturating_sub(before);
    assert!(grown < 16 << 20, "2,300 targets of 7.5 KB took {grown} bytes");
}

#[test]
fn host_fields_and_targets_are_checked_as_9112_says() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::start(folder.path(), &[]);
    for (request, line) in [
        ("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "HTTP/1.1 200 OK"),
        ("GET /health HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        (
            "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(),
            "HTTP/1.1 400 Bad Request",
        ),
        ("GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        ("GET /health HTTP/1.0\r\n\r\n".to_owned(), "HTTP/1.0 200 OK"),
        ("GET /health HTTP/1.1\nHost: localhost\n\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        (
            "GET /health HTTP/1.1\r\nHost: localhost\nX: b\r\n\r\n".to_owned(),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(9_000)),
            "HTTP/1.1 414 URI Too Long",
        ),
    ] {
        let start = request.get(..60).unwrap_or(&request);
        assert_eq!(fixture.request(&request), line, "{start:?}");
    }
}
