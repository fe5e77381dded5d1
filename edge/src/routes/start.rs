//! `GET | HEAD /api/v2/start/{sourceId}`: what is appended in front of a film's bytes, and they.
//!
//! Behind the boxes of one window comes a box `byte` with the first bytes of its first range, as
//! the platform's own stream.

use super::{
    headers::{MEDIA_TYPE, asked},
    signed,
};
use crate::{
    error::Error,
    platform::{ByteRange, Platform, StreamOf},
    reply::{Body, Reply},
    request::{Headers, Method},
    rules::{conditions, etag, signature::Scope, starting::Asked},
    source::{
        Payload,
        index::{self, Start},
        passage,
    },
};

pub(super) async fn read<P: Platform>(
    platform: &P,
    method: Method,
    headers: &Headers,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed::check(platform, Scope::Media, source_id, query).await?;
    let asked = Asked { windows: 1, ..asked(query)? };
    let Start { size_bytes, answer } = index::start(platform, source_id, &asked).await?;
    let boxes = mp4::start::write(&answer);
    let cache = signed::kept(left_ms);
    let fetches = answer.windows.iter().flat_map(|window| &window.fetches);
    // Behind the end of a film, nothing comes.
    let range = fetches.map(|fetch| fetch.range).next().unwrap_or(mp4::ByteRange::of(0, 0));
    let range = ByteRange { start: range.start, end: range.end };
    let reach = passage::reach(platform, source_id, range).await?;
    let tag = tag(&boxes, source_id, reach);
    if conditions::is_held(headers, &tag) {
        let reply = Reply::new(304, Body::Empty);
        return Ok(reply.with("cache-control", cache).with("etag", tag));
    }
    let (sent, payload) = if method == Method::Head || reach.is_empty() {
        (reach, Payload::Bytes(Vec::new()))
    } else {
        passage::open(platform, source_id, size_bytes, reach).await?
    };
    // An upstream may give less than was hoped for.
    let tag = if sent == reach { tag } else { self::tag(&boxes, source_id, sent) };
    let head = headed(boxes, sent)?;
    let length = head.len() as u64 + sent.len();
    let body = match payload {
        Payload::Stream(stream) => Body::Joined(head, stream),
        Payload::Bytes(bytes) => Body::Bytes([head, bytes].concat()),
    };
    Ok(Reply::new(200, body)
        .with("content-type", MEDIA_TYPE)
        .with("content-length", length.to_string())
        .with("cache-control", cache)
        .with("etag", tag))
}

/// Size and type of a box.
const BOX_BYTES: usize = 8;

/// The boxes, and the beginning of one that holds so many bytes of the film.
fn headed(mut boxes: Vec<u8>, sent: ByteRange) -> Result<Vec<u8>, Error> {
    let size = u32::try_from(BOX_BYTES as u64 + sent.len());
    let size = size.map_err(|_| Error::NoIndex("a range has 4 GiB and more".to_owned()))?;
    boxes.extend(size.to_be_bytes());
    boxes.extend(b"byte");
    Ok(boxes)
}

/// Of what is made here, and of which bytes of which film follow: an id names one film's bytes.
fn tag(boxes: &[u8], source_id: &str, sent: ByteRange) -> String {
    let end = sent.end.to_be_bytes();
    etag::of(&[boxes, source_id.as_bytes(), &end].concat())
}
