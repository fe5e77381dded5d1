//! `ctts`: from decoding to composition time (§ 8.6.1.3).

use super::BoxAt;
use super::runs::Runs;
use crate::error::Result;

const PATH: &str = "mdia/minf/stbl/ctts";

/// The table; its values are read by [`offset`].
pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Runs> {
    Runs::parse(data, b, false, PATH)
}

/// Version 0 is unsigned by the letter. `QuickTime` reads it as signed and muxers write it so; an
/// offset that needs the 32nd bit does not occur otherwise.
pub(crate) fn offset(value: u32) -> i32 {
    value.cast_signed()
}
