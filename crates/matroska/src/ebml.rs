//! Elements of EBML (RFC 8794), and the ids of those that are read.

/// An element's id with its marker bits, as RFC 9559 prints it.
pub(crate) type Id = u32;

pub(crate) const EBML: Id = 0x1a45_dfa3;
pub(crate) const SEGMENT: Id = 0x1853_8067;
pub(crate) const INFO: Id = 0x1549_a966;
pub(crate) const TRACKS: Id = 0x1654_ae6b;
pub(crate) const CLUSTER: Id = 0x1f43_b675;
pub(crate) const TIMESTAMP: Id = 0xe7;
pub(crate) const SIMPLE_BLOCK: Id = 0xa3;
pub(crate) const BLOCK_GROUP: Id = 0xa0;
pub(crate) const BLOCK: Id = 0xa1;
pub(crate) const REFERENCE_BLOCK: Id = 0xfb;

/// The head of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: Id,
    /// Bytes of id and size.
    pub(crate) length: u64,
    /// Bytes of the content; `None` where the size is unknown.
    pub(crate) size: Option<u64>,
}

/// Why the first bytes of something are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// More bytes are needed.
    Short,
    /// Nothing valid begins like that.
    Invalid,
}

/// What the first bytes are.
pub(crate) type Read<T> = Result<T, Unread>;

/// The bytes of a variable-size integer, from its first one.
fn length_of(first: u8) -> usize {
    first.leading_zeros() as usize + 1
}

/// A variable-size integer without its marker, its length, and whether all its bits are 1.
pub(crate) fn vint(bytes: &[u8]) -> Read<(u64, usize, bool)> {
    let length = length_of(*bytes.first().ok_or(Unread::Short)?);
    if length > 8 {
        return Err(Unread::Invalid);
    }
    let all = bytes.get(..length).ok_or(Unread::Short)?;
    let value = all.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let mask = (1_u64 << (7 * length)) - 1;
    Ok((value & mask, length, value & mask == mask))
}

/// The head of an element at the beginning of these bytes.
pub(crate) fn head(bytes: &[u8]) -> Read<Head> {
    let length = length_of(*bytes.first().ok_or(Unread::Short)?);
    if length > 4 {
        return Err(Unread::Invalid);
    }
    let id = bytes.get(..length).ok_or(Unread::Short)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let (size, size_length, is_unknown) = vint(bytes.get(length..).unwrap_or_default())?;
    let size = (!is_unknown).then_some(size);
    Ok(Head { id, length: (length + size_length) as u64, size })
}

/// The elements in the content of another one; ends where one does not fit.
pub(crate) fn children(content: &[u8]) -> impl Iterator<Item = (Id, &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let Head { id, length, size } = head(rest).ok()?;
        let start = usize::try_from(length).ok()?;
        let end = start.checked_add(usize::try_from(size?).ok()?)?;
        let child = rest.get(start..end)?;
        rest = rest.get(end..)?;
        Some((id, child))
    })
}

/// An unsigned integer of at most eight bytes; 0 where it has none.
pub(crate) fn uint(content: &[u8]) -> u64 {
    let last = content.get(content.len().saturating_sub(8)..).unwrap_or_default();
    last.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A float of four or eight bytes; 0 where it has none.
pub(crate) fn float(content: &[u8]) -> f64 {
    if let Ok(four) = <[u8; 4]>::try_from(content) {
        f32::from_be_bytes(four).into()
    } else {
        <[u8; 8]>::try_from(content).map_or(0.0, f64::from_be_bytes)
    }
}

/// A string up to its first zero byte.
pub(crate) fn text(content: &[u8]) -> String {
    let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    String::from_utf8_lossy(content.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_to_eight_bytes() {
        assert_eq!(vint(&[0x81]), Ok((1, 1, false)));
        assert_eq!(vint(&[0x40, 0x7f]), Ok((127, 2, false)));
        assert_eq!(vint(&[0xff]), Ok((127, 1, true)));
        assert_eq!(vint(&[1, 0, 0, 0, 0, 0, 0, 9]), Ok((9, 8, false)));
        assert_eq!(vint(&[0x40]), Err(Unread::Short));
        assert_eq!(vint(&[0]), Err(Unread::Invalid));
    }

    #[test]
    fn head_names_an_element_and_its_size() {
        let cluster = Head { id: CLUSTER, length: 12, size: None };
        let bytes = [0x1f, 0x43, 0xb6, 0x75, 1, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(head(&bytes), Ok(cluster));
        assert_eq!(head(&bytes[..11]), Err(Unread::Short));
        assert_eq!(head(&[0x08, 0]), Err(Unread::Invalid));
    }

    #[test]
    fn children_end_where_one_does_not_fit() {
        let content = [0xe7, 0x81, 5, 0xd7, 0x82, 1];
        assert_eq!(children(&content).collect::<Vec<_>>(), [(0xe7, &[5][..])]);
        assert_eq!(float(&1.5_f32.to_be_bytes()).to_bits(), 1.5_f64.to_bits());
        assert_eq!(text(b"eng\0\0"), "eng");
        assert_eq!(uint(&[1, 2]), 258);
    }
}
