//! `GET | HEAD /api/v2/media/{sourceId}`: bytes of one film.
//!
//! A film lies in the own store, or with a provider; which it is shows in its id. The URL that a
//! stream hands out is signed, and good for some hours. Without a signature a film of the own store
//! is open, unless the setting `media_access` is `signed`.

use super::signed;
use crate::{
    error::Error,
    platform::{ObjectMeta, Platform, StreamOf},
    reply::{Body, Reply},
    request::{Headers, Method},
    rules::{date, identity, signature::Scope},
    source::{Described, Opened, Payload, film, object},
};

pub(super) async fn read<P: Platform>(
    platform: &P,
    method: Method,
    headers: &Headers,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed::check(platform, Scope::Media, source_id, query).await?;
    let (objects, key) = (platform.objects(), api::paths::media_key(source_id));
    let elsewhere = identity::is_upstream(source_id);
    if method == Method::Head {
        let described_film = if elsewhere {
            film::describe(platform, source_id, headers).await?
        } else {
            object::describe(objects, &key, headers).await?
        };
        return Ok(match described_film {
            Described::NotModified(meta) => not_modified(&meta, left_ms),
            Described::Current(meta) => described(Reply::new(200, Body::Empty), &meta, left_ms)
                .with("content-length", meta.size_bytes.to_string()),
        });
    }
    let opened = if elsewhere {
        film::open(platform, source_id, headers).await?
    } else {
        object::open(objects, &key, headers).await?
    };
    Ok(match opened {
        Opened::NotModified(meta) => not_modified(&meta, left_ms),
        Opened::Whole(meta, payload) => described(Reply::new(200, body(payload)), &meta, left_ms)
            .with("content-length", meta.size_bytes.to_string()),
        Opened::Part(meta, sent, payload) => {
            let last = sent.end.saturating_sub(1);
            described(Reply::new(206, body(payload)), &meta, left_ms)
                .with("content-length", sent.len().to_string())
                .with("content-range", format!("bytes {}-{last}/{}", sent.start, meta.size_bytes))
        }
    })
}

fn body<S>(payload: Payload<S>) -> Body<S> {
    match payload {
        Payload::Stream(stream) => Body::Stream(stream),
        Payload::Bytes(bytes) => Body::Bytes(bytes),
    }
}

fn not_modified<S>(meta: &ObjectMeta, left_ms: Option<u64>) -> Reply<S> {
    validated(Reply::new(304, Body::Empty), meta, left_ms)
}

fn described<S>(reply: Reply<S>, meta: &ObjectMeta, left_ms: Option<u64>) -> Reply<S> {
    let reply = validated(reply, meta, left_ms).with("content-type", "video/mp4");
    meta.fields.iter().fold(reply, |reply, (name, value)| reply.with(name.clone(), value))
}

/// What every answer about a film says, 304 included (RFC 9110 §15.4.5). There is no `Vary`: it
/// would split what caches hold.
fn validated<S>(reply: Reply<S>, meta: &ObjectMeta, left_ms: Option<u64>) -> Reply<S> {
    reply
        .with("accept-ranges", "bytes")
        .with("cache-control", signed::kept(left_ms))
        .with("etag", meta.etag.clone())
        .with("last-modified", date::write(meta.modified_ms))
}
