//! `elst`: which part of the media is shown when (§ 8.6.6).

use super::{BoxAt, Table, be16, be32, be64, number};
use crate::error::{Error, Result};
use crate::limits::EDITS_MAX;

const PATH: &str = "edts/elst";

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// In ticks of the movie; 0: as long as the media.
    pub(crate) duration: u64,
    /// In ticks of the track; -1: nothing is shown.
    pub(crate) media_time: i64,
    pub(crate) rate: Rate,
}

/// How fast the media runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// At its own speed.
    Plain,
    /// It stands still ("dwell").
    Still,
    /// Faster, slower or backwards: `QuickTime` knows that, the standard does not.
    Other,
}

pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Vec<Edit>> {
    let wide = b.content(data).first() == Some(&1);
    let width = if wide { 20 } else { 12 };
    let table = Table::parse(data, b, width, PATH)?;
    if table.count > EDITS_MAX {
        return Err(Error::moov(PATH, b.start, "over 8192 edits"));
    }
    let entry = |i: u32| read(data, table.at + i as usize * width, wide);
    Ok((0..table.count).filter_map(entry).collect())
}

fn read(data: &[u8], at: usize, wide: bool) -> Option<Edit> {
    let duration = number(data, at, wide)?;
    let media_time = if wide {
        be64(data, at + 8)?.cast_signed()
    } else {
        i64::from(be32(data, at + 4)?.cast_signed())
    };
    // The fraction of the rate behind it must be 0 and often is not.
    let rate = match be16(data, at + if wide { 16 } else { 8 })? {
        1 => Rate::Plain,
        0 => Rate::Still,
        _ => Rate::Other,
    };
    Some(Edit { duration, media_time, rate })
}
