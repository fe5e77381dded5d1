//! Outbound port on the client of `wasi:http`.
//!
//! # Limits of this platform
//! Only what `allowed_outbound_hosts` names is reached. Which address a name stands for is the
//! host's to check.

use spin_sdk::wasip3::{
    self,
    http::{
        client,
        types::{ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme},
    },
    wit_bindgen::{StreamReader, StreamResult},
    wit_future, wit_stream,
};
use url::Url;

use super::convert::{self, CHUNK_BYTES};
use crate::{
    http::{ByteRange, ResponseHead},
    platform::{Outbound, OutboundResponse, PortError, take_chunk},
};

/// A server that does not accept a connection in this time is down.
const CONNECT_NS_MAX: u64 = 5_000_000_000;
/// A server that says nothing for this long is down.
const SILENCE_NS_MAX: u64 = 15_000_000_000;

pub(super) struct WasiOutbound;

impl Outbound for WasiOutbound {
    /// The server's answer, its body not touched.
    type Stream = Response;

    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        headers: &[(String, String)],
        more: &[String],
    ) -> Result<OutboundResponse<Response>, PortError> {
        let url = url.parse().map_err(|_| PortError::Denied("an odd URL".to_owned()))?;
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let sent = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut headers: Vec<_> = sent.chain([("accept-encoding", "identity")]).collect();
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let answer = send(&Method::Get, &url, &headers).await?;
        let fields = answer.get_headers();
        let head = ResponseHead::copy(answer.get_status_code(), more, |name| {
            convert::joined(&fields, name)
        });
        Ok(OutboundResponse { head, stream: answer })
    }

    async fn fill(
        &self,
        stream: Response,
        mut skip: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PortError> {
        let (_done, result) = wit_future::new(|| Ok(()));
        let (mut body, trailers) = Response::consume_body(stream, result);
        let end = bytes.len().saturating_add(length);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        while bytes.len() < end {
            let (status, filled) = body.read(chunk).await;
            bytes.extend_from_slice(take_chunk(&filled, &mut skip, end - bytes.len()));
            chunk = filled;
            chunk.clear();
            if matches!(status, StreamResult::Dropped | StreamResult::Cancelled) {
                // Only the trailers tell an end from a cut.
                let ended = trailers.await;
                return ended.map(drop).map_err(|e| PortError::Unavailable(e.to_string()));
            }
        }
        Ok(())
    }

    fn discard(&self, stream: Response) {
        drop(stream);
    }
}

/// Sends bytes to the object store, and waits for the head of its answer.
pub(super) async fn put(url: &Url, bytes: Vec<u8>) -> Result<Response, PortError> {
    let length = bytes.len().to_string();
    let (mut writer, body) = wit_stream::new();
    wasip3::spawn(async move {
        // What is left over is what the store no longer wanted.
        writer.write_all(bytes).await;
    });
    exchange(&Method::Put, url, &[("content-length", &length)], Some(body)).await
}

/// Sends one request and waits for the head of the answer.
pub(super) async fn send(
    method: &Method,
    url: &Url,
    headers: &[(&str, &str)],
) -> Result<Response, PortError> {
    exchange(method, url, headers, None).await
}

async fn exchange(
    method: &Method,
    url: &Url,
    headers: &[(&str, &str)],
    body: Option<StreamReader<u8>>,
) -> Result<Response, PortError> {
    let odd = |what: &str| PortError::Denied(format!("a request has no valid {what}"));
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).map_err(|_| odd(name))?;
    }
    let options = RequestOptions::new();
    // A host that knows no such limit has its own.
    let _ = options.set_connect_timeout(Some(CONNECT_NS_MAX));
    let _ = options.set_first_byte_timeout(Some(SILENCE_NS_MAX));
    let _ = options.set_between_bytes_timeout(Some(SILENCE_NS_MAX));
    let (trailers_writer, trailers) = wit_future::new(|| Ok(None));
    drop(trailers_writer);
    let (request, _sent) = Request::new(fields, body, trailers, Some(options));
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let path = format!("{}{query}", url.path());
    request.set_method(method).map_err(|()| odd("method"))?;
    request.set_scheme(Some(&scheme)).map_err(|()| odd("scheme"))?;
    request.set_authority(Some(url.authority())).map_err(|()| odd("authority"))?;
    request.set_path_with_query(Some(&path)).map_err(|()| odd("path"))?;
    client::send(request).await.map_err(port_error)
}

/// What a host says of a request that failed. Only what it refuses says nothing of the server.
fn port_error(error: ErrorCode) -> PortError {
    let denied = |why: &str| PortError::Denied(why.to_owned());
    let failed = |why: &str| PortError::Unavailable(why.to_owned());
    if matches!(error, ErrorCode::HttpRequestDenied) {
        return denied("allowed_outbound_hosts does not name the origin");
    }
    if matches!(error, ErrorCode::DestinationIpProhibited) {
        return denied("the name resolves to addresses that are not public");
    }
    if matches!(
        error,
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound
    ) {
        return failed("the name of its host does not resolve");
    }
    if matches!(error, ErrorCode::TlsCertificateError) {
        return failed("its TLS certificate is not valid");
    }
    if let ErrorCode::InternalError(Some(why)) = error {
        return PortError::Unavailable(why);
    }
    PortError::Unavailable(error.to_string())
}
