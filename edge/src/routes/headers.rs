//! `GET | HEAD /api/v2/headers/{sourceId}`: what a player appends in front of a film's own bytes.
//!
//! `docs/formats.md` has the form. Signed as the film is, and by the same signature.

use super::signed;
use crate::{
    error::Error,
    platform::{Platform, StreamOf},
    reply::{Body, Reply},
    request::Headers,
    rules::{conditions, etag, signature::Scope, starting::Asked},
    source::index,
};

/// What both routes send.
pub(super) const MEDIA_TYPE: &str = "application/vnd.firstframe.start";

pub(super) async fn read<P: Platform>(
    platform: &P,
    headers: &Headers,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed::check(platform, Scope::Media, source_id, query).await?;
    let asked = asked(query)?;
    let start = index::start(platform, source_id, &asked).await?;
    let bytes = mp4::start_index::encode(&start.answer);
    let etag = etag::of(&bytes);
    let reply = if conditions::is_held(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        Reply::new(200, Body::Bytes(bytes)).with("content-type", MEDIA_TYPE)
    };
    Ok(reply.with("cache-control", signed::kept(left_ms)).with("etag", etag))
}

pub(super) fn asked(query: &str) -> Result<Asked, Error> {
    Asked::parse(query).map_err(|why| Error::InvalidPayload(why.to_owned()))
}
