//! `tref`: references to other tracks (§ 8.3.3).

use super::{BoxAt, be32, find};

/// `track_ID` of the first chapter track.
pub(crate) fn chapters(data: &[u8], tref: BoxAt) -> Option<u32> {
    be32(find(data, tref.body, tref.end, &[*b"chap"])?.content(data), 0)
}
