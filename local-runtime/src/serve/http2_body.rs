//! The body of a response on a stream of HTTP/2, which notes when its client reads nothing.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

use super::connections::Connection;

/// `inner`, which is asked for its next bytes when the client has room for them: until then the client
/// reads nothing.
pub(super) struct Http2Body<B> {
    inner: B,
    stream: Arc<Connection>,
}

impl<B> Http2Body<B> {
    pub(super) fn new(inner: B, stream: Arc<Connection>) -> Self {
        stream.set_pending(true);
        Self { inner, stream }
    }
}

impl<B: Body + Unpin> Body for Http2Body<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        // Where the next bytes are not there yet, it is not the client who is waited for.
        self.stream.set_pending(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
