//! `hvcC`: which parameter sets it contains (ISO/IEC 14496-15 § 8.3.3.1).

use super::be16;

const VPS_SPS_PPS: [u8; 3] = [32, 33, 34];

/// The FourCC for an entry `code`, where all parameter sets lie in its `hvcC`: Safari plays no `hev1` or
/// `dvhe`, which allow parameter sets among the pictures.
pub(crate) fn renamed(code: [u8; 4], hvcc: &[u8]) -> [u8; 4] {
    match &code {
        b"hev1" if is_whole(hvcc) => *b"hvc1",
        b"dvhe" if is_whole(hvcc) => *b"dvh1",
        _ => code,
    }
}

fn is_whole(hvcc: &[u8]) -> bool {
    let kinds = kinds(hvcc).unwrap_or_default();
    VPS_SPS_PPS.iter().all(|kind| kinds & 1_u64 << kind != 0)
}

/// A bit for each kind of unit that is there; `None` where the arrays are cut off.
fn kinds(hvcc: &[u8]) -> Option<u64> {
    let (mut at, mut kinds) = (23, 0);
    for _ in 0..*hvcc.get(22)? {
        let kind = *hvcc.get(at)? & 0x3f;
        let count = be16(hvcc, at + 1)?;
        at += 3;
        for _ in 0..count {
            at += 2 + usize::from(be16(hvcc, at)?);
        }
        hvcc.get(..at)?;
        kinds |= u64::from(count > 0) << kind;
    }
    Some(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hvcc(kinds: &[u8]) -> Vec<u8> {
        let mut hvcc = vec![1; 22];
        hvcc.push(u8::try_from(kinds.len()).unwrap());
        for kind in kinds {
            hvcc.extend([*kind, 0, 1, 0, 2, 0xaa, 0xbb]);
        }
        hvcc
    }

    #[test]
    fn entries_are_renamed_only_with_all_parameter_sets() {
        let whole = hvcc(&[32, 33, 34, 39]);
        assert_eq!(&renamed(*b"hev1", &whole), b"hvc1");
        assert_eq!(&renamed(*b"dvhe", &whole), b"dvh1");
        assert_eq!(&renamed(*b"avc3", &whole), b"avc3");
        assert_eq!(&renamed(*b"hev1", &hvcc(&[32, 34])), b"hev1");
        for cut in 0..whole.len() {
            assert_eq!(&renamed(*b"hev1", &whole[..cut]), b"hev1");
        }
    }
}
