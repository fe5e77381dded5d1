//! Queries of URLs: the parameters that some route reads.

use std::borrow::Cow;

/// Names of the parameters that some route reads. A new one belongs here, or no route sees it.
pub const PARAMETERS: [&str; 15] = [
    "after",
    "at",
    "audio",
    "download",
    "e",
    "format",
    "from",
    "k",
    "maxheight",
    "maxwidth",
    "provider",
    "s",
    "until",
    "url",
    "windows",
];

/// The parameters of a query that some route reads, in the order in which they were sent.
///
/// Others do not reach a route, so that a cache may leave them out of its keys: without this, one
/// client could fill a cache with copies of one response.
///
/// ```
/// assert_eq!(api::query::known("x=1&e=2&k=a&utm_source=b&s=3"), "e=2&k=a&s=3");
/// assert_eq!(api::query::known("at=5"), "at=5");
/// assert_eq!(api::query::known("x"), "");
/// ```
pub fn known(query: &str) -> Cow<'_, str> {
    let is_known = |part: &&str| {
        let name = part.split_once('=').map_or(*part, |(name, _)| name);
        PARAMETERS.contains(&name)
    };
    if query.split('&').all(|part| is_known(&part)) {
        return Cow::Borrowed(query);
    }
    Cow::Owned(query.split('&').filter(is_known).collect::<Vec<_>>().join("&"))
}
