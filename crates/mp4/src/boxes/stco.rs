//! `stco` and `co64`: chunk offsets (§ 8.7.5).

use super::{BoxAt, Table, number};
use crate::error::Result;

const PATH: &str = "mdia/minf/stbl/stco";

/// Offsets in place.
#[derive(Debug, Default)]
pub(crate) struct Stco {
    table: Table,
    wide: bool,
}

impl Stco {
    pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Self> {
        let wide = &b.kind == b"co64";
        let table = Table::parse(data, b, if wide { 8 } else { 4 }, PATH)?;
        Ok(Self { table, wide })
    }

    pub(crate) fn count(&self) -> u32 {
        self.table.count
    }

    pub(crate) fn offset(&self, data: &[u8], chunk: u32) -> Option<u64> {
        if chunk >= self.table.count {
            return None;
        }
        let i = chunk as usize;
        number(data, self.table.at + i * if self.wide { 8 } else { 4 }, self.wide)
    }
}
