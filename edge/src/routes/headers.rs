//! `GET | HEAD /api/v2/headers/{sourceId}`: the boxes that a player appends in front of a film's bytes.
//!
//! `docs/formats.md` has the form. Signed as the film is, and by the same signature.

use super::signed_urls;
use crate::{
    error::Error,
    http::{Body, Headers, Reply},
    media::{Film, start_index},
    platform::{Platform, StreamOf},
    rules::{conditions, header_values, signature::Scope, start_query::StartQuery},
};

/// Media type of the replies of `/headers` and `/start`.
pub(super) const MEDIA_TYPE: &str = "application/vnd.firstframe.start";

pub(super) async fn read<P: Platform>(
    platform: &P,
    headers: &Headers,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed_urls::check(platform, Scope::Media, source_id, query).await?;
    let start_query = parse_query(query)?;
    let start = start_index::start(platform, Film::of(source_id), &start_query).await?;
    let bytes = mp4::start_index::encode(&start.answer);
    let etag = header_values::entity_tag(&bytes);
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        Reply::new(200, Body::Bytes(bytes)).with("content-type", MEDIA_TYPE)
    };
    Ok(reply.with("cache-control", signed_urls::cache_control(left_ms)).with("etag", etag))
}

pub(super) fn parse_query(query: &str) -> Result<StartQuery, Error> {
    StartQuery::parse(query).map_err(|why| Error::InvalidPayload(why.to_owned()))
}
