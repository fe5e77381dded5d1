//! WASI HTTP messages to and from the edge's own.

use spin_sdk::wasip3::{
    self,
    http::types::{
        ErrorCode, Fields, Method as WasiMethod, Request as WasiRequest, Response, Scheme,
    },
    wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter},
    wit_future, wit_stream,
};

use crate::{
    http::{Body, Connection, Headers, Joined, Method, PartStream, Reply, Request},
    platform::{PortError, Upload},
    serve::{BodyWriter, ClientGone, write_joined},
};

/// The header in which a Spin host says the client's address.
const CLIENT_ADDRESS: &str = "spin-client-addr";

/// Bytes taken from a stream at a time.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

pub(super) fn request(request: WasiRequest) -> Request<WasiUpload> {
    let path = request.get_path_with_query().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    // All at once: each call of the host costs more than a header does.
    let fields = request.get_headers().copy_all();
    let connection = Connection {
        client_address: value(&fields, CLIENT_ADDRESS).unwrap_or_default(),
        authority: request.get_authority().unwrap_or_default(),
        is_tls: matches!(request.get_scheme(), Some(Scheme::Https)),
    };
    Request {
        method: method(&request.get_method()),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Headers::copy(|name| value(&fields, name)),
        connection,
        upload: WasiUpload(request),
    }
}

/// Every value of a field in a list of fields, joined by commas.
fn value(fields: &[(String, Vec<u8>)], name: &str) -> Option<String> {
    let values = fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let texts: Vec<_> = values.map(|(_, value)| String::from_utf8_lossy(value)).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// Every value of a field, joined by commas.
pub(super) fn joined(fields: &Fields, name: &str) -> Option<String> {
    let values = fields.get(name);
    let texts: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn method(method: &WasiMethod) -> Method {
    match method {
        WasiMethod::Get => Method::Get,
        WasiMethod::Head => Method::Head,
        WasiMethod::Options => Method::Options,
        WasiMethod::Put => Method::Put,
        WasiMethod::Post => Method::Post,
        WasiMethod::Delete => Method::Delete,
        WasiMethod::Connect | WasiMethod::Trace | WasiMethod::Patch | WasiMethod::Other(_) => {
            Method::Other
        }
    }
}

/// The body of a request.
pub(super) struct WasiUpload(WasiRequest);

impl Upload for WasiUpload {
    async fn read(self, bytes_max: usize) -> Result<Vec<u8>, PortError> {
        let (_done, result) = wit_future::new(|| Ok(()));
        let (stream, trailers) = WasiRequest::consume_body(self.0, result);
        let bytes = collect(stream, bytes_max).await?;
        // Only the trailers tell an end from a cut.
        trailers.await.map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(bytes)
    }
}

/// Reads a stream into memory, and gives up as soon as it has too much.
pub(super) async fn collect(
    mut stream: StreamReader<u8>,
    bytes_max: usize,
) -> Result<Vec<u8>, PortError> {
    let mut bytes = Vec::new();
    loop {
        // The host writes into spare capacity only.
        bytes.reserve(CHUNK_BYTES);
        let (status, filled) = stream.read(bytes).await;
        bytes = filled;
        if bytes.len() > bytes_max {
            return Err(PortError::TooLarge);
        }
        match status {
            StreamResult::Complete(_) => {}
            StreamResult::Dropped | StreamResult::Cancelled => return Ok(bytes),
        }
    }
}

/// The reply in WASI's own types, so that a film goes from store to client within the host.
pub(super) fn response(reply: Reply<Response>) -> Result<Response, ErrorCode> {
    // All at once: each call of the host costs more than a header does.
    let headers = reply.headers.into_iter().map(|(name, value)| (name.into_owned(), value.into()));
    let fields = Fields::from_list(&headers.collect::<Vec<_>>()).map_err(internal)?;
    let response = match reply.body {
        Body::Empty => made(fields, None),
        Body::Bytes(bytes) => made(fields, Some(bytes)),
        Body::Static(bytes) => made(fields, Some(bytes.to_vec())),
        Body::Stream(upstream) => spliced(fields, upstream),
        Body::Joined(joined) => pumped(fields, joined),
    };
    response
        .set_status_code(reply.status)
        .map_err(|()| ErrorCode::InternalError(Some(format!("{} is no status", reply.status))))?;
    Ok(response)
}

fn made(fields: Fields, bytes: Option<Vec<u8>>) -> Response {
    let (trailers_writer, trailers) = wit_future::new(|| Ok(None));
    drop(trailers_writer);
    let body = bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| {
        let (mut writer, reader) = wit_stream::new();
        wasip3::spawn(async move {
            // What is left over is what the client no longer wanted.
            writer.write_all(bytes).await;
        });
        reader
    });
    Response::new(fields, body, trailers).0
}

/// Joins the body of the store's answer to ours: the host moves the bytes. Where it says whose they
/// are, this answer says so too, and the host knows where to find more of them.
fn spliced(fields: Fields, upstream: Response) -> Response {
    for object in upstream.get_headers().get(api::OBJECT_FIELD) {
        // What the store's answer may say, ours may.
        let _ = fields.append(api::OBJECT_FIELD, &object);
    }
    let (result_writer, result) = wit_future::new(|| Ok(()));
    let (body, trailers) = Response::consume_body(upstream, result);
    let (response, sent): (Response, FutureReader<Result<(), ErrorCode>>) =
        Response::new(fields, Some(body), trailers);
    wasip3::spawn(async move {
        // The store learns how it went; that it no longer listens is no concern of anybody.
        drop(result_writer.write(sent.await).await);
    });
    response
}

/// What is made here, and films' bytes behind it. No host appends one stream to another, so that the
/// bytes of this one kind of answer go through here, some at a time. A body that lacks bytes ends
/// with an error, so that its client notices.
fn pumped(fields: Fields, joined: Joined<Response>) -> Response {
    let (writer, body) = wit_stream::new();
    let (trailers_writer, trailers) = wit_future::new(|| Ok(None));
    let response = Response::new(fields, Some(body), trailers).0;
    wasip3::spawn(async move {
        let mut writer = Pump(writer);
        let is_complete = write_joined(&super::ports(), joined, &mut writer).await;
        drop(writer);
        let end = if is_complete { Ok(None) } else { Err(ErrorCode::ConnectionTerminated) };
        // A client that is gone needs no trailers.
        drop(trailers_writer.write(end).await);
    });
    response
}

/// The body of a response.
struct Pump(StreamWriter<u8>);

impl BodyWriter<Response> for Pump {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ClientGone> {
        // What is left over is what the client no longer wanted.
        if self.0.write_all(bytes).await.is_empty() { Ok(()) } else { Err(ClientGone) }
    }

    async fn write_stream(&mut self, part: PartStream<Response>) -> Result<u64, ClientGone> {
        let PartStream { stream, mut skip, length } = part;
        let (_done, result) = wit_future::new(|| Ok(()));
        let (mut stream, _trailers) = Response::consume_body(stream, result);
        let mut came = 0;
        let mut status = StreamResult::Complete(0);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        while came < length && matches!(status, StreamResult::Complete(_)) {
            (status, chunk) = stream.read(chunk).await;
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= skipped as u64;
            if skipped > 0 {
                chunk.drain(..skipped);
            }
            chunk.truncate(usize::try_from(length - came).unwrap_or(usize::MAX));
            came += chunk.len() as u64;
            if !self.0.write_all(chunk).await.is_empty() {
                return Err(ClientGone);
            }
            chunk = Vec::with_capacity(CHUNK_BYTES);
        }
        Ok(came)
    }
}

fn internal(error: impl core::fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
