//! `GET | HEAD /player/firstframe.js`: the script with the player, for pages of any site.
//!
//! Its name stays, so it is revalidated. It imports the player's own script, whose name has a hash.

use super::asset::for_every_site;
use crate::{
    error::Error,
    http::{Body, Headers, Reply},
    rules::{conditions, header_values},
    web,
};

pub(super) fn read<S>(headers: &Headers) -> Result<Reply<S>, Error> {
    let element = web::player().ok_or(Error::PageMissing)?;
    let script = format!("export * from \"../assets/{}\";\n", element.name);
    let etag = header_values::entity_tag(script.as_bytes());
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        Reply::new(200, Body::Bytes(script.into_bytes())).with("content-type", element.content_type)
    };
    Ok(for_every_site(reply.with("cache-control", "no-cache").with("etag", etag)))
}
