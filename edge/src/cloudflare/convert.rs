//! Messages of the Workers runtime to and from the edge's own.

use futures::{StreamExt as _, future};
use js_sys::{BigInt, Uint8Array};
use web_sys::ReadableStream;
use worker::{
    ByteStream, Context, EncodeBody, Response, ResponseBody, Result,
    wasm_bindgen_futures::JsFuture, worker_sys::FixedLengthStream,
};

use crate::{
    http::{Body, Connection, Headers, Method, Reply, Request},
    platform::{PortError, Upload},
};

/// The header in which Cloudflare says the client's address.
const CLIENT_ADDRESS: &str = "cf-connecting-ip";

pub(super) fn request(request: worker::Request) -> Request<WorkerUpload> {
    let value = |name: &str| request.headers().get(name).ok().flatten();
    let url = request.inner().url();
    let connection = Connection {
        client_address: value(CLIENT_ADDRESS).unwrap_or_default(),
        authority: value("host").unwrap_or_default(),
        is_tls: url.starts_with("https:"),
    };
    Request {
        method: Method::parse(request.inner().method().as_str()),
        path: request.path(),
        query: url.split_once('?').map_or("", |(_, query)| query).to_owned(),
        headers: Headers::copy(value),
        connection,
        upload: WorkerUpload(request),
    }
}

/// The body of a request.
pub(super) struct WorkerUpload(worker::Request);

impl Upload for WorkerUpload {
    async fn read(mut self, bytes_max: usize) -> core::result::Result<Vec<u8>, PortError> {
        if self.0.inner().body().is_none() {
            return Ok(Vec::new());
        }
        collect(self.0.stream().map_err(broken)?, bytes_max).await
    }
}

/// Reads a stream into memory, and gives up as soon as it has too much.
pub(super) async fn collect(
    mut stream: ByteStream,
    bytes_max: usize,
) -> core::result::Result<Vec<u8>, PortError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(broken)?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(PortError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken(error: worker::Error) -> PortError {
    PortError::Unavailable(error.to_string())
}

pub(super) fn response(reply: Reply<ResponseBody>, context: &Context) -> Result<Response> {
    // What is compressed already must not be compressed again.
    let encoded = reply.header("content-encoding").is_some();
    let length = reply.header("content-length").and_then(|length| length.parse().ok());
    let body = match reply.body {
        Body::Empty => ResponseBody::Empty,
        Body::Bytes(bytes) => ResponseBody::Body(bytes),
        Body::Static(bytes) => ResponseBody::Body(bytes.to_vec()),
        Body::Stream(stream) => stream,
        Body::Joined(head, ResponseBody::Empty) => ResponseBody::Body(head),
        Body::Joined(head, ResponseBody::Body(bytes)) => ResponseBody::Body([head, bytes].concat()),
        Body::Joined(head, ResponseBody::Stream(stream)) => {
            joined(context, &head, &stream, length.unwrap_or_default())?
        }
    };
    let encode_body = if encoded { EncodeBody::Manual } else { EncodeBody::Automatic };
    let response =
        Response::from_body(body)?.with_status(reply.status).with_encode_body(encode_body);
    for (name, value) in reply.headers {
        response.headers().set(&name, &value)?;
    }
    Ok(response)
}

/// What is made here, and the stream behind it: the runtime joins them, and no byte of the stream
/// comes by here. A body of known length keeps its `Content-Length`.
fn joined(
    context: &Context,
    head: &[u8],
    stream: &ReadableStream,
    length: u64,
) -> Result<ResponseBody> {
    let pipe = FixedLengthStream::new_big_int(BigInt::from(length))?;
    let writer = pipe.writable().get_writer()?;
    let written = JsFuture::from(writer.write_with_chunk(&Uint8Array::from(head)));
    writer.release_lock();
    let piped = JsFuture::from(stream.pipe_to(&pipe.writable()));
    context.wait_until(async move {
        // A client that goes away ends both: there is no error to report.
        drop(future::join(written, piped).await);
    });
    Ok(ResponseBody::Stream(pipe.readable()))
}
