//! `GET | HEAD /`, `/title/{catalogId}`, `/watch/{episodeId}`: the page, which reads its own URL.

use super::asset::send;
use crate::{
    error::Error,
    http::{Headers, Reply},
    web,
};

/// Nothing but our own code runs, and nothing frames us. The player may read media of any origin:
/// `<firstframe-video src>` takes foreign URLs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob: *; connect-src *; font-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

pub(super) fn read<S>(headers: &Headers) -> Result<Reply<S>, Error> {
    let index = web::index().ok_or(Error::PageMissing)?;
    Ok(send(headers, index)
        .with("cache-control", "no-cache")
        .with("content-security-policy", CONTENT_SECURITY_POLICY)
        .with("referrer-policy", "same-origin"))
}
