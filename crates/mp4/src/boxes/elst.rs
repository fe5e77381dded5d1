//! `elst`: which part of the media is shown when (§ 8.6.6).

use super::{BoxAt, Table, be32, be64, number};
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

/// How fast the media runs, in 65,536ths of its own speed; below 0 it runs backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) i32);

impl Rate {
    /// At its own speed.
    pub(crate) const PLAIN: Self = Self(1 << 16);
    /// It stands still ("dwell").
    pub(crate) const STILL: Self = Self(0);

    /// How much of the media `duration` ticks show: all of them at its own speed.
    pub(crate) fn shown(self, duration: u64) -> u64 {
        let (rate, unit) = (u64::from(self.0.unsigned_abs()), 1 << 16);
        if self == Self::STILL {
            return duration;
        }
        (duration / unit).saturating_mul(rate).saturating_add(duration % unit * rate / unit)
    }

    /// Whether `QuickTime` would change the speed, which the standard has no way to say.
    pub(crate) fn changes_speed(self) -> bool {
        self != Self::PLAIN && self != Self::STILL
    }
}

pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Vec<Edit>> {
    let wide = b.content(data).first() == Some(&1);
    let width = if wide { 20 } else { 12 };
    let table = Table::parse(data, b, width, PATH)?;
    if table.count > EDITS_MAX {
        return Err(Error::moov(PATH, b.start, "over 8192 edits; not read by Firstframe"));
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
    let rate = be32(data, at + if wide { 16 } else { 8 })?.cast_signed();
    // An empty edit has no speed, and nobody slows a film down to a 256th: half of the field is wrong.
    let rate = match rate {
        _ if media_time == -1 => Rate::PLAIN,
        -0xff..=0xff => Rate::STILL,
        rate => Rate(rate),
    };
    Some(Edit { duration, media_time, rate })
}
