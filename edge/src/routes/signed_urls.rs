//! URLs of films and pictures, signed and checked by the keys of the setting `media_keys`.

use api::{Candidate, paths};

use crate::{
    access,
    error::Error,
    media::Film,
    platform::{Clock, Platform, Settings},
    rules::signature::{Keys, Scope},
};

/// Signs the URL of each candidate. A deployment without keys signs none.
pub(super) async fn sign<P: Platform>(
    platform: &P,
    candidates: &mut [Candidate],
) -> Result<(), Error> {
    let Some(keys) = keys(platform).await? else { return Ok(()) };
    let now_ms = platform.clock().now_ms();
    for candidate in candidates {
        let (id, _) = split_media_url(&candidate.url);
        let query = keys.sign(Scope::Media, id, now_ms);
        candidate.url = format!("{}?{query}", candidate.url);
    }
    Ok(())
}

/// The source id in a candidate's URL, and what signs it.
pub(super) fn split_media_url(url: &str) -> (&str, &str) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    (paths::without_name(path).strip_prefix(paths::MEDIA).unwrap_or_default(), query)
}

/// How many milliseconds a URL is still good for; none of an open one, which is good for ever.
pub(super) async fn check<P: Platform>(
    platform: &P,
    scope: Scope,
    id: &str,
    query: &str,
) -> Result<Option<u64>, Error> {
    // A query with a signature is checked; any other query is ignored.
    if !query.split('&').any(|part| part.starts_with("s=")) {
        // Upstream films always need one: each unsigned request would cost the provider traffic.
        let open = matches!(Film::of(id), Film::Own(_)) && is_open(platform).await?;
        return if open { Ok(None) } else { Err(Error::SignatureRequired) };
    }
    let keys = keys(platform).await?.ok_or(Error::SignatureRequired)?;
    let left_ms = keys.verify(scope, id, query, platform.clock().now_ms());
    left_ms.map(Some).map_err(|_| Error::SignatureRequired)
}

/// `Cache-Control` of a response at such a URL: caches drop it when the signature expires.
pub(super) fn cache_control(left_ms: Option<u64>) -> String {
    left_ms.map_or_else(
        || super::IMMUTABLE.to_owned(),
        |left_ms| format!("public, max-age={}, immutable", left_ms / 1000),
    )
}

/// Whether films and pictures of the own store are served without a signature. Those of a private library
/// never are: a signature shows that a viewer got the URL.
pub(super) async fn is_open<P: Platform>(platform: &P) -> Result<bool, Error> {
    let access = platform.settings().get("media_access").await?;
    Ok(access.is_none_or(|access| access != "signed") && !access::is_private(platform).await?)
}

pub(super) async fn keys<P: Platform>(platform: &P) -> Result<Option<Keys>, Error> {
    let Some(setting) = platform.settings().get("media_keys").await? else { return Ok(None) };
    Keys::parse(&setting).map(Some).map_err(|why| Error::StorageUnavailable(why.to_owned()))
}
