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
    let opening = Opening::plan(platform, source_id, asked(query)?).await?;
    let cache = signed::kept(left_ms);
    let tag = opening.tag(opening.reach);
    if conditions::is_held(headers, &tag) {
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
        asked: Asked,
    ) -> Result<Self, Error> {
        let asked = Asked { windows: 1, ..asked };
        let Start { size_bytes, answer, picture_end } =
            index::start(platform, source_id, &asked).await?;
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
        let reach = passage::reach(platform, source_id, range).await?;
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
        let (sent, payload) = if method == Method::Head || reach.is_empty() {
            (*reach, Payload::Bytes(Vec::new()))
        } else {
            passage::open(platform, source_id, *size_bytes, *reach).await?
        };
        front.extend(boxes);
        front.extend(box_of(*b"byte", sent.len())?);
        let length = front.len() as u64 + sent.len();
        let body = match payload {
            Payload::Stream(stream) => Body::Joined(front, stream),
            Payload::Bytes(bytes) => Body::Bytes([front, bytes].concat()),
        };
        let reply = Reply::new(200, body)
            .with("content-type", MEDIA_TYPE)
            .with("content-length", length.to_string());
        Ok((sent, reply))
    }

    /// Of what is made here, and of which bytes of which film follow: an id names one film's bytes.
    fn tag(&self, sent: ByteRange) -> String {
        let end = sent.end.to_be_bytes();
        etag::of(&[&self.boxes, self.source_id.as_bytes(), &end].concat())
    }
}

/// The beginning of a box whose content has so many bytes.
pub(super) fn box_of(kind: [u8; 4], len: u64) -> Result<Vec<u8>, Error> {
    let size = u32::try_from(8 + len);
    let size = size.map_err(|_| Error::NoIndex("a range has 4 GiB and more".to_owned()))?;
    Ok([size.to_be_bytes(), kind].concat())
}
