//! `tfra`: where the key frames of a fragmented track lie (§ 8.8.10).

use super::sidx::Reference;
use super::{BoxAt, be32, number};
use crate::limits::TICKS_MAX;
use crate::ticks::ms;

/// By track id and the ticks a second that `scale` knows of it.
pub(crate) fn parse(
    data: &[u8],
    b: BoxAt,
    scale: impl Fn(u32) -> Option<u32>,
) -> Option<Vec<Reference>> {
    let body = b.content(data);
    let scale = scale(be32(body, 4)?)?;
    let (lens, count) = (be32(body, 8)?, be32(body, 12)? as usize);
    let wide = body.first() == Some(&1);
    let numbers = (lens >> 4 & 3) + (lens >> 2 & 3) + (lens & 3) + 3;
    let width = if wide { 16 } else { 8 } + numbers as usize;
    let entries = body.get(16..)?.chunks_exact(width).take(count);
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let ticks = number(entry, 0, wide)?.min(TICKS_MAX);
        let offset = number(entry, if wide { 8 } else { 4 }, wide)?;
        found.push(Reference { time_ms: ms(ticks, scale), offset });
    }
    Some(found)
}
