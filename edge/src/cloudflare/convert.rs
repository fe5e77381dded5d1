//! Messages of the Workers runtime to and from the edge's own.

use futures::StreamExt as _;
use js_sys::{BigInt, Reflect, Uint8Array};
use web_sys::{ReadableStream, ReadableStreamDefaultReader, StreamPipeOptions, WritableStream};
use worker::{
    ByteStream, Context, EncodeBody, Response, ResponseBody, Result, wasm_bindgen::JsCast as _,
    wasm_bindgen_futures::JsFuture, worker_sys::FixedLengthStream,
};

use super::Cloudflare;
use crate::{
    http::{Body, Connection, Headers, Joined, Method, PartStream, Reply, Request},
    platform::{PortError, Upload, take_chunk},
    serve::{BodyWriter, ClientGone, write_joined},
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

pub(super) fn response(
    ports: Cloudflare,
    reply: Reply<ResponseBody>,
    context: &Context,
) -> Result<Response> {
    // What is compressed already must not be compressed again.
    let encoded = reply.header("content-encoding").is_some();
    let length = reply.header("content-length").and_then(|length| length.parse().ok());
    let body = match reply.body {
        Body::Empty => ResponseBody::Empty,
        Body::Bytes(bytes) => ResponseBody::Body(bytes),
        Body::Static(bytes) => ResponseBody::Body(bytes.to_vec()),
        Body::Stream(stream) => stream,
        Body::Joined(body) => joined(ports, body, length.unwrap_or_default(), context)?,
    };
    let encode_body = if encoded { EncodeBody::Manual } else { EncodeBody::Automatic };
    let response =
        Response::from_body(body)?.with_status(reply.status).with_encode_body(encode_body);
    for (name, value) in reply.headers {
        response.headers().set(&name, &value)?;
    }
    Ok(response)
}

/// Why a body that lacks bytes is aborted.
const CUT: &str = "the provider failed behind the bytes that were sent";

/// What is made here, and the streams behind it: the runtime joins them, and no byte of a stream comes
/// by here, unless it is to be skipped. A body of known length keeps its `Content-Length`, and one that
/// lacks bytes ends with an error.
fn joined(
    ports: Cloudflare,
    body: Joined<ResponseBody>,
    length: u64,
    context: &Context,
) -> Result<ResponseBody> {
    let pipe = FixedLengthStream::new_big_int(BigInt::from(length))?;
    let readable = pipe.readable();
    context.wait_until(async move {
        let mut writer = Pipe(pipe.writable());
        let is_complete = write_joined(&ports, body, &mut writer).await;
        // A client that is gone has closed it: there is no error to report.
        let end =
            if is_complete { writer.0.close() } else { writer.0.abort_with_reason(&CUT.into()) };
        drop(JsFuture::from(end).await);
    });
    Ok(ResponseBody::Stream(readable))
}

/// The body of a response.
struct Pipe(WritableStream);

impl BodyWriter<ResponseBody> for Pipe {
    async fn write(&mut self, bytes: Vec<u8>) -> core::result::Result<(), ClientGone> {
        if bytes.is_empty() {
            return Ok(());
        }
        let writer = self.0.get_writer().map_err(|_| ClientGone)?;
        let written = JsFuture::from(writer.write_with_chunk(&Uint8Array::from(bytes.as_slice())));
        writer.release_lock();
        written.await.map(drop).map_err(|_| ClientGone)
    }

    /// How many bytes of a broken stream were piped is not known: the body ends there.
    async fn write_stream(
        &mut self,
        part: PartStream<ResponseBody>,
    ) -> core::result::Result<u64, ClientGone> {
        let PartStream { stream, skip, length } = part;
        let stream = match stream {
            ResponseBody::Empty => return Ok(0),
            ResponseBody::Body(bytes) => {
                let (mut skip, most) = (skip, usize::try_from(length).unwrap_or(usize::MAX));
                let bytes = take_chunk(&bytes, &mut skip, most).to_vec();
                let came = bytes.len() as u64;
                self.write(bytes).await?;
                return Ok(came);
            }
            ResponseBody::Stream(stream) => stream,
        };
        let began = self.skip(&stream, skip).await?;
        let options = StreamPipeOptions::new();
        options.set_prevent_close(true);
        let piped = stream.pipe_to_with_options(&self.0, &options);
        JsFuture::from(piped).await.map_err(|_| ClientGone)?;
        Ok(length.max(began))
    }
}

impl Pipe {
    /// Drops the first bytes of a stream, and writes those of the same chunk that follow.
    async fn skip(
        &mut self,
        stream: &ReadableStream,
        mut skip: u64,
    ) -> core::result::Result<u64, ClientGone> {
        if skip == 0 {
            return Ok(0);
        }
        let reader: ReadableStreamDefaultReader =
            stream.get_reader().dyn_into().map_err(|_| ClientGone)?;
        let mut rest = Vec::new();
        while skip > 0 {
            let read = JsFuture::from(reader.read()).await.map_err(|_| ClientGone)?;
            let value = Reflect::get(&read, &"value".into()).map_err(|_| ClientGone)?;
            let chunk: Uint8Array = value.dyn_into().map_err(|_| ClientGone)?;
            rest = take_chunk(&chunk.to_vec(), &mut skip, usize::MAX).to_vec();
        }
        reader.release_lock();
        let began = rest.len() as u64;
        self.write(rest).await?;
        Ok(began)
    }
}
