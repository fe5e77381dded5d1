//! `GET | HEAD /api/v2/media/{sourceId}[/{name}]`: bytes of one film.
//!
//! A film is in the own store or at a provider, by its id. The URL in a stream is signed and good for
//! some hours. A film of the own store needs no signature, unless the setting `media_access` is `signed`.

use api::paths;

use super::signed_urls;
use crate::{
    error::Error,
    http::{Body, FilmRest, Headers, Method, ObjectMeta, Reply},
    media::{self, Film, FilmHead, FilmResponse, MediaPart},
    platform::{Platform, StreamOf},
    rules::{date, file_name, signature::Scope},
};

pub(super) async fn read<P: Platform>(
    platform: &P,
    method: Method,
    headers: &Headers,
    path: &str,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let media_type = file_name::media_type(segment(path));
    let left_ms = signed_urls::check(platform, Scope::Media, source_id, query).await?;
    let film = Film::of(source_id);
    if method == Method::Head {
        return Ok(match film.head(platform, headers).await? {
            FilmHead::NotModified(meta) => not_modified(&meta, left_ms),
            FilmHead::Current(meta) => {
                described(Reply::new(200, Body::Empty), media_type, &meta, left_ms)
                    .with("content-length", meta.size_bytes.to_string())
            }
        });
    }
    Ok(match film.get(platform, headers).await? {
        FilmResponse::NotModified(meta) => not_modified(&meta, left_ms),
        FilmResponse::Whole(meta, body) => {
            described(Reply::new(200, body.into_body(Vec::new())), media_type, &meta, left_ms)
                .with("content-length", meta.size_bytes.to_string())
        }
        FilmResponse::Partial(meta, sent, body) => {
            let last = sent.end.saturating_sub(1);
            described(Reply::new(206, body.into_body(Vec::new())), media_type, &meta, left_ms)
                .with("content-length", sent.len().to_string())
                .with("content-range", format!("bytes {}-{last}/{}", sent.start, meta.size_bytes))
        }
    })
}

/// Reads the next part of what the body of a reply lacks.
pub(crate) async fn read_rest<P: Platform>(
    platform: &P,
    rest: &mut FilmRest,
) -> Result<Option<MediaPart<StreamOf<P>>>, Error> {
    media::read_rest(platform, rest).await
}

/// The reply, which a browser stores as a file where the query asks for that.
pub(super) fn named<S>(reply: Reply<S>, path: &str, source_id: &str, query: &str) -> Reply<S> {
    if reply.status == 304 || !paths::is_download(query) {
        return reply;
    }
    reply.with("content-disposition", file_name::attachment(segment(path), source_id))
}

/// The segment with the film's name, which may be missing.
fn segment(path: &str) -> &str {
    path.strip_prefix(paths::without_name(path)).unwrap_or_default().trim_start_matches('/')
}

fn not_modified<S>(meta: &ObjectMeta, left_ms: Option<u64>) -> Reply<S> {
    validated(Reply::new(304, Body::Empty), meta, left_ms)
}

fn described<S>(
    reply: Reply<S>,
    media_type: &'static str,
    meta: &ObjectMeta,
    left_ms: Option<u64>,
) -> Reply<S> {
    let reply = validated(reply, meta, left_ms).with("content-type", media_type);
    meta.fields.iter().fold(reply, |reply, (name, value)| reply.with(name.clone(), value))
}

/// Headers of every response about a film, 304 included (RFC 9110 §15.4.5). There is no `Vary`: it would
/// split cached entries.
fn validated<S>(reply: Reply<S>, meta: &ObjectMeta, left_ms: Option<u64>) -> Reply<S> {
    reply
        .with("accept-ranges", "bytes")
        .with("cache-control", signed_urls::cache_control(left_ms))
        .with("etag", meta.etag.clone())
        .with("last-modified", date::write(meta.modified_ms))
}
