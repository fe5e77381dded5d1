//! `tref`: to which other tracks one refers (§ 8.3.3).

use super::{BoxAt, be32, find};

/// The first track that is named as that of chapters.
pub(crate) fn chapters(data: &[u8], tref: BoxAt) -> Option<u32> {
    be32(find(data, tref.body, tref.end, &[*b"chap"])?.content(data), 0)
}
