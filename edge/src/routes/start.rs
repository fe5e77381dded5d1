//! `GET | HEAD /api/v2/start/{sourceId}`: the boxes in front of a film's bytes, and the first bytes.
//!
//! Behind the boxes of one window comes a box `byte` with the first bytes of its first range, as
//! the platform's own stream.

use super::{
    headers::{MEDIA_TYPE, parse_query},
    signed_urls,
};
use crate::{
    error::Error,
    http::{Body, ByteRange, Headers, Method, Reply},
    media::{
        Film, MediaBody, leading_bytes,
        start_index::{self, Start},
    },
    platform::{Platform, StreamOf},
    rules::{conditions, header_values, signature::Scope, start_query::StartQuery},
};

pub(super) async fn read<P: Platform>(
    platform: &P,
    method: Method,
    headers: &Headers,
    source_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let left_ms = signed_urls::check(platform, Scope::Media, source_id, query).await?;
    let response = StartResponse::plan(platform, source_id, parse_query(query)?).await?;
    let cache = signed_urls::cache_control(left_ms);
    let tag = response.tag(response.media_range);
    if conditions::matches_if_none_match(headers, &tag) {
        let reply = Reply::new(304, Body::Empty);
        return Ok(reply.with("cache-control", cache).with("etag", tag));
    }
    let (sent, reply) = response.reply(platform, method, Vec::new()).await?;
    Ok(reply.with("cache-control", cache).with("etag", response.tag(sent)))
}

/// The response to a request for a start.
pub(super) struct StartResponse {
    source_id: String,
    size_bytes: u64,
    boxes: Vec<u8>,
    /// The bytes of the film that follow them, as far as known before the upstream responds.
    media_range: ByteRange,
}

impl StartResponse {
    pub(super) async fn plan<P: Platform>(
        platform: &P,
        source_id: &str,
        query: StartQuery,
    ) -> Result<Self, Error> {
        let query = StartQuery { windows: 1, ..query };
        let film = Film::of(source_id);
        let Start { size_bytes, answer, picture_end } =
            start_index::start(platform, film, &query).await?;
        let boxes = mp4::start_index::encode(&answer);
        let fetches = answer.windows.iter().flat_map(|window| &window.fetches);
        // Behind the end of a film, nothing comes.
        let range = fetches.map(|fetch| fetch.range).next().unwrap_or(mp4::ByteRange::of(0, 0));
        if range.end > size_bytes {
            return Err(Error::NoIndex(format!(
                "the film is cut off: its file ends at {size_bytes}"
            )));
        }
        let end = picture_end.unwrap_or(range.end);
        let range = ByteRange { start: range.start, end };
        let media_range = leading_bytes::available(platform, film, range).await?;
        Ok(Self { source_id: source_id.to_owned(), size_bytes, boxes, media_range })
    }

    /// The reply, with `front` before the boxes, and the bytes of the film in it: an upstream may send
    /// fewer than planned.
    pub(super) async fn reply<P: Platform>(
        &self,
        platform: &P,
        method: Method,
        mut front: Vec<u8>,
    ) -> Result<(ByteRange, Reply<StreamOf<P>>), Error> {
        let Self { source_id, size_bytes, boxes, media_range } = self;
        let (sent, body) = if method == Method::Head || media_range.is_empty() {
            (*media_range, MediaBody::bytes(Vec::new()))
        } else {
            leading_bytes::read(platform, Film::of(source_id), *size_bytes, *media_range).await?
        };
        front.extend(boxes);
        front.extend(box_header(*b"byte", sent.len())?);
        let length = front.len() as u64 + sent.len();
        let reply = Reply::new(200, body.into_body(front))
            .with("content-type", MEDIA_TYPE)
            .with("content-length", length.to_string());
        Ok((sent, reply))
    }

    /// The entity tag: of the boxes, the film's id and the end of the film's bytes.
    fn tag(&self, sent: ByteRange) -> String {
        let end = sent.end.to_be_bytes();
        header_values::entity_tag(&[&self.boxes, self.source_id.as_bytes(), &end].concat())
    }
}

/// The header of a box with so many bytes of content.
pub(super) fn box_header(kind: [u8; 4], len: u64) -> Result<Vec<u8>, Error> {
    let size = u32::try_from(8 + len);
    let size = size.map_err(|_| Error::NoIndex("a range has 4 GiB and more".to_owned()))?;
    Ok([size.to_be_bytes(), kind].concat())
}
