//! The body of a request: at most so many bytes, and no slower than a least rate.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

use super::connections::{Activity, Connection};

/// Bytes of a request body. The largest one that the edge takes is a catalog pack, under 1 MB; films
/// go to the object store.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;
/// How long a body may take besides the time of its bytes at the least rate.
const GRACE: Duration = Duration::from_secs(10);
/// The least rate of a body: 1 KiB a second.
const KIB_TIME_MAX: Duration = Duration::from_secs(1);

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTime {
    grace: Duration,
    kib_time_max: Duration,
    time_max: Duration,
}

impl BodyTime {
    /// The least rate of every body, each of which must be complete within `time_max`.
    pub(super) fn within(time_max: Duration) -> Self {
        Self { grace: GRACE, kib_time_max: KIB_TIME_MAX, time_max }
    }
}

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Unfinished,
    Complete,
    TooSlow,
}

/// Tells what became of the body of a request.
#[derive(Clone, Debug)]
pub(super) struct BodyProgress(Arc<AtomicU8>);

impl BodyProgress {
    /// Whether the body took longer than it may.
    pub(super) fn is_too_slow(&self) -> bool {
        self.0.load(Relaxed) == State::TooSlow as u8
    }

    fn set(&self, state: State) {
        self.0.store(state as u8, Relaxed);
    }
}

/// A body with its limits.
pub(super) struct RequestBody<B> {
    inner: B,
    connection: Arc<Connection>,
    progress: BodyProgress,
    received: usize,
    started: Instant,
    time: BodyTime,
    sleep: Pin<Box<Sleep>>,
}

impl<B: Body> RequestBody<B> {
    /// The body of a request that has just arrived on `connection`.
    pub(super) fn new(
        inner: B,
        connection: Arc<Connection>,
        time: BodyTime,
    ) -> (Self, BodyProgress) {
        let started = Instant::now();
        let progress = BodyProgress(Arc::new(AtomicU8::new(State::Unfinished as u8)));
        let sleep = Box::pin(tokio::time::sleep_until(started));
        let is_complete = inner.is_end_stream();
        let (received, outside) = (0, progress.clone());
        let body = Self { inner, connection, progress, received, started, time, sleep };
        if is_complete {
            body.complete();
        } else {
            body.connection.set_activity(Activity::Receiving);
        }
        (body, outside)
    }

    fn complete(&self) {
        self.progress.set(State::Complete);
        self.connection.set_activity(Activity::Responding);
    }

    /// When the next bytes must be there.
    fn deadline(&self) -> Instant {
        let BodyTime { grace, kib_time_max, time_max } = self.time;
        let received = u32::try_from(self.received).unwrap_or(u32::MAX);
        self.started + (grace + kib_time_max * received / 1024).min(time_max)
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            let deadline = self.deadline();
            if self.sleep.deadline() != deadline {
                self.sleep.as_mut().reset(deadline);
            }
            ready!(self.sleep.as_mut().poll(context));
            self.progress.set(State::TooSlow);
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        let Some(frame) = frame.transpose()? else {
            self.complete();
            return Poll::Ready(None);
        };
        self.received += frame.data_ref().map_or(0, Bytes::len);
        if self.received > BODY_BYTES_MAX {
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))));
        }
        if self.inner.is_end_stream() {
            self.complete();
        }
        Poll::Ready(Some(Ok(frame)))
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
    use std::net::IpAddr;

    use http_body_util::{BodyExt as _, StreamBody};

    use super::{super::connections::Connections, *};

    const HOUR: Duration = Duration::from_hours(1);

    /// Sends so many chunks of a kibibyte, one each `pause`. Returns whether all of them came, and
    /// whether the body was too slow.
    async fn send(chunks: usize, pause: Duration, time: BodyTime) -> (bool, bool) {
        let place = Connections::new(1).admit(IpAddr::from([127, 0, 0, 1])).unwrap();
        let frames = futures::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            let chunk = Frame::data(Bytes::from(vec![0; 1024]));
            (sent < chunks).then_some((Ok::<_, hyper::Error>(chunk), sent + 1))
        });
        let inner = StreamBody::new(Box::pin(frames));
        let (body, progress) = RequestBody::new(inner, Arc::clone(&place.0), time);
        (body.collect().await.is_ok(), progress.is_too_slow())
    }

    #[tokio::test]
    async fn body_below_the_least_rate_fails_and_one_above_it_does_not() {
        let pause = Duration::from_millis(20);
        let time = |grace, kib_ms, time_max| BodyTime {
            grace: Duration::from_millis(grace),
            kib_time_max: Duration::from_millis(kib_ms),
            time_max,
        };
        assert_eq!(send(5, pause, time(200, 200, HOUR)).await, (true, false));
        assert_eq!(send(100, pause, time(100, 1, HOUR)).await, (false, true));
        assert_eq!(send(100, pause, time(100, 200, 3 * pause)).await, (false, true));
        assert_eq!(send(1, HOUR, time(10, 10, HOUR)).await, (false, true));
    }

    #[tokio::test]
    async fn body_beyond_its_limit_fails() {
        let time = BodyTime::within(HOUR);
        let most = BODY_BYTES_MAX / 1024;
        assert_eq!(send(most, Duration::ZERO, time).await, (true, false));
        assert_eq!(send(most + 1, Duration::ZERO, time).await, (false, false));
    }
}
