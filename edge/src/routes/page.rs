//! `GET | HEAD /`, `/title/{catalogId}`, `/watch/{episodeId}`: the page, which reads its own URL.

use super::asset::send;
use crate::{
    error::Error,
    http::{Headers, Reply},
    web,
};

/// Nothing but our own code runs, nothing frames us, and the page requests nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// What the player needs, and nothing else of a device.
const PERMISSIONS_POLICY: &str = "autoplay=(self), encrypted-media=(self), fullscreen=(self), \
    picture-in-picture=(self), screen-wake-lock=(self), accelerometer=(), camera=(), \
    display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
    payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

pub(super) fn read<S>(headers: &Headers) -> Result<Reply<S>, Error> {
    let index = web::index().ok_or(Error::PageMissing)?;
    Ok(secured(send(headers, index).with("cache-control", "no-cache")))
}

/// The page in place of an error about its address, which it says in its own words.
pub(crate) fn in_place_of<S>(error: &Error, headers: &Headers) -> Option<Reply<S>> {
    let coding = headers.get("accept-encoding").unwrap_or_default();
    let unconditional = Headers::of(&[("accept-encoding", coding)]);
    let reply = secured(send(&unconditional, web::index()?)).with("cache-control", "no-store");
    Some(Reply { status: error.status(), ..reply })
}

fn secured<S>(reply: Reply<S>) -> Reply<S> {
    reply
        .with("content-security-policy", CONTENT_SECURITY_POLICY)
        .with("cross-origin-opener-policy", "same-origin")
        .with("permissions-policy", PERMISSIONS_POLICY)
        .with("referrer-policy", "same-origin")
}
