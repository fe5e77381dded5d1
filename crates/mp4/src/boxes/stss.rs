//! `stss`: which samples are key frames (§ 8.6.2).

use super::{BoxAt, Table};
use crate::error::{Error, Result};

const PATH: &str = "mdia/minf/stbl/stss";

/// Sample numbers in place; samples count from 0 here, from 1 in the box.
#[derive(Debug, Default)]
pub(crate) struct Stss {
    table: Table,
}

impl Stss {
    pub(crate) fn parse(data: &[u8], b: BoxAt) -> Result<Self> {
        let table = Table::parse(data, b, 4, PATH)?;
        let mut before = 0;
        for (i, row) in table.rows(data).iter().enumerate() {
            let number = u32::from_be_bytes(*row);
            if number < before {
                let at = table.at + i * 4;
                return Err(Error::moov(PATH, at, "sample numbers do not ascend; § 8.6.2"));
            }
            before = number;
        }
        Ok(Self { table })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.count == 0
    }

    fn key(&self, data: &[u8], i: u32) -> Option<u32> {
        self.table.get(data, i, 4, 0).map(|number| number.saturating_sub(1))
    }

    /// How many key frames lie before `sample`, in the sense of the table.
    fn before(&self, data: &[u8], sample: u32) -> u32 {
        let (mut low, mut high) = (0, self.table.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(data, middle).is_some_and(|key| key < sample) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(crate) fn is_key(&self, data: &[u8], sample: u32) -> bool {
        self.key(data, self.before(data, sample)) == Some(sample)
    }

    /// The last key frame at or before `sample`.
    pub(crate) fn at_or_before(&self, data: &[u8], sample: u32) -> Option<u32> {
        let i = self.before(data, sample.saturating_add(1)).checked_sub(1)?;
        self.key(data, i)
    }

    /// The first key frame behind `sample`.
    pub(crate) fn after(&self, data: &[u8], sample: u32) -> Option<u32> {
        self.key(data, self.before(data, sample.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_before_and_after_a_sample_are_found() {
        let numbers = [1_u32, 11, 11, 21];
        let mut data = vec![0; 12];
        data.extend(4_u32.to_be_bytes());
        data.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
        let b = BoxAt { kind: *b"stss", start: 0, body: 8, end: data.len() };
        let stss = Stss::parse(&data, b).unwrap();
        assert!(stss.is_key(&data, 0) && stss.is_key(&data, 10) && !stss.is_key(&data, 9));
        assert_eq!(stss.at_or_before(&data, 9), Some(0));
        assert_eq!(stss.at_or_before(&data, 10), Some(10));
        assert_eq!(stss.at_or_before(&data, u32::MAX), Some(20));
        assert_eq!(stss.after(&data, 0), Some(10));
        assert_eq!(stss.after(&data, 10), Some(20));
        assert_eq!(stss.after(&data, 20), None);
    }
}
