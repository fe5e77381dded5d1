//! `tfdt`: when a fragment's first sample is decoded (§ 8.8.12).

use super::{BoxAt, number};
use crate::limits::TICKS_MAX;

/// In ticks; what is larger than any time is the largest.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<i64> {
    let body = b.content(data);
    let wide = body.first() == Some(&1);
    Some(number(body, 4, wide)?.min(TICKS_MAX).cast_signed())
}
