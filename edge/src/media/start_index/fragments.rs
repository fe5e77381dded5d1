//! The samples of a fragmented film, where its `moof` boxes are few: the edge reads no more of them than
//! a start may cost. `firstframe publish` reads all of any own film.

use std::borrow::Cow;

use mp4::{Index, start_index::FragmentWalk};

use super::film_file::FilmFile;
use crate::{error::Error, http::ByteRange, platform::Platform};

/// Reads of one film for its `moof` boxes: five minutes in fragments of ten seconds.
const READ_COUNT_MAX: u64 = 32;
/// Bytes of each read: several fragments of a film of sound, and the `moof` of most others.
const READ_BYTES: u64 = 64 << 10;
/// Reads after which the rest of the film is estimated.
const ESTIMATE_READ_COUNT: u64 = 4;

/// The index of all samples of a fragmented film, whose `moov` lies at `place`. The inner error says why
/// the edge makes none, which stays so.
pub(super) async fn gather<P: Platform>(
    platform: &P,
    file: &FilmFile<'_>,
    index: Index<Cow<'_, [u8]>>,
    place: ByteRange,
) -> Result<Result<Index<Vec<u8>>, String>, Error> {
    let place = mp4::ByteRange { start: place.start, end: place.end };
    let size_bytes = file.size_bytes();
    let mut walk = match FragmentWalk::new(index, place, size_bytes) {
        Ok(walk) => walk,
        Err(why) => return Ok(Err(why.to_string())),
    };
    for count in 0..READ_COUNT_MAX {
        let Some(need) = walk.need() else {
            return Ok(walk.finish().map_err(|why| why.to_string()));
        };
        // Where the first reads show that all of them would be too many, the others are spared.
        let bytes_at_this_rate = need.start.saturating_mul(READ_COUNT_MAX) / count.max(1);
        if count >= ESTIMATE_READ_COUNT && bytes_at_this_rate < size_bytes {
            break;
        }
        let end = need.end.max(need.start + READ_BYTES).min(size_bytes);
        let range = ByteRange { start: need.start, end };
        let bytes = file.read(platform, range).await?;
        if let Err(why) = walk.feed(range.start, &bytes) {
            return Ok(Err(why.to_string()));
        }
    }
    Ok(Err("it has more moof boxes than the edge reads; players find them".to_owned()))
}
