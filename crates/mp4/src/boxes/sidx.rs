//! `sidx`: an index from times to offsets in a fragmented file (§ 8.16.3).

use super::{BoxAt, be16, be32, number};
use crate::ticks::ms;

/// An entry: the time and offset of a `moof`, or of a further `sidx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// In milliseconds.
    pub(crate) time_ms: u64,
    pub(crate) offset: u64,
}

/// The entries of a `sidx` that ends at offset `end` of the file; when and where the last one ends.
pub(crate) fn parse(data: &[u8], b: BoxAt, end: u64) -> Option<(Vec<Reference>, u64, u64)> {
    let body = b.content(data);
    let scale = be32(body, 8)?;
    let wide = body.first() != Some(&0);
    let (first_at, mut at) = if wide { (20, 28) } else { (16, 20) };
    let (time, first) = (number(body, 12, wide)?, number(body, first_at, wide)?);
    let count = be16(body, at + 2)?;
    at += 4;
    let mut time = time.min(crate::limits::TICKS_MAX);
    let mut offset = end.saturating_add(first);
    let mut found = Vec::with_capacity(usize::from(count).min(body.len() / 12));
    for _ in 0..count {
        let (size, duration) = (be32(body, at)? & 0x7fff_ffff, be32(body, at + 4)?);
        found.push(Reference { time_ms: ms(time, scale), offset });
        offset = offset.saturating_add(u64::from(size));
        time += u64::from(duration);
        at += 12;
    }
    Some((found, ms(time, scale), offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidx_references_have_consecutive_offsets() {
        let mut data = vec![0; 12];
        let fields = [1, 1000, 500, 40, 2, 0x8000_0064, 2000, 0, 200, 3000, 0x9000_0000_u32];
        data.extend(fields.into_iter().flat_map(u32::to_be_bytes));
        let b = BoxAt { kind: *b"sidx", start: 0, body: 8, end: data.len() };
        let (found, until, end) = parse(&data, b, 1000).unwrap();
        let references: Vec<_> = found.iter().map(|r| (r.time_ms, r.offset)).collect();
        assert_eq!((references, until, end), (vec![(500, 1040), (2500, 1140)], 5500, 1340));
        assert!(parse(&data, BoxAt { end: data.len() - 5, ..b }, 1000).is_none());
    }
}
