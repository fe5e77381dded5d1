//! The service that answers the requests of a connection, or of a stream of HTTP/2.

use std::error::Error;

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    service::Service,
};

/// Bytes of a request's head, and of the buffer in front of the socket: no larger than a chunk of a
/// film, so that one chunk at a time waits there.
pub(super) const BUFFER_BYTES: usize = 32 << 10;

/// The service of a connection or of a stream, and what it answers with.
pub(super) trait HttpService:
    Service<
        Request<Incoming>,
        Response = Response<Self::ResponseBody>,
        Error: Into<Box<dyn Error + Send + Sync>>,
        Future: Send,
    > + Send
    + 'static
{
    type ResponseBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type ResponseBody = B;
}
