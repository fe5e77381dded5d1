//! `stsz` and `stz2`: sample sizes (§ 8.7.3).

use super::{BoxAt, be16, be32};
use crate::error::{Error, Result, TOO_FEW_ENTRIES, TOO_SHORT};
use crate::limits::SIZES_STEP;

const PATH: &str = "mdia/minf/stbl/stsz";

/// Sizes in place; where chunks are long, with the sum before every [`SIZES_STEP`]th.
#[derive(Debug, Default)]
pub(crate) struct Stsz {
    at: usize,
    count: u32,
    width: Width,
    marks: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Width {
    Constant(u32),
    Bits4,
    Bits8,
    Bits16,
    #[default]
    Bits32,
}

impl Stsz {
    pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Self> {
        let fault = |violation| Error::moov(PATH, b.start, violation);
        let body = b.content(data);
        let (size, count) = be32(body, 4).zip(be32(body, 8)).ok_or_else(|| fault(TOO_SHORT))?;
        let width = match (&b.kind, size) {
            (b"stz2", _) => match size & 0xff {
                4 => Width::Bits4,
                8 => Width::Bits8,
                16 => Width::Bits16,
                _ => {
                    return Err(fault("field size is not 4, 8 or 16; § 8.7.3"));
                }
            },
            (_, 0) => Width::Bits32,
            (_, size) => Width::Constant(size),
        };
        let bits = match width {
            Width::Constant(_) => 0,
            Width::Bits4 => 4,
            Width::Bits8 => 8,
            Width::Bits16 => 16,
            Width::Bits32 => 32,
        };
        let held = body.len().saturating_sub(12) as u64;
        if (u64::from(count) * bits).div_ceil(8) > held {
            return Err(fault(TOO_FEW_ENTRIES));
        }
        Ok(Self { at: b.body + 12, count, width, marks: Vec::new() })
    }

    /// Adds up the sizes once, where the longest chunk has so many samples that adding them for each lookup
    /// would be slow.
    pub(crate) fn mark(&mut self, data: &[u8], longest: u32) {
        if longest <= SIZES_STEP || matches!(self.width, Width::Constant(_)) {
            return;
        }
        let mut marks = Vec::with_capacity((self.count / SIZES_STEP) as usize + 1);
        let mut sum = 0_u64;
        let mut from = 0;
        while from < self.count {
            marks.push(sum);
            let to = from.saturating_add(SIZES_STEP).min(self.count);
            sum += self.sum(data, from, to);
            from = to;
        }
        self.marks = marks;
    }

    fn sum(&self, data: &[u8], from: u32, to: u32) -> u64 {
        let to = to.min(self.count);
        if self.width == Width::Bits32 {
            let at = |i: u32| self.at + i as usize * 4;
            let (sizes, _) = data.get(at(from)..at(to)).unwrap_or_default().as_chunks::<4>();
            return sizes.iter().map(|s| u64::from(u32::from_be_bytes(*s))).sum();
        }
        (from..to).map(|i| u64::from(self.size(data, i))).sum()
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes in sample `i`; 0 behind the end.
    pub(crate) fn size(&self, data: &[u8], i: u32) -> u32 {
        if i >= self.count {
            return 0;
        }
        let n = i as usize;
        let byte = |at: usize| data.get(at).copied().map_or(0, u32::from);
        match self.width {
            Width::Constant(size) => size,
            Width::Bits4 => byte(self.at + n / 2) >> (4 * (1 - (i & 1))) & 15,
            Width::Bits8 => byte(self.at + n),
            Width::Bits16 => be16(data, self.at + n * 2).map_or(0, u32::from),
            Width::Bits32 => be32(data, self.at + n * 4).unwrap_or(0),
        }
    }

    /// Bytes in the samples from `from` up to `to`, which lie in one chunk.
    pub(crate) fn between(&self, data: &[u8], from: u32, to: u32) -> u64 {
        if let Width::Constant(size) = self.width {
            return u64::from(size) * u64::from(to.min(self.count).saturating_sub(from));
        }
        if self.marks.is_empty() {
            return self.sum(data, from, to);
        }
        self.before(data, to) - self.before(data, from)
    }

    /// Bytes in all samples before `i`, by the marks.
    fn before(&self, data: &[u8], i: u32) -> u64 {
        let i = i.min(self.count);
        let last = u32::try_from(self.marks.len().saturating_sub(1)).unwrap_or(0);
        let k = (i / SIZES_STEP).min(last);
        self.marks.get(k as usize).map_or(0, |sum| sum + self.sum(data, k * SIZES_STEP, i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stsz(kind: [u8; 4], size: u32, count: u32, sizes: &[u8]) -> (Vec<u8>, BoxAt) {
        let mut data = vec![0; 12];
        data.extend(size.to_be_bytes());
        data.extend(count.to_be_bytes());
        data.extend(sizes);
        let end = data.len();
        (data, BoxAt { kind, start: 0, body: 8, end })
    }

    #[test]
    fn size_sums_hold_across_checkpoints() {
        let sizes: Vec<u8> = (0..3 * SIZES_STEP).flat_map(u32::to_be_bytes).collect();
        let (data, b) = stsz(*b"stsz", 0, 3 * SIZES_STEP, &sizes);
        let table = Stsz::parse(&data, b).unwrap();
        let mut marked = Stsz::parse(&data, b).unwrap();
        marked.mark(&data, u32::MAX);
        assert_eq!([table.marks.len(), marked.marks.len()], [0, 3]);
        for i in [0, 1, SIZES_STEP - 1, SIZES_STEP, SIZES_STEP + 1, 2 * SIZES_STEP, 3 * SIZES_STEP]
        {
            for table in [&table, &marked] {
                let sum = table.between(&data, 0, i);
                assert_eq!(sum, u64::from(i) * u64::from(i.max(1) - 1) / 2, "{i}");
            }
        }
    }

    #[test]
    fn compact_and_constant_sizes_are_read() {
        let (data, b) = stsz(*b"stz2", 4, 3, &[0x12, 0x30]);
        let table = Stsz::parse(&data, b).unwrap();
        assert_eq!([0, 1, 2, 3].map(|i| table.size(&data, i)), [1, 2, 3, 0]);
        let (data, b) = stsz(*b"stz2", 16, 2, &[1, 0, 0, 2]);
        let table = Stsz::parse(&data, b).unwrap();
        assert_eq!(table.between(&data, 0, 2), 258);
        let (data, b) = stsz(*b"stsz", 7, u32::MAX, &[]);
        let table = Stsz::parse(&data, b).unwrap();
        assert_eq!(table.between(&data, 0, u32::MAX), 7 * u64::from(u32::MAX));
        let (data, b) = stsz(*b"stsz", 0, 9, &[0; 35]);
        assert!(Stsz::parse(&data, b).is_err());
    }
}
