//! `trex`: defaults of a track's samples in fragments (§ 8.8.3).

use super::{BoxAt, be32};

/// Defaults for samples without values of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) description: u32,
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// The `track_ID`, and its defaults.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<(u32, Defaults)> {
    let field = |at| be32(b.content(data), at);
    let (description, duration) = (field(8)?, field(12)?);
    Some((field(4)?, Defaults { description, duration, size: field(16)?, flags: field(20)? }))
}
