//! Films that lie elsewhere: their startup blocks from here, the rest from where they lie.

use super::{
    Described, Opened, Payload, blocks, is_held,
    record::{self, Film},
};
use crate::{
    error::Error,
    platform::{ByteRange, ObjectMeta, Platform, ReadRange, StreamOf},
    request::Headers,
    rules::{
        conditions,
        range::{self, Chosen, Wanted},
    },
};

/// Answers a conditional `HEAD` from the record alone.
pub(crate) async fn describe<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<Described, Error> {
    super::describe(headers, record::find(platform, id).await?.meta())
}

/// Answers a conditional `GET`, with a range or without.
pub(crate) async fn open<P: Platform>(
    platform: &P,
    id: &str,
    headers: &Headers,
) -> Result<Opened<StreamOf<P>>, Error> {
    let film = record::find(platform, id).await?;
    let meta = film.meta();
    if is_held(headers, &meta)? {
        return Ok(Opened::NotModified(meta));
    }
    match wanted(headers, &meta)? {
        Some(range) => part(platform, &film, meta, range).await,
        None => whole(platform, &film, meta).await,
    }
}

/// The range that counts; none where all is wanted.
fn wanted(headers: &Headers, meta: &ObjectMeta) -> Result<Option<ByteRange>, Error> {
    let Some(wanted) = headers.get("range").and_then(range::parse) else { return Ok(None) };
    if !conditions::range_counts(headers, meta) {
        return Ok(None);
    }
    let size_bytes = meta.size_bytes;
    let one = |range: ReadRange| range.within(size_bytes);
    let chosen = match wanted {
        Wanted::One(range) => one(range),
        Wanted::Several(ranges) => match range::choose(&ranges, size_bytes) {
            Chosen::One(range) => one(range),
            Chosen::Whole => return Ok(None),
            Chosen::Unsatisfiable => None,
        },
    };
    chosen.map(Some).ok_or(Error::RangeNotSatisfiable(size_bytes))
}

/// A range; from blocks it is cut where they end, which RFC 9110 §15.3.7 allows a 206 to be.
async fn part<P: Platform>(
    platform: &P,
    film: &Film,
    meta: ObjectMeta,
    range: ByteRange,
) -> Result<Opened<StreamOf<P>>, Error> {
    let Some(part) = film.kept().part(range) else {
        let (sent, payload) = film.reader(platform).pass(range).await?;
        return Ok(Opened::Part(meta, sent, payload));
    };
    let bytes = blocks::read(platform, film, part).await?;
    let sent = ByteRange { start: part.start, end: part.start + bytes.len() as u64 };
    Ok(Opened::Part(meta, sent, Payload::Bytes(bytes)))
}

/// All of a film: a 200 has every byte of it.
async fn whole<P: Platform>(
    platform: &P,
    film: &Film,
    meta: ObjectMeta,
) -> Result<Opened<StreamOf<P>>, Error> {
    let all = ByteRange { start: 0, end: meta.size_bytes };
    if film.kept().part(all) == Some(all) {
        let bytes = blocks::read(platform, film, all).await?;
        if bytes.len() as u64 == meta.size_bytes {
            return Ok(Opened::Whole(meta, Payload::Bytes(bytes)));
        }
    }
    let (sent, payload) = film.reader(platform).pass(all).await?;
    if sent == all {
        return Ok(Opened::Whole(meta, payload));
    }
    Err(Error::UpstreamFailed("a whole film cannot be passed on as it comes".to_owned()))
}
