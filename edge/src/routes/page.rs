//! `GET | HEAD /`, `/title/{catalogId}`: the page, which reads its own URL.

use super::asset::send;
use crate::{
    error::Error,
    http::{Headers, Reply},
    rules::{header_values, origins::Origins},
    web::{self, Document},
};

/// What the player needs, and nothing else of a device.
const PERMISSIONS_POLICY: &str = "autoplay=(self), encrypted-media=(self), fullscreen=(self), \
    picture-in-picture=(self), screen-wake-lock=(self), accelerometer=(), camera=(), \
    display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
    payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

pub(super) fn read<S>(headers: &Headers) -> Result<Reply<S>, Error> {
    let index = web::index().ok_or(Error::PageMissing)?;
    Ok(secured_page(send(headers, index)?.with("cache-control", "no-cache")))
}

/// The page in place of an error about its address, which it says in its own words.
pub(crate) fn in_place_of<S>(error: &Error, headers: &Headers) -> Option<Reply<S>> {
    let coding = headers.get("accept-encoding").unwrap_or_default();
    let unconditional = Headers::of(&[("accept-encoding", coding)]);
    let reply =
        secured_page(send(&unconditional, web::index()?).ok()?).with("cache-control", "no-store");
    Some(Reply { status: error.status(), ..reply })
}

/// The page in place of that of an episode: it says that there is no such episode, asks for a password, or
/// requests again what could not be read.
pub(crate) fn without_episode<S>(error: Error, headers: &Headers) -> Result<Reply<S>, Error> {
    if matches!(error, Error::NotFound(_)) && header_values::wants_page(headers.get("accept")) {
        return in_place_of(&error, headers).ok_or(error);
    }
    if matches!(error, Error::SignInRequired | Error::StorageUnavailable(_)) {
        return read(headers);
    }
    Err(error)
}

/// Nothing but our own code runs, the page requests nothing from elsewhere, and no page of another origin
/// than `frames` frames it. What is inline in a document runs by its hash.
fn content_security_policy(document: Option<&Document>, frames: &Origins) -> String {
    let hash = |hash: Option<&str>| hash.map(|hash| format!(" '{hash}'")).unwrap_or_default();
    let script = hash(document.map(|document| document.script));
    let style = hash(document.map(|document| document.style));
    let frames = match frames {
        Origins::Any => " *".to_owned(),
        Origins::Listed(origins) => {
            origins.iter().flat_map(|origin| [" ", origin.as_str()]).collect()
        }
    };
    format!(
        "default-src 'none'; script-src 'self'{script} 'wasm-unsafe-eval'; worker-src 'self' blob:; \
         style-src 'self'{style}; img-src 'self' data: blob:; media-src 'self' blob:; \
         connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'{frames}"
    )
}

fn secured_page<S>(reply: Reply<S>) -> Reply<S> {
    secured(reply, None, &Origins::default())
}

/// A reply with the policies of a document that pages of `frames` may frame. Nothing is inline in the
/// document of the page itself, which is `None`.
pub(super) fn secured<S>(
    mut reply: Reply<S>,
    document: Option<&Document>,
    frames: &Origins,
) -> Reply<S> {
    if !frames.is_empty() {
        // A page that isolates itself (COEP) frames only what says that it may.
        reply = reply.with("cross-origin-resource-policy", "cross-origin");
    }
    reply
        .with("content-security-policy", content_security_policy(document, frames))
        .with("cross-origin-opener-policy", "same-origin")
        .with("permissions-policy", PERMISSIONS_POLICY)
        .with("referrer-policy", "same-origin")
}
