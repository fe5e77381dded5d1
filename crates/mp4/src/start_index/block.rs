//! A block: up to [`BLOCK_SAMPLES`] consecutive samples of one track, in about 4 bytes each.

use super::varint::{Reader, put, put_signed};
use crate::error::Result;
use crate::limits::{BLOCK_SAMPLES, OFFSET_MAX, SAMPLE_BYTES_MAX, TICKS_MAX};
use crate::samples::tables::Sample;

/// The first two fields of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockFront {
    /// Decoding time of its first sample, in ticks of the track.
    pub(super) dts: u64,
    /// Samples from the last key frame to the first sample; 0 where that is a key frame.
    pub(super) back: u32,
}

/// A sample whose fields are all read from the block.
const UNREAD: Sample = Sample {
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

/// The bytes of a block of these samples, of which there is at least one.
pub(super) fn write(samples: &[Sample], back: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + samples.len() * 6);
    let Some(first) = samples.first() else { return out };
    put(&mut out, u64::try_from(first.dts).unwrap_or(0));
    put(&mut out, u64::from(back));
    put(&mut out, first.offset);
    write_runs(&mut out, samples.iter().map(|s| s.description));
    write_runs(&mut out, samples.iter().map(|s| s.duration));
    write_composition_offsets(&mut out, samples);
    write_runs(&mut out, samples.iter().map(|s| u32::from(s.key)));
    write_sizes(&mut out, samples, first.offset);
    out
}

/// The greatest common divisor of all offsets, then each offset divided by it; 0 where all are 0.
fn write_composition_offsets(out: &mut Vec<u8>, samples: &[Sample]) {
    let offset = |s: &Sample| s.pts - s.dts;
    let unit = samples.iter().fold(0, |unit, s| common_divisor(unit, offset(s).unsigned_abs()));
    put(out, unit);
    if unit > 0 {
        for sample in samples {
            put_signed(out, offset(sample) / unit.cast_signed());
        }
    }
}

/// The smallest size, then for each sample what it has more, and where it does not follow the one
/// before it, the distance in bytes.
fn write_sizes(out: &mut Vec<u8>, samples: &[Sample], mut at: u64) {
    let least = samples.iter().map(|s| s.size).min().unwrap_or(0);
    put(out, u64::from(least));
    for sample in samples {
        let moved = sample.offset != at;
        put(out, u64::from(sample.size - least) << 1 | u64::from(moved));
        if moved {
            put_signed(out, sample.offset.cast_signed() - at.cast_signed());
        }
        at = sample.end();
    }
}

/// Pairs of a count and a value, until all samples have one.
fn write_runs(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
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
            return Err(reader.fault("run has no sample"));
        }
        let (run, others) = rest.split_at_mut(count);
        for sample in run {
            set(sample, value);
        }
        rest = others;
    }
    Ok(())
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

pub(super) fn front(reader: &mut Reader<'_>) -> Result<BlockFront> {
    Ok(BlockFront { dts: reader.up_to(TICKS_MAX)?, back: reader.up_to(u64::from(u32::MAX))? })
}

/// Appends the block's `count` samples to `out`, each with index 0.
pub(super) fn read(block: &[u8], count: u32, out: &mut Vec<Sample>) -> Result<()> {
    let mut reader = Reader::of(block);
    let front = front(&mut reader)?;
    let offset: u64 = reader.up_to(OFFSET_MAX)?;
    let from = out.len();
    out.resize(from + count.min(BLOCK_SAMPLES) as usize, UNREAD);
    let samples = out.get_mut(from..).unwrap_or_default();
    read_runs(&mut reader, samples, |sample, value| sample.description = value)?;
    read_runs(&mut reader, samples, |sample, value| sample.duration = value)?;
    read_times(&mut reader, samples, front.dts)?;
    read_runs(&mut reader, samples, |sample, value| sample.key = value != 0)?;
    read_sizes(&mut reader, samples, offset)
}

fn read_times(reader: &mut Reader<'_>, samples: &mut [Sample], mut dts: u64) -> Result<()> {
    let unit = i64::from(reader.up_to::<u32>(1 << 31)?);
    for sample in samples {
        sample.dts = dts.min(TICKS_MAX).cast_signed();
        dts += u64::from(sample.duration);
        let offset = if unit > 0 { reader.signed()?.saturating_mul(unit) } else { 0 };
        let offset = i32::try_from(offset);
        let offset = offset.map_err(|_| reader.fault("composition offset does not fit 32 bits"))?;
        sample.pts = sample.dts + i64::from(offset);
    }
    Ok(())
}

fn read_sizes(reader: &mut Reader<'_>, samples: &mut [Sample], mut offset: u64) -> Result<()> {
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
            return Err(reader.fault("sample lies past byte 2^53, or is over 256 MiB"));
        }
        offset = sample.end();
    }
    Ok(())
}
