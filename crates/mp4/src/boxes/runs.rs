//! Run-length tables, read in place: (how many samples, which value), with a few checkpoints.

use super::{BoxAt, Table};
use crate::error::{Error, Result};
use crate::limits::{RUNS_STEP, TICKS_MAX};

/// Entries of eight bytes: a sample count and a value.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    table: Table,
    marks: Vec<Mark>,
    samples: u32,
    sum: u64,
}

/// What lies before entry `k * RUNS_STEP`: samples, and the sum of their values.
#[derive(Clone, Copy, Debug)]
struct Mark {
    sample: u32,
    sum: u64,
}

/// A position in the table: the next sample's value and the sum of all before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunCursor {
    entry: u32,
    left: u32,
    value: u32,
    sum: u64,
}

impl Runs {
    /// Reads through the table once. `summed`: values are durations, which are added up.
    pub(crate) fn parse(data: &[u8], b: BoxAt, summed: bool, path: &'static str) -> Result<Self> {
        let table = Table::parse(data, b, 8, path)?;
        let fault = |i: u32, violation| Error::moov(path, table.at + i as usize * 8, violation);
        let mut marks = Vec::with_capacity((table.count / RUNS_STEP) as usize + 1);
        let (mut sample, mut sum) = (0_u32, 0_u64);
        for (i, row) in table.rows(data).iter().enumerate() {
            let i = u32::try_from(i).unwrap_or(u32::MAX);
            if i.is_multiple_of(RUNS_STEP) {
                marks.push(Mark { sample, sum });
            }
            let row = u64::from_be_bytes(*row);
            let (count, value) = ((row >> 32) as u32, (row & 0xffff_ffff) as u32);
            sample = sample
                .checked_add(count)
                .ok_or_else(|| fault(i, "over 2^32 samples; not read by Firstframe"))?;
            if summed {
                // § 8.6.1.2: deltas are unsigned, but what is above 31 bits is a negative one
                // that a muxer wrote, and times do not run backwards.
                if value > i32::MAX.cast_unsigned() {
                    return Err(fault(i, "sample duration is negative; § 8.6.1.2"));
                }
                sum += u64::from(count) * u64::from(value);
                if sum > TICKS_MAX {
                    return Err(fault(i, "track is over 2^53 ticks; not read by Firstframe"));
                }
            }
        }
        Ok(Self { table, marks, samples: sample, sum })
    }

    /// Samples described.
    pub(crate) fn samples(&self) -> u32 {
        self.samples
    }

    /// Sum over all samples.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// The value of each entry that has samples.
    pub(crate) fn values(&self, data: &[u8]) -> impl Iterator<Item = u32> {
        let rows = self.table.rows::<8>(data).iter().map(|row| u64::from_be_bytes(*row));
        rows.filter(|row| row >> 32 > 0).map(|row| (row & 0xffff_ffff) as u32)
    }

    /// The position of `sample`.
    pub(crate) fn at(&self, data: &[u8], sample: u32) -> RunCursor {
        let mark = self.marks.partition_point(|m| m.sample <= sample);
        let (mut cursor, first) = self.marked(mark);
        let mut skip = sample.saturating_sub(first);
        while cursor.load(&self.table, data) {
            let step = skip.min(cursor.left);
            cursor.skip(step);
            skip -= step;
            if skip == 0 && cursor.left > 0 {
                break;
            }
        }
        cursor
    }

    /// The last sample whose sum is at or below `sum`.
    pub(crate) fn sample_at(&self, data: &[u8], sum: u64) -> u32 {
        let mark = self.marks.partition_point(|m| m.sum <= sum);
        let (mut cursor, mut sample) = self.marked(mark);
        while cursor.load(&self.table, data) {
            let within = (sum - cursor.sum).checked_div(u64::from(cursor.value));
            let within = within.unwrap_or(u64::from(cursor.left));
            if within < u64::from(cursor.left) {
                return sample + u32::try_from(within).unwrap_or(0);
            }
            sample += cursor.left;
            cursor.skip(cursor.left);
            if cursor.sum > sum {
                break;
            }
        }
        sample.saturating_sub(1)
    }

    fn marked(&self, behind: usize) -> (RunCursor, u32) {
        let k = behind.saturating_sub(1);
        let mark = self.marks.get(k).copied().unwrap_or(Mark { sample: 0, sum: 0 });
        let entry = u32::try_from(k).unwrap_or(0) * RUNS_STEP;
        (RunCursor { entry, left: 0, value: 0, sum: mark.sum }, mark.sample)
    }

    /// The sum before the next sample, and its value; moves to the one after it. `None` at the end.
    pub(crate) fn next(&self, data: &[u8], cursor: &mut RunCursor) -> Option<(u64, u32)> {
        if !cursor.load(&self.table, data) {
            return None;
        }
        let here = (cursor.sum, cursor.value);
        cursor.skip(1);
        Some(here)
    }
}

impl RunCursor {
    /// Loads the next entry where the current one has no sample left; false at the end.
    fn load(&mut self, table: &Table, data: &[u8]) -> bool {
        while self.left == 0 {
            let (Some(count), Some(value)) =
                (table.get(data, self.entry, 8, 0), table.get(data, self.entry, 8, 4))
            else {
                return false;
            };
            (self.left, self.value) = (count, value);
            self.entry += 1;
        }
        true
    }

    fn skip(&mut self, samples: u32) {
        self.left -= samples;
        // A table whose values are offsets has no meaningful sum: it may wrap.
        self.sum = self.sum.wrapping_add(u64::from(samples) * u64::from(self.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(u32, u32)]) -> (Vec<u8>, BoxAt) {
        let mut data = vec![0; 12];
        data.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        for (count, value) in entries {
            data.extend(count.to_be_bytes());
            data.extend(value.to_be_bytes());
        }
        let end = data.len();
        (data, BoxAt { kind: *b"stts", start: 0, body: 8, end })
    }

    #[test]
    fn run_lookups_agree_with_a_linear_walk() {
        let entries: Vec<_> = (0..1000_u32).map(|i| (i % 4, 1 + i % 7)).collect();
        let (data, b) = table(&entries);
        let runs = Runs::parse(&data, b, true, "stts").unwrap();
        let plain: Vec<u32> =
            entries.iter().flat_map(|&(n, v)| std::iter::repeat_n(v, n as usize)).collect();
        assert_eq!(runs.samples() as usize, plain.len());
        let mut sum = 0;
        for (i, &value) in plain.iter().enumerate() {
            let i = u32::try_from(i).unwrap();
            let mut cursor = runs.at(&data, i);
            assert_eq!(runs.next(&data, &mut cursor), Some((sum, value)), "sample {i}");
            assert_eq!(runs.sample_at(&data, sum), i);
            assert_eq!(runs.sample_at(&data, sum + u64::from(value) - 1), i);
            sum += u64::from(value);
        }
        assert_eq!(runs.sum(), sum);
        let mut behind = runs.at(&data, runs.samples());
        assert_eq!(runs.next(&data, &mut behind), None);
        assert_eq!(runs.sample_at(&data, u64::MAX), runs.samples() - 1);
    }

    #[test]
    fn negative_durations_are_refused() {
        let (data, b) = table(&[(1, 1), (1, 0xffff_fff0)]);
        let error = Runs::parse(&data, b, true, "stts").unwrap_err();
        assert_eq!(
            error.to_string(),
            "moov/stts: sample duration is negative; § 8.6.1.2 (byte 24 of moov)"
        );
    }
}
