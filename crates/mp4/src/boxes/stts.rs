//! `stts`: decoding times, as durations (§ 8.6.1.2).

use super::BoxAt;
use super::runs::Runs;
use crate::error::Result;

const PATH: &str = "mdia/minf/stbl/stts";

pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Runs> {
    Runs::parse(data, b, true, PATH)
}
