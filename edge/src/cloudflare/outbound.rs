//! Outbound port on Fetch.
//!
//! # Limits of this platform
//! A Worker cannot see which address a name stands for: the provider's list of origins decides alone
//! alone. Six connections may be open at once, so that a stream nobody reads has to be closed. The
//! path is not cached: Cloudflare's cache would take a whole file for a range.

use futures::StreamExt as _;
use web_sys::ReadableStream;
use worker::{
    AbortController, ByteStream, CacheMode, Fetch, Headers, Request, RequestInit, RequestRedirect,
    ResponseBody,
};

use crate::{
    http::{ByteRange, ResponseHead},
    platform::{Outbound, OutboundResponse, PortError, take_chunk},
};

pub(super) struct Fetching;

impl Outbound for Fetching {
    type Stream = ResponseBody;

    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
        headers: &[(String, String)],
        more: &[String],
    ) -> Result<OutboundResponse<ResponseBody>, PortError> {
        let fields = Headers::new();
        for (name, value) in headers {
            fields.set(name, value).map_err(failed)?;
        }
        fields.set("accept-encoding", "identity").map_err(failed)?;
        if let Some(range) = range {
            let range = format!("bytes={}-{}", range.start, range.end - 1);
            fields.set("range", &range).map_err(failed)?;
        }
        let mut init = RequestInit::new();
        init.with_headers(fields)
            .with_redirect(RequestRedirect::Manual)
            .with_cache(CacheMode::NoStore);
        let request = Request::new_with_init(url, &init).map_err(failed)?;
        let mut giving_up = GivingUp(Some(AbortController::default()));
        let answer = match &giving_up.0 {
            Some(abort) => Fetch::Request(request).send_with_signal(&abort.signal()).await,
            None => Fetch::Request(request).send().await,
        };
        giving_up.0 = None;
        let answer = answer.map_err(failed)?;
        let value = |name: &str| answer.headers().get(name).ok().flatten();
        let head = ResponseHead::copy(answer.status_code(), more, value);
        let (_, stream) = answer.into_parts();
        Ok(OutboundResponse { head, stream })
    }

    async fn fill(
        &self,
        stream: ResponseBody,
        mut skip: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PortError> {
        let end = bytes.len().saturating_add(length);
        match stream {
            ResponseBody::Empty => {}
            ResponseBody::Body(body) => {
                bytes.extend_from_slice(take_chunk(&body, &mut skip, length));
            }
            // What is left of it is cancelled with the stream.
            ResponseBody::Stream(stream) => {
                let mut stream = ByteStream::from(stream);
                while bytes.len() < end {
                    let Some(chunk) = stream.next().await else { break };
                    let chunk = chunk.map_err(failed)?;
                    bytes.extend_from_slice(take_chunk(&chunk, &mut skip, end - bytes.len()));
                }
            }
        }
        Ok(())
    }

    fn discard(&self, stream: ResponseBody) {
        if let ResponseBody::Stream(stream) = stream {
            cancel(&stream);
        }
    }
}

/// Closes the connection behind a stream. When that is done is nobody's concern.
fn cancel(stream: &ReadableStream) {
    let _ = stream.cancel();
}

/// Aborts a request whose answer nobody waits for any longer.
struct GivingUp(Option<AbortController>);

impl Drop for GivingUp {
    fn drop(&mut self) {
        if let Some(abort) = self.0.take() {
            abort.abort();
        }
    }
}

fn failed(error: worker::Error) -> PortError {
    PortError::Unavailable(error.to_string())
}
