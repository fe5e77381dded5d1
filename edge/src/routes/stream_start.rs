//! `GET | HEAD /api/v2/stream/{episodeId}/start`: what to play, and how it starts, in one answer.
//!
//! A box `film` says what `/stream` does; behind it comes what `/start` has of the preferred film.
//! Where that is not to be had, `film` is all there is, and says where `moov` can be read.

use super::{
    headers::{MEDIA_TYPE, parse_query},
    signed_urls,
    start::{StartResponse, box_header},
    stream,
};
use crate::{
    error::Error,
    http::{Body, Method, Reply, json_bytes},
    platform::{Platform, StreamOf, with_timeout},
};

/// Time limit of a start, most of which is the read of `moov` of an upstream film: a player that reads
/// `moov` itself is not faster.
const START_MS_MAX: u64 = 8_000;

pub(super) async fn read<P: Platform>(
    platform: &P,
    method: Method,
    episode_id: &str,
    query: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let start_query = parse_query(query)?;
    let mut stream = stream::find(platform, episode_id).await?;
    let started = match stream.preferred_stream.clone() {
        Some(preferred) => {
            let (source_id, _) = signed_urls::split_media_url(&preferred.url);
            let response = StartResponse::plan(platform, source_id, start_query);
            let response = with_timeout(platform.clock(), START_MS_MAX, response).await;
            stream.start = Some(stream::addresses(&preferred, 0));
            match response {
                Some(Ok(response)) => response.reply(platform, method, film_box(&stream)?).await,
                Some(Err(error)) => Err(error),
                None => {
                    Err(Error::NoIndex("building its start index takes longer than 8 s".to_owned()))
                }
            }
        }
        None => Err(Error::NoIndex("no browser plays it".to_owned())),
    };
    let started = match started {
        Err(Error::NoIndex(_)) => None,
        started => stream::report_and_drop(platform, started),
    };
    let reply = if let Some((_, reply)) = started {
        reply
    } else {
        stream.start = None;
        Reply::new(200, Body::Bytes(film_box(&stream)?)).with("content-type", MEDIA_TYPE)
    };
    // Which film an episode plays may change with the next catalog, and its URLs expire.
    Ok(reply.with("cache-control", "no-store"))
}

/// The box.
fn film_box(stream: &api::Stream) -> Result<Vec<u8>, Error> {
    let json = json_bytes(stream);
    Ok([box_header(*b"film", json.len() as u64)?, json].concat())
}
