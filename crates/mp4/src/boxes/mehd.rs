//! `mehd`: duration of a fragmented film (§ 8.8.2).

use super::{BoxAt, number};
use crate::limits::TICKS_MAX;

/// In ticks of the movie.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<u64> {
    let body = b.content(data);
    let wide = body.first() == Some(&1);
    Some(number(body, 4, wide)?.min(TICKS_MAX))
}
