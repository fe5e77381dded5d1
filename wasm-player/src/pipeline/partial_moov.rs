//! `moov` while parts of it are missing.

use mp4::ByteRange;

/// `moov` once its range is known.
pub(super) struct PartialMoov {
    pub(super) range: ByteRange,
    /// As long as `range`; zero where bytes are missing.
    pub(super) bytes: Vec<u8>,
    pub(super) missing: Vec<ByteRange>,
}

impl PartialMoov {
    /// Copies the part of `bytes` that lies in `moov`.
    pub(super) fn fill(&mut self, at: u64, bytes: &[u8]) {
        let piece = ByteRange { start: at, end: at + bytes.len() as u64 };
        let both = ByteRange {
            start: piece.start.max(self.range.start),
            end: piece.end.min(self.range.end),
        };
        if both.start >= both.end {
            return;
        }
        let within = |origin: u64| {
            let from = usize::try_from(both.start - origin).unwrap_or(usize::MAX);
            from..from.saturating_add(usize::try_from(both.len()).unwrap_or(usize::MAX))
        };
        let target = self.bytes.get_mut(within(self.range.start));
        if let Some((target, source)) = target.zip(bytes.get(within(at))) {
            target.copy_from_slice(source);
            self.missing = without(&self.missing, both);
        }
    }
}

/// The parts of `ranges` that lie outside `cut`.
pub(super) fn without(ranges: &[ByteRange], cut: ByteRange) -> Vec<ByteRange> {
    let parts = ranges.iter().flat_map(|range| {
        [
            ByteRange { start: range.start, end: range.end.min(cut.start).max(range.start) },
            ByteRange { start: range.start.max(cut.end).min(range.end), end: range.end },
        ]
    });
    parts.filter(|part| part.start < part.end).collect()
}

pub(super) fn total(ranges: &[ByteRange]) -> u64 {
    ranges.iter().map(ByteRange::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange { start, end }
    }

    #[test]
    fn ranges_without_a_cut_are_the_parts_outside_it() {
        let all = [range(10, 20)];
        assert_eq!(without(&all, range(12, 15)), [range(10, 12), range(15, 20)]);
        assert_eq!(without(&all, range(0, 15)), [range(15, 20)]);
        assert_eq!(without(&all, range(15, 99)), [range(10, 15)]);
        assert_eq!(without(&all, range(0, 99)), []);
        assert_eq!(without(&all, range(0, 10)), [range(10, 20)]);
        assert_eq!(without(&all, range(20, 30)), [range(10, 20)]);
    }
}
