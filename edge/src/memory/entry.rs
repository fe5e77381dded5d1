//! The entry point of tests: a request in, a whole answer out, in the clock's own time.

use std::{
    borrow::Cow,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{Memory, MemoryClock, MemoryStream, StreamEnd};
use crate::{
    http::{Body, Connection, Headers, Method, PartStream, Reply, Request},
    platform::{PortError, Upload},
    serve::{BodyWriter, ClientGone, run_prefetch, serve, write_joined},
};

/// A response, with its body in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryResponse {
    /// HTTP status.
    pub status: u16,
    /// In the order in which they are sent.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// What followed.
    pub body: Vec<u8>,
    /// Whether the body was a store's or another server's own stream.
    pub is_stream: bool,
    /// Whether that stream broke off.
    pub is_truncated: bool,
}

impl MemoryResponse {
    /// The value of a header; the empty text where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// A body that is all there, or breaks off.
struct MemoryUpload<'a>(Option<&'a [u8]>);

impl Upload for MemoryUpload<'_> {
    async fn read(self, bytes_max: usize) -> Result<Vec<u8>, PortError> {
        let bytes = self.0.ok_or_else(|| PortError::Unavailable("cut".to_owned()))?;
        if bytes.len() > bytes_max { Err(PortError::TooLarge) } else { Ok(bytes.to_vec()) }
    }
}

/// A client that reads a body to its end.
#[derive(Default)]
struct Written(Vec<u8>);

impl BodyWriter<MemoryStream> for Written {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ClientGone> {
        self.0.extend(bytes);
        Ok(())
    }

    async fn write_stream(&mut self, part: PartStream<MemoryStream>) -> Result<u64, ClientGone> {
        let [skip, length] =
            [part.skip, part.length].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let bytes = part.stream.bytes.get(skip..).unwrap_or_default();
        let bytes = bytes.get(..length).unwrap_or(bytes);
        self.0.extend(bytes);
        Ok(bytes.len() as u64)
    }
}

/// What the platform says of the connection: of a test, in headers of these names.
fn connection(headers: &[(&str, &str)]) -> Connection {
    let value =
        |name| headers.iter().find(|(sent, _)| *sent == name).map_or("", |(_, value)| *value);
    Connection {
        client_address: value("client-address").to_owned(),
        authority: value("host").to_owned(),
        is_tls: value("tls") == "on",
    }
}

/// Sends a request to the edge. A body of `None` breaks off.
pub fn send(
    platform: &Memory,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> MemoryResponse {
    run(platform, respond(platform, method, path, headers, body)).unwrap_or_default()
}

/// The same as a future, for several requests at once.
pub async fn respond(
    platform: &Memory,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> MemoryResponse {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: Method::parse(method),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Headers::of(headers),
        connection: connection(headers),
        upload: MemoryUpload(body),
    };
    let Reply { status, headers, body, prefetch } = Box::pin(serve(platform, request)).await;
    if let Some(prefetch) = prefetch {
        run_prefetch(platform, prefetch).await;
    }
    let is_stream = matches!(body, Body::Stream(_) | Body::Joined(_));
    let mut is_truncated =
        matches!(&body, Body::Stream(stream) if stream.ending != StreamEnd::Complete);
    let mut body = match body {
        Body::Joined(joined) => {
            let mut written = Written::default();
            is_truncated = !write_joined(platform, joined, &mut written).await;
            written.0
        }
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes,
        Body::Stream(stream) => stream.bytes,
        Body::Static(bytes) => bytes.to_vec(),
    };
    // What HTTP makes of it: a client reads as many bytes as were promised (RFC 9112 §6.3).
    let promised = headers.iter().find(|(name, _)| *name == "content-length");
    if let Some(promised) = promised.and_then(|(_, length)| length.parse().ok())
        && is_stream
    {
        is_truncated |= body.len() < promised;
        body.truncate(promised);
    }
    MemoryResponse { status, headers, body, is_stream, is_truncated }
}

/// What the future comes to without time going on. None where it waits for that.
pub fn run_until_stalled<F: Future>(future: F) -> Option<F::Output> {
    drive(future, || false)
}

/// What the future comes to. None where it would never come to anything.
pub fn run<F: Future>(platform: &Memory, future: F) -> Option<F::Output> {
    let clock: &MemoryClock = &platform.clock;
    drive(future, || clock.advance())
}

/// Whether somebody may go on.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls until there is an output, or nobody is woken, not even by `advance`.
fn drive<F: Future>(future: F, advance: impl Fn() -> bool) -> Option<F::Output> {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        if !woken.0.swap(false, Ordering::Relaxed) && !advance() {
            return None;
        }
    }
}
