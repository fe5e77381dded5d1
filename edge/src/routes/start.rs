//! `GET | HEAD /api/v2/start/{sourceId}`: what is appended in front of a film's bytes, and they.
//!
//! Behind the boxes of one window comes a box `byte` with the first bytes of its first range, as
//! the platform's own stream.

use super::{
    headers::{MEDIA_TYPE, asked},
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
    let opening = Opening::plan(platform, source_id, asked(query)?).await?;
    let cache = signed_urls::cache_control(left_ms);
    let tag = opening.tag(opening.reach);
    if conditions::matches_if_none_match(headers, &tag) {
        let reply = Reply::new(304, Body::Empty);
        return Ok(reply.with("cache-control", cache).with("etag", tag));
    }
    let (sent, reply) = opening.reply(platform, method, Vec::new()).await?;
    Ok(reply.with("cache-control", cache).with("etag", opening.tag(sent)))
}

/// What is sent of a film's start.
pub(super) struct Opening {
    source_id: String,
    size_bytes: u64,
    boxes: Vec<u8>,
    /// Which bytes of the film come behind them, as far as that can be told before.
    reach: ByteRange,
}

impl Opening {
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
        let reach = leading_bytes::reach(platform, film, range).await?;
        Ok(Self { source_id: source_id.to_owned(), size_bytes, boxes, reach })
    }

    /// All of it, behind `front`; also tells which bytes of the film are in it, for an upstream may
    /// give less than was hoped for.
    pub(super) async fn reply<P: Platform>(
        &self,
        platform: &P,
        method: Method,
        mut front: Vec<u8>,
    ) -> Result<(ByteRange, Reply<StreamOf<P>>), Error> {
        let Self { source_id, size_bytes, boxes, reach } = self;
        let (sent, body) = if method == Method::Head || reach.is_empty() {
            (*reach, MediaBody::Bytes(Vec::new()))
        } else {
            leading_bytes::read(platform, Film::of(source_id), *size_bytes, *reach).await?
        };
        front.extend(boxes);
        front.extend(box_of(*b"byte", sent.len())?);
        let length = front.len() as u64 + sent.len();
        let body = match body {
            MediaBody::Stream(stream) => Body::Joined(front, stream),
            MediaBody::Bytes(bytes) => Body::Bytes([front, bytes].concat()),
        };
        let reply = Reply::new(200, body)
            .with("content-type", MEDIA_TYPE)
            .with("content-length", length.to_string());
        Ok((sent, reply))
    }

    /// Of what is made here, and of which bytes of which film follow: an id names one film's bytes.
    fn tag(&self, sent: ByteRange) -> String {
        let end = sent.end.to_be_bytes();
        header_values::entity_tag(&[&self.boxes, self.source_id.as_bytes(), &end].concat())
    }
}

/// The beginning of a box whose content has so many bytes.
pub(super) fn box_of(kind: [u8; 4], len: u64) -> Result<Vec<u8>, Error> {
    let size = u32::try_from(8 + len);
    let size = size.map_err(|_| Error::NoIndex("a range has 4 GiB and more".to_owned()))?;
    Ok([size.to_be_bytes(), kind].concat())
}
