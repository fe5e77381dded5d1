//! `mehd`: duration of a fragmented film (§ 8.8.2).

use super::{BoxAt, number};
use crate::limits::TICKS_MAX;

/// In ticks of the movie; `None` where all bits are ones, as muxers write what they do not know.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<u64> {
    let body = b.content(data);
    let wide = body.first() == Some(&1);
    let unknown = if wide { u64::MAX } else { u32::MAX.into() };
    Some(number(body, 4, wide).filter(|ticks| *ticks != unknown)?.min(TICKS_MAX))
}
