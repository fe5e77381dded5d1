//! Serves a connection of HTTP/2, each of whose streams has the place of a request.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{
    Request, body::Incoming, rt::Executor, server::conn::http2::Builder, service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::Watcher,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    connections::{Connection, Place},
    http_service::{BUFFER_BYTES, HttpService},
    http2_body::Http2Body,
};

/// Streams of a connection at once: more than a page asks for, and each may hold a chunk of a film.
const STREAMS_MAX: u32 = 32;
/// Bytes of a request's head, when its fields are decompressed: as many as with HTTP/1.1.
const HEAD_BYTES_MAX: u32 = 32 << 10;
/// Bytes of a response that wait on a stream, besides the chunk that goes beyond them.
const SEND_BYTES_MAX: usize = BUFFER_BYTES;
/// Bytes of request bodies that a connection and each of its streams hold before they are read.
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// Streams that a client opens and resets before the server has looked at them, and those that the server
/// resets because of a client's faults; after more, the connection is closed.
const RESETS_MAX: usize = 20;
const FAULTS_MAX: usize = 64;

/// When a client is asked whether it is still there.
#[derive(Clone, Copy, Debug)]
struct KeepAlive {
    interval: Duration,
    answer_time: Duration,
}

const KEEP_ALIVE: KeepAlive =
    KeepAlive { interval: Duration::from_secs(20), answer_time: Duration::from_secs(20) };

/// Serves the streams of a connection, each by a service of its own.
pub(super) async fn serve<I, F, S>(
    io: I,
    service_of: F,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Fn(Arc<Connection>) -> S + Send + 'static,
    S: HttpService,
{
    let connection = Arc::clone(connection);
    let streams = Streams::default();
    let opened = streams.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let place = connection.admit_stream();
        let stream = Arc::clone(&place.0);
        opened.put(place);
        let response = service_of(Arc::clone(&stream)).call(request);
        async move { Ok::<_, S::Error>(response.await?.map(|body| Http2Body::new(body, stream))) }
    });
    let served = builder(streams, KEEP_ALIVE).serve_connection(TokioIo::new(io), service);
    Ok(watcher.watch(served).await?)
}

/// Runs the streams of a connection, each until it ends or its place is given to another. Only the end of
/// its future resets a stream whose client reads nothing: its body is not asked for more.
#[derive(Clone, Default)]
struct Streams {
    /// The place of the stream whose service has been called, and which is run next.
    opened: Arc<Mutex<Option<Place>>>,
}

impl Streams {
    fn put(&self, place: Place) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let place = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        tokio::spawn(async move {
            let Some(place) = place else { return stream.await };
            tokio::select! {
                () = stream => {}
                () = place.0.closed() => {
                    tracing::debug!("a stream was closed for another request, or its client was too slow");
                }
            }
        });
    }
}

fn builder(streams: Streams, keep_alive: KeepAlive) -> Builder<Streams> {
    let mut builder = Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(FAULTS_MAX)
        .keep_alive_interval(keep_alive.interval)
        .keep_alive_timeout(keep_alive.answer_time);
    builder
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, net::IpAddr};

    use bytes::Bytes;
    use futures::stream;
    use http_body_util::{BodyExt as _, Empty, StreamBody};
    use hyper::{
        Response,
        body::Frame,
        client::conn::http2::{Builder as ClientBuilder, SendRequest},
    };
    use hyper_util::{rt::TokioExecutor, server::graceful::GracefulShutdown};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::{super::connections::Connections, *};

    /// What a client sends first: the preface, and no settings (RFC 9113 §3.4).
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;

    /// An endless response to each request, in pieces.
    fn endless(_: Arc<Connection>) -> impl HttpService {
        service_fn(|_| {
            let pieces = stream::repeat_with(|| {
                Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; BUFFER_BYTES])))
            });
            std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(pieces))))
        })
    }

    /// A client of a server whose connection has this place.
    fn connect(place: &Place) -> DuplexStream {
        let (client, server) = tokio::io::duplex(1 << 20);
        let connection = Arc::clone(&place.0);
        tokio::spawn(async move {
            let graceful = GracefulShutdown::new();
            let _ended = serve(server, endless, &connection, graceful.watcher()).await;
        });
        client
    }

    fn place(all: &Arc<Connections>) -> Place {
        all.admit(IpAddr::from([127, 0, 0, 1])).unwrap()
    }

    async fn send_requests(client: DuplexStream) -> SendRequest<Empty<Bytes>> {
        let mut builder = ClientBuilder::new(TokioExecutor::new());
        let (sender, connection) = builder
            .initial_stream_window_size(1 << 16)
            .max_header_list_size(1 << 20)
            .handshake(TokioIo::new(client))
            .await
            .unwrap();
        tokio::spawn(connection);
        sender
    }

    fn request(field: usize) -> Request<Empty<Bytes>> {
        let request = Request::get("https://a/").header("x-long", "x".repeat(field));
        request.body(Empty::new()).unwrap()
    }

    /// The next frame: its type and its payload.
    async fn frame(client: &mut DuplexStream) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 9];
        client.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        client.read_exact(&mut payload).await.ok()?;
        Some((head[3], payload))
    }

    #[tokio::test]
    async fn settings_limit_streams_heads_and_unread_bodies() {
        let mut client = connect(&place(&Connections::new(1)));
        client.write_all(PREFACE).await.unwrap();
        let (kind, settings) = frame(&mut client).await.unwrap();
        assert_eq!(kind, SETTINGS);
        let of = |id: u16| {
            let entry = settings.chunks(6).find(|entry| entry[..2] == id.to_be_bytes()).unwrap();
            u32::from_be_bytes(entry[2..].try_into().unwrap())
        };
        assert_eq!([of(3), of(4), of(6)], [STREAMS_MAX, STREAM_WINDOW_BYTES, HEAD_BYTES_MAX]);
    }

    #[tokio::test]
    async fn head_beyond_its_limit_gets_431() {
        let all = Connections::new(1);
        let held = place(&all);
        let mut sender = send_requests(connect(&held)).await;
        let short = sender.send_request(request(100)).await.unwrap();
        assert_eq!(short.status(), 200);
        let long = sender.send_request(request(HEAD_BYTES_MAX as usize)).await.unwrap();
        assert_eq!(long.status(), 431);
    }

    #[tokio::test]
    async fn stream_that_its_client_does_not_read_is_reset_and_another_goes_on() {
        let (all, hour) = (Connections::new(1), Duration::from_hours(1));
        let held = place(&all);
        let mut sender = send_requests(connect(&held)).await;
        let mut unread = sender.send_request(request(0)).await.unwrap();
        let mut read = sender.send_request(request(0)).await.unwrap();
        let time = Duration::from_secs(1);
        let reset = async {
            loop {
                all.close_overdue(hour, time);
                read.frame().await.unwrap().unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
                if !held.is_open() {
                    return false;
                }
                if all.request_count() == 1 {
                    return true;
                }
            }
        };
        assert!(reset.await, "the connection stays");
        let end = loop {
            match unread.frame().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Some(Err(_))), "{end:?}");
        read.frame().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn client_that_resets_its_streams_at_once_is_told_to_go() {
        let mut client = connect(&place(&Connections::new(1)));
        let mut sent = PREFACE.to_vec();
        for n in 0..2 * u32::try_from(RESETS_MAX).unwrap() {
            let id = (2 * n + 1).to_be_bytes();
            // HEADERS with END_STREAM and END_HEADERS: GET https://a/ in HPACK; then RST_STREAM.
            sent.extend_from_slice(&[0, 0, 6, 1, 5]);
            sent.extend_from_slice(&id);
            sent.extend_from_slice(&[0x82, 0x87, 0x84, 0x41, 1, b'a']);
            sent.extend_from_slice(&[0, 0, 4, 3, 0]);
            sent.extend_from_slice(&id);
            sent.extend_from_slice(&[0, 0, 0, 8]);
        }
        client.write_all(&sent).await.unwrap();
        let mut is_told = false;
        while let Some((kind, _)) = frame(&mut client).await {
            is_told |= kind == GOAWAY;
        }
        assert!(is_told);
    }

    #[tokio::test]
    async fn client_that_answers_no_ping_is_closed() {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let time = Duration::from_millis(100);
        let keep_alive = KeepAlive { interval: time, answer_time: time };
        let service = endless(Arc::clone(&place(&Connections::new(1)).0));
        let builder = builder(Streams::default(), keep_alive);
        let connection = tokio::spawn(builder.serve_connection(TokioIo::new(server), service));
        client.write_all(PREFACE).await.unwrap();
        let mut is_asked = false;
        while let Some((kind, _)) = frame(&mut client).await {
            is_asked |= kind == PING;
        }
        assert!(is_asked && connection.await.unwrap().is_err());
    }
}
