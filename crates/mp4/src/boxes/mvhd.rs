//! `mvhd`: the timescale of the movie (§ 8.2.2).

use super::{BoxAt, be32};

/// Ticks a second of the movie.
pub(crate) fn timescale(data: &[u8], b: BoxAt) -> Option<u32> {
    let body = b.content(data);
    be32(body, if body.first() == Some(&1) { 20 } else { 12 })
}
