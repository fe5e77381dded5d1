//! A small HTTP/1.1 client that sends requests as they are written and normalises no response.

use std::{
    fmt,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use api::Envelope;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};
use serde::de::DeserializeOwned;

/// The longest body that is read: longer than any that a test expects.
const BODY_BYTES_MAX: u64 = 256 << 20;
/// The longest line of a head: servers themselves stop at 8 to 16 KiB.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// A server that sends nothing for so long fails the test, even on a loaded machine.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Scheme, host and port of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Host, and port where the URL names one.
    pub authority: String,
    is_https: bool,
}

impl Origin {
    /// The origin of a URL such as `http://127.0.0.1:8700/` or `https://films.example/`.
    pub fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").with_context(|| format!("{url} is no URL"))?;
        let is_https = match scheme {
            "http" => false,
            "https" => true,
            _ => bail!("{url} is neither http:// nor https://"),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default().to_owned();
        Ok(Self { authority, is_https })
    }

    /// Host, and the port of the URL or else of its scheme.
    fn address(&self) -> (&str, u16) {
        let port = |digits: &str| digits.parse().ok();
        let named = self.authority.rsplit_once(':').and_then(|(host, p)| Some((host, port(p)?)));
        named.unwrap_or((&self.authority, if self.is_https { 443 } else { 80 }))
    }

    /// A persistent connection.
    pub fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(self.address())
            .with_context(|| format!("nobody listens at {}", self.authority))?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> =
            if self.is_https { Box::new(self.secured(stream)?) } else { Box::new(stream) };
        Ok(Connection { reader: BufReader::new(stream), authority: self.authority.clone() })
    }

    fn secured(&self, stream: TcpStream) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(self.address().0.to_owned())?;
        Ok(StreamOwned::new(ClientConnection::new(Arc::new(config), name)?, stream))
    }
}

trait Stream: Read + Write + fmt::Debug + Send {}
impl Stream for TcpStream {}
impl Stream for StreamOwned<ClientConnection, TcpStream> {}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Any method on any request target, spelled as it goes over the wire.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        let (method, target) = (method.to_owned(), target.into());
        Self { method, target, headers: Vec::new(), body: Vec::new() }
    }

    /// `GET`.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// `HEAD`.
    pub fn head(target: impl Into<String>) -> Self {
        Self::new("HEAD", target)
    }

    /// `PUT` of some bytes.
    pub fn put(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("PUT", target) }
    }

    /// `POST` of some bytes.
    pub fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", target) }
    }

    /// The same request with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// One more header, value as it is.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sends it on a connection of its own.
    pub fn send(&self, origin: &Origin) -> Result<Response> {
        self.send_on(&mut origin.connect()?).with_context(|| self.to_string())
    }

    /// Sends it on a connection that stays.
    pub fn send_on(&self, connection: &mut Connection) -> Result<Response> {
        let (method, target) = (&self.method, &self.target);
        let mut head = Vec::new();
        write!(head, "{method} {target} HTTP/1.1\r\nHost: {}\r\n", connection.authority)?;
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n")?;
        }
        if !self.body.is_empty() || matches!(method.as_str(), "PUT" | "POST") {
            write!(head, "Content-Length: {}\r\n", self.body.len())?;
        }
        head.extend_from_slice(b"\r\n");
        let stream = connection.reader.get_mut();
        stream.write_all(&head)?;
        // A server may refuse a body before it has read all of it: then its response counts.
        let sent = stream.write_all(&self.body);
        match read_response(&mut connection.reader, self.method == "HEAD") {
            Ok(response) => Ok(response),
            Err(error) => Err(sent.err().map_or(error, Into::into)),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method, self.target)?;
        self.headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
            .try_for_each(|(name, value)| write!(out, " [{name}: {value}]"))
    }
}

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<Box<dyn Stream>>,
    authority: String,
}

/// A response, byte for byte.
#[derive(Debug, Clone)]
pub struct Response {
    /// Such as 206.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Without transfer coding; content coding as it came.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header; several of one name are joined as RFC 9110 §5.3 says.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(there, _)| there.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as an envelope of `T`.
    pub fn envelope<T: DeserializeOwned>(&self) -> Result<Envelope<T>> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!("{} is no envelope: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }
}

fn read_response(reader: &mut impl BufRead, to_head: bool) -> Result<Response> {
    let (mut status, mut headers) = read_head(reader)?;
    while (100..200).contains(&status) {
        (status, headers) = read_head(reader)?;
    }
    let mut response = Response { status, headers, body: Vec::new() };
    if to_head || matches!(status, 204 | 304) {
        return Ok(response);
    }
    if response.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        read_chunks(reader, &mut response.body)?;
    } else if let Some(length) = response.header("content-length") {
        let length: u64 = length.parse().with_context(|| format!("content-length: {length}"))?;
        ensure!(length <= BODY_BYTES_MAX, "a body of {length} bytes");
        let read = reader.take(length).read_to_end(&mut response.body)?;
        ensure!(read as u64 == length, "the body ends after {read} of {length} bytes");
    } else {
        reader.take(BODY_BYTES_MAX).read_to_end(&mut response.body)?;
    }
    Ok(response)
}

fn read_head(reader: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>)> {
    let first = read_line(reader)?;
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|digits| digits.parse().ok())
        .with_context(|| format!("not a status line: {first:?}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) =
            line.split_once(':').with_context(|| format!("not a header line: {line:?}"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let line = read_line(reader)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).with_context(|| format!("chunk {line:?}"))?;
        ensure!(body.len() as u64 + length <= BODY_BYTES_MAX, "a body that does not end");
        let read = reader.take(length).read_to_end(body)?;
        ensure!(read as u64 == length, "the body ends in the middle of a chunk");
        let end = read_line(reader)?;
        ensure!(end.is_empty(), "a chunk is longer than it says: {end:?}");
        if length == 0 {
            return Ok(());
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    let Some(line) = line.strip_suffix(b"\r\n") else {
        bail!("the server closed in the middle of a line: {:?}", String::from_utf8_lossy(&line));
    };
    Ok(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut text: &str) -> Result<Response> {
        // The reader is a slice of bytes: `&[u8]` is `BufRead`.
        let mut bytes = std::mem::take(&mut text).as_bytes();
        read_response(&mut bytes, false)
    }

    #[test]
    fn origin_without_a_port_has_the_port_of_its_scheme() {
        for (url, address) in [
            ("http://127.0.0.1:8700/a", ("127.0.0.1", 8700)),
            ("https://films.example/", ("films.example", 443)),
            ("http://films.example?q", ("films.example", 80)),
        ] {
            assert_eq!(Origin::parse(url).expect("a URL").address(), address, "{url}");
        }
    }

    #[test]
    fn body_ends_after_content_length() {
        let response = read("HTTP/1.1 206 X\r\nContent-Length: 3\r\nA: 1\r\na: 2\r\n\r\nabcd");
        let response = response.expect("a response");
        assert_eq!((response.status, response.body.as_slice()), (206, b"abc".as_slice()));
        assert_eq!(response.header("A").as_deref(), Some("1, 2"));
    }

    #[test]
    fn chunks_are_concatenated() {
        let response = read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
        );
        assert_eq!(response.expect("a response").body, b"abcd");
    }

    #[test]
    fn truncated_body_is_an_error() {
        let error = read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").expect_err("short");
        assert_eq!(error.to_string(), "the body ends after 3 of 9 bytes");
    }
}
