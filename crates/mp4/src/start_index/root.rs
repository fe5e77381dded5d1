//! The root of a stored film: what is written last names the packs, and has the head in it.

use super::varint::{Reader, put, put_bytes};
use crate::error::Result;
use crate::limits::{OFFSET_MAX, PACK_BYTES_MAX, PACKS_MAX, REASON_BYTES_MAX};

const MAGIC: &[u8] = b"ffr\x01";
/// A pack's name: the hash of its bytes, 32 bytes in hexadecimal.
const NAME_LEN: usize = 64;

/// What there is of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// Nothing, and why.
    Refused(&'a str),
    /// A head, and packs by these names.
    Stored {
        /// Bytes of the film's file.
        size_bytes: u64,
        /// In their order.
        names: Vec<&'a str>,
        /// For [`StartIndex::read`](super::StartIndex::read).
        head: &'a [u8],
    },
}

impl<'a> Root<'a> {
    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        match self {
            Self::Refused(why) => {
                put(&mut out, 0);
                let end = why.floor_char_boundary(REASON_BYTES_MAX);
                put_bytes(&mut out, why.as_bytes().get(..end).unwrap_or_default());
            }
            Self::Stored { size_bytes, names, head } => {
                put(&mut out, 1);
                put(&mut out, *size_bytes);
                put(&mut out, names.len() as u64);
                for name in names {
                    out.extend(name.as_bytes());
                }
                put_bytes(&mut out, head);
            }
        }
        out
    }

    /// Reads them again.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::behind(bytes, MAGIC)?;
        if reader.up_to::<u8>(1)? == 0 {
            let why = reader.counted()?;
            let why = str::from_utf8(why).ok().filter(|why| why.len() <= REASON_BYTES_MAX);
            return Ok(Self::Refused(why.ok_or_else(|| reader.fault("a reason is a text"))?));
        }
        let size_bytes = reader.up_to(OFFSET_MAX)?;
        let mut names = Vec::new();
        for _ in 0..reader.up_to(PACKS_MAX)? {
            let name = reader.bytes(NAME_LEN)?;
            let is_hash = name.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let name = str::from_utf8(name).ok().filter(|_| is_hash);
            names.push(name.ok_or_else(|| reader.fault("a name has 64 hexadecimal digits"))?);
        }
        let head = reader.counted()?;
        if head.len() > PACK_BYTES_MAX || !reader.rest().is_empty() {
            return Err(reader.fault("a head of at most 900,000 bytes comes last"));
        }
        Ok(Self::Stored { size_bytes, names, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_says_what_was_written_or_what_is_wrong() {
        let name = "0123456789abcdef".repeat(4);
        let stored =
            Root::Stored { size_bytes: 5_000_000_000, names: vec![&name, &name], head: b"head" };
        for root in [stored, Root::Refused("it has moof boxes")] {
            let bytes = root.write();
            assert_eq!(Root::read(&bytes).unwrap(), root);
            for end in 0..bytes.len() {
                assert!(Root::read(&bytes[..end]).is_err(), "{end}");
            }
        }
        let why = "ü".repeat(REASON_BYTES_MAX);
        assert!(Root::read(&Root::Refused(&why).write()).is_ok(), "a long reason is cut");
        let odd = name.replace('0', "O");
        let odd = Root::Stored { size_bytes: 1, names: vec![&odd], head: b"" }.write();
        assert!(Root::read(&odd).is_err());
    }
}
