//! `stsc`: which samples lie in which chunk (§ 8.7.4).

use super::{BoxAt, Table};
use crate::error::{Error, Result};
use crate::limits::RUNS_STEP;

const PATH: &str = "mdia/minf/stbl/stsc";

/// Entries in place, with the first sample of every [`RUNS_STEP`]th.
#[derive(Debug, Default)]
pub(crate) struct Stsc {
    table: Table,
    marks: Vec<u32>,
    chunks: u32,
    samples: u32,
    longest: u32,
}

/// A chunk: its number from 0, its samples, and which description they have (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    entry: u32,
    entry_end: u32,
    pub(crate) number: u32,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) description: u32,
}

impl Stsc {
    /// `chunks`: how many there are, by `stco`.
    pub(crate) fn parse(data: &[u8], b: BoxAt, chunks: u32) -> Result<Self> {
        let table = Table::parse(data, b, 12, PATH)?;
        let mut stsc = Self { table, chunks, ..Self::default() };
        let mut samples = 0_u64;
        let mut rows = table.rows::<12>(data).iter().map(head).peekable();
        let mut i = 0;
        while let Some((from, count)) = rows.next() {
            let fault = |violation| Error::moov(PATH, table.at + i * 12, violation);
            let to = rows.peek().map_or(chunks, |next| next.0.min(chunks));
            if i == 0 && from != 0 {
                return Err(fault("chunk numbers do not ascend from 1; § 8.7.4"));
            }
            if i.is_multiple_of(RUNS_STEP as usize) {
                stsc.marks.push(u32::try_from(samples).unwrap_or(u32::MAX));
            }
            if from >= chunks {
                // Entries for chunks that `stco` does not have describe nothing.
                break;
            }
            if to <= from {
                return Err(fault("chunk numbers do not ascend from 1; § 8.7.4"));
            }
            samples += u64::from(to - from) * u64::from(count);
            samples = samples.min(u64::from(u32::MAX));
            stsc.longest = stsc.longest.max(count);
            i += 1;
        }
        stsc.samples = u32::try_from(samples).unwrap_or(u32::MAX);
        Ok(stsc)
    }

    /// Chunks from, up to, and samples in each, of entry `i`.
    fn entry(&self, data: &[u8], i: u32) -> Option<(u32, u32, u32)> {
        let from = self.table.get(data, i, 12, 0)?.saturating_sub(1);
        let to = self.table.get(data, i + 1, 12, 0).map_or(self.chunks, |n| n.saturating_sub(1));
        Some((from, to.min(self.chunks), self.table.get(data, i, 12, 4)?))
    }

    pub(crate) fn samples(&self) -> u32 {
        self.samples
    }

    /// The most samples that a chunk has.
    pub(crate) fn longest(&self) -> u32 {
        self.longest
    }

    fn load(&self, data: &[u8], mut entry: u32, first: u32) -> Option<Chunk> {
        loop {
            let (number, entry_end, count) = self.entry(data, entry)?;
            let description = self.table.get(data, entry, 12, 8)?;
            if number < entry_end && count > 0 {
                return Some(Chunk { entry, entry_end, number, first, count, description });
            }
            // Some files have chunks without samples, which no rule allows.
            entry += 1;
        }
    }

    /// The chunk in which `sample` lies.
    pub(crate) fn chunk_of(&self, data: &[u8], sample: u32) -> Option<Chunk> {
        let mark = self.marks.partition_point(|first| *first <= sample).checked_sub(1)?;
        let first = *self.marks.get(mark)?;
        let mut chunk = self.load(data, u32::try_from(mark).ok()? * RUNS_STEP, first)?;
        loop {
            let ahead = (sample - chunk.first) / chunk.count;
            let here = chunk.entry_end - chunk.number;
            if ahead < here {
                chunk.number += ahead;
                chunk.first += ahead * chunk.count;
                return Some(chunk);
            }
            let first = chunk.first.checked_add(here.checked_mul(chunk.count)?)?;
            chunk = self.load(data, chunk.entry + 1, first)?;
        }
    }

    /// The chunk after `chunk`.
    pub(crate) fn after(&self, data: &[u8], chunk: &Chunk) -> Option<Chunk> {
        let first = chunk.first.checked_add(chunk.count)?;
        if chunk.number + 1 < chunk.entry_end {
            return Some(Chunk { number: chunk.number + 1, first, ..*chunk });
        }
        self.load(data, chunk.entry + 1, first)
    }
}

/// The first chunk of an entry, from 0, and how many samples each has.
fn head(row: &[u8; 12]) -> (u32, u32) {
    let head = row.first_chunk().map_or(0, |head| u64::from_be_bytes(*head));
    (((head >> 32) as u32).saturating_sub(1), (head & 0xffff_ffff) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stsc(entries: &[(u32, u32)], chunks: u32) -> Result<(Vec<u8>, Stsc)> {
        let mut data = vec![0; 12];
        data.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        for (first, count) in entries {
            data.extend([*first, *count, 1].into_iter().flat_map(u32::to_be_bytes));
        }
        let end = data.len();
        let b = BoxAt { kind: *b"stsc", start: 0, body: 8, end };
        let stsc = Stsc::parse(&data, b, chunks)?;
        Ok((data, stsc))
    }

    #[test]
    fn every_sample_is_found_in_its_chunk() {
        let entries: Vec<_> = (0..500_u32).map(|i| (1 + i * 2, 1 + i % 5)).collect();
        let (data, stsc) = stsc(&entries, 1001).unwrap();
        let mut chunk = stsc.chunk_of(&data, 0).unwrap();
        let mut sample = 0;
        for number in 0..1001 {
            let count = entries[(number as usize / 2).min(499)].1;
            assert_eq!((chunk.number, chunk.first, chunk.count), (number, sample, count));
            for i in sample..sample + count {
                let found = stsc.chunk_of(&data, i).unwrap();
                assert_eq!((found.number, found.first), (number, sample));
            }
            sample += count;
            match stsc.after(&data, &chunk) {
                Some(next) => chunk = next,
                None => assert_eq!(number, 1000),
            }
        }
        assert_eq!(stsc.samples(), sample);
        assert!(stsc.chunk_of(&data, sample).is_none());
    }

    #[test]
    fn entries_of_missing_chunks_are_ignored() {
        let (data, stsc) = stsc(&[(1, 2), (3, 5), (9, 1)], 4).unwrap();
        assert_eq!(stsc.samples(), 14);
        assert!(stsc.chunk_of(&data, 14).is_none());
    }

    #[test]
    fn chunks_without_samples_are_skipped() {
        let (data, stsc) = stsc(&[(1, 0), (2, 3), (3, 0), (4, 1)], 4).unwrap();
        assert_eq!(stsc.samples(), 4);
        let found: Vec<_> = (0..4).map(|i| stsc.chunk_of(&data, i).unwrap().number).collect();
        assert_eq!(found, [1, 1, 1, 3]);
        let first = stsc.chunk_of(&data, 0).unwrap();
        assert_eq!(stsc.after(&data, &first).unwrap().number, 3);
    }

    #[test]
    fn entries_out_of_order_are_refused() {
        assert!(stsc(&[(1, 2), (1, 5)], 4).is_err());
        assert!(stsc(&[(2, 2)], 4).is_err());
    }
}
