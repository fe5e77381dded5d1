//! `trex`: defaults of a track's samples in fragments (§ 8.8.3).

use super::{BoxAt, be32};

/// Defaults for samples without values of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) description: u32,
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
    /// Ticks of a sample that states none; 0 until other fragments tell it.
    pub(crate) pace: u32,
}

/// The `track_ID`, and its defaults.
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Option<(u32, Defaults)> {
    let field = |at| be32(b.content(data), at);
    let (description, duration) = (field(8)?, field(12)?);
    let (size, flags) = (field(16)?, field(20)?);
    Some((field(4)?, Defaults { description, duration, size, flags, pace: 0 }))
}
