//! A block: some hundred samples of one track that follow each other, in about 4 bytes each.

use super::varint::{Reader, put, put_signed};
use crate::error::Result;
use crate::limits::{BLOCK_SAMPLES, OFFSET_MAX, SAMPLE_BYTES_MAX, TICKS_MAX};
use crate::samples::tables::Sample;

/// What stands in front of a block's samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockFront {
    /// Decoding time of its first sample.
    pub(super) dts: u64,
    /// How many samples in front of it the last key frame is; 0 where it is one.
    pub(super) back: u32,
}

/// `samples` are at least one.
pub(super) fn write(samples: &[Sample], back: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + samples.len() * 6);
    let Some(first) = samples.first() else { return out };
    put(&mut out, u64::try_from(first.dts).unwrap_or(0));
    put(&mut out, u64::from(back));
    put(&mut out, first.offset);
    runs(&mut out, samples.iter().map(|s| s.description));
    runs(&mut out, samples.iter().map(|s| s.duration));
    let unit = samples.iter().fold(0, |unit, s| common(unit, (s.pts - s.dts).unsigned_abs()));
    put(&mut out, unit);
    if unit > 0 {
        for sample in samples {
            put_signed(&mut out, (sample.pts - sample.dts) / unit.cast_signed());
        }
    }
    runs(&mut out, samples.iter().map(|s| u32::from(s.key)));
    let least = samples.iter().map(|s| s.size).min().unwrap_or(0);
    put(&mut out, u64::from(least));
    let mut at = first.offset;
    for sample in samples {
        let moved = sample.offset != at;
        put(&mut out, u64::from(sample.size - least) << 1 | u64::from(moved));
        if moved {
            put_signed(&mut out, sample.offset.cast_signed() - at.cast_signed());
        }
        at = sample.end();
    }
    out
}

/// How many, then which value, until all have one.
fn runs(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
    let mut run: Option<(u64, u32)> = None;
    for value in values {
        match &mut run {
            Some((count, same)) if *same == value => *count += 1,
            _ => {
                if let Some((count, value)) = run.replace((1, value)) {
                    put(out, count);
                    put(out, u64::from(value));
                }
            }
        }
    }
    if let Some((count, value)) = run {
        put(out, count);
        put(out, u64::from(value));
    }
}

fn read_runs(
    reader: &mut Reader<'_>,
    into: &mut [Sample],
    set: fn(&mut Sample, u32),
) -> Result<()> {
    let mut rest = into;
    while !rest.is_empty() {
        let count: usize = reader.up_to(rest.len() as u64)?;
        let value = reader.up_to(u64::from(u32::MAX))?;
        if count == 0 {
            return Err(reader.fault("a run has at least one sample"));
        }
        let (run, others) = rest.split_at_mut(count);
        for sample in run {
            set(sample, value);
        }
        rest = others;
    }
    Ok(())
}

/// The greatest common divisor.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

pub(super) fn front(reader: &mut Reader<'_>) -> Result<BlockFront> {
    Ok(BlockFront { dts: reader.up_to(TICKS_MAX)?, back: reader.up_to(u64::from(u32::MAX))? })
}

/// Adds its `count` samples, not numbered, to `out`.
pub(super) fn read(block: &[u8], count: u32, out: &mut Vec<Sample>) -> Result<()> {
    let mut reader = Reader::of(block);
    let front = front(&mut reader)?;
    let mut offset: u64 = reader.up_to(OFFSET_MAX)?;
    let plain = Sample {
        moof: 0,
        index: 0,
        segment: 0,
        offset: 0,
        size: 0,
        duration: 0,
        dts: 0,
        pts: 0,
        decoded: 0,
        description: 1,
        key: false,
    };
    let from = out.len();
    out.resize(from + count.min(BLOCK_SAMPLES) as usize, plain);
    let samples = out.get_mut(from..).unwrap_or_default();
    read_runs(&mut reader, samples, |sample, value| sample.description = value)?;
    read_runs(&mut reader, samples, |sample, value| sample.duration = value)?;
    let unit = i64::from(reader.up_to::<u32>(1 << 31)?);
    let mut dts = front.dts;
    for sample in &mut *samples {
        sample.dts = dts.min(TICKS_MAX).cast_signed();
        dts += u64::from(sample.duration);
        let offset = if unit > 0 { reader.signed()?.saturating_mul(unit) } else { 0 };
        let offset = i32::try_from(offset);
        let offset = offset.map_err(|_| reader.fault("a composition offset has 32 bits"))?;
        sample.pts = sample.dts + i64::from(offset);
    }
    read_runs(&mut reader, samples, |sample, value| sample.key = value != 0)?;
    let least: u32 = reader.up_to(SAMPLE_BYTES_MAX.into())?;
    for sample in samples {
        let size = reader.number()?;
        if size & 1 == 1 {
            offset = offset.saturating_add_signed(reader.signed()?);
        }
        let larger = u32::try_from(size >> 1).unwrap_or(u32::MAX);
        sample.size = least.saturating_add(larger);
        sample.offset = offset;
        if sample.size > SAMPLE_BYTES_MAX || offset > OFFSET_MAX {
            return Err(reader.fault("a sample lies within 2^53 bytes and has at most 256 MiB"));
        }
        offset = sample.end();
    }
    Ok(())
}
