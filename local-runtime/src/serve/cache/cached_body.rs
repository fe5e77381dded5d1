//! The body of a stored response: bytes in memory, and bytes of objects.

use std::{
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use bytes::Bytes;
use futures::Stream as _;
use hyper::body::{Body, Frame};
use wasmtime_wasi_http::Error;

use crate::storage::{ObjectStream, OpenObject};

/// A part of a body.
pub(super) enum CachedPart {
    Memory(Bytes),
    Object(Arc<OpenObject>, Range<u64>),
}

/// A body of such parts. Nothing of it is copied or allocated before it is sent.
pub(crate) struct CachedBody {
    parts: vec::IntoIter<CachedPart>,
    /// The object that is being sent.
    object: Option<ObjectStream>,
}

impl CachedBody {
    pub(super) fn new(parts: Vec<CachedPart>) -> Self {
        Self { parts: parts.into_iter(), object: None }
    }
}

impl Body for CachedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(object) = &mut self.object {
                match Pin::new(object).poll_next(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(chunk)) => {
                        let failed = |error| Error::InternalError(Some(format!("{error}")));
                        return Poll::Ready(Some(chunk.map(Frame::data).map_err(failed)));
                    }
                    Poll::Ready(None) => self.object = None,
                }
            }
            match self.parts.next() {
                Some(CachedPart::Memory(bytes)) => {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(CachedPart::Object(object, range)) => {
                    self.object = Some(ObjectStream::new(object, range));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.object.is_none() && self.parts.as_slice().is_empty()
    }
}
