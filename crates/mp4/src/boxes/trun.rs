//! `trun`: samples that lie side by side (§ 8.8.8), read in place.

use super::trex::Defaults;
use super::{BoxAt, be32};
use crate::error::{TOO_FEW_ENTRIES, TOO_SHORT};

/// The samples of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trun {
    /// From the fragment's base; none: where the run before it ends.
    pub(crate) offset: Option<i32>,
    pub(crate) count: u32,
    flags: u32,
    first_flags: Option<u32>,
    at: usize,
    next: u32,
}

/// A sample as its run describes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunEntry {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
    pub(crate) cts: i32,
}

const FIELDS: [u32; 4] = [0x100, 0x200, 0x400, 0x800];

impl Trun {
    pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Self, &'static str> {
        let cut = TOO_SHORT;
        let body = b.content(data);
        let (flags, count) = be32(body, 0).zip(be32(body, 4)).ok_or(cut)?;
        let mut at = 8;
        let mut optional = |flag| {
            if flags & flag == 0 {
                return Ok(None);
            }
            at += 4;
            be32(body, at - 4).map(Some).ok_or(cut)
        };
        let (offset, first_flags) = (optional(0x1)?, optional(0x4)?);
        let held = body.len().saturating_sub(at) as u64;
        let mut run = Self {
            offset: offset.map(u32::cast_signed),
            count,
            flags,
            first_flags,
            at: b.body + at,
            next: 0,
        };
        if run.width() * u64::from(count) > held {
            return Err(TOO_FEW_ENTRIES);
        }
        run.flags = flags;
        Ok(run)
    }

    fn width(&self) -> u64 {
        FIELDS.iter().filter(|field| self.flags & **field != 0).count() as u64 * 4
    }

    /// The next sample.
    pub(crate) fn next(&mut self, data: &[u8], defaults: &Defaults) -> Option<RunEntry> {
        if self.next >= self.count {
            return None;
        }
        let mut field = |flag, default| {
            if self.flags & flag == 0 {
                return Some(default);
            }
            self.at += 4;
            be32(data, self.at - 4)
        };
        let mut duration = field(0x100, defaults.duration)?;
        if duration == 0 {
            duration = defaults.pace;
        }
        let size = field(0x200, defaults.size)?;
        let mut flags = field(0x400, defaults.flags)?;
        // Version 0 has unsigned offsets by the standard, and signed ones from many muxers.
        let cts = field(0x800, 0)?.cast_signed();
        if let Some(first) = self.first_flags.filter(|_| self.next == 0) {
            flags = first;
        }
        self.next += 1;
        Some(RunEntry { duration, size, flags, cts })
    }

    /// Ticks and bytes of all its samples.
    pub(crate) fn sums(mut self, data: &[u8], defaults: &Defaults) -> (u64, u64) {
        if self.flags & 0x300 == 0 {
            let count = u64::from(self.count);
            let ticks = if defaults.duration == 0 { defaults.pace } else { defaults.duration };
            return (count * u64::from(ticks), count * u64::from(defaults.size));
        }
        let (mut ticks, mut bytes) = (0, 0);
        while let Some(entry) = self.next(data, defaults) {
            ticks += u64::from(entry.duration);
            bytes += u64::from(entry.size);
        }
        (ticks, bytes)
    }
}
