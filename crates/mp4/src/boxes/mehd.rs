//! `mehd`: duration of a fragmented film (§ 8.8.2); and the timescale of `mvhd`.

use super::{BoxAt, be32, number};
use crate::limits::TICKS_MAX;

/// In ticks of the movie.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<u64> {
    let body = b.content(data);
    let wide = body.first() == Some(&1);
    Some(number(body, 4, wide)?.min(TICKS_MAX))
}

/// Ticks a second of the movie, by its `mvhd` (§ 8.2.2).
pub(crate) fn movie(data: &[u8], mvhd: BoxAt) -> Option<u32> {
    let body = mvhd.content(data);
    be32(body, if body.first() == Some(&1) { 20 } else { 12 })
}
