//! The root of a start index: it names the packs, holds the head, and is written after both.

use super::varint::{Reader, put, put_bytes};
use crate::error::Result;
use crate::limits::{OFFSET_MAX, PACK_BYTES_MAX, PACKS_MAX, REASON_BYTES_MAX};

const MAGIC: &[u8] = b"ffr\x01";
/// A pack's name: the hash of its bytes, 32 bytes in lowercase hexadecimal.
const NAME_LEN: usize = 64;

/// What is stored for the starts of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// No start index, for this reason; at most 400 bytes are stored.
    Refused(&'a str),
    /// A start index.
    Stored {
        /// Size of the film's file in bytes.
        size_bytes: u64,
        /// The packs' names: name `n` is of pack `n`.
        names: Vec<&'a str>,
        /// The head, for [`StartIndex::read`](super::StartIndex::read).
        head: &'a [u8],
    },
}

impl<'a> Root<'a> {
    /// The stored form.
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

    /// Reads the stored form.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::behind(bytes, MAGIC)?;
        if reader.up_to::<u8>(1)? == 0 {
            let why = reader.length_prefixed()?;
            let why = str::from_utf8(why).ok().filter(|why| why.len() <= REASON_BYTES_MAX);
            return Ok(Self::Refused(
                why.ok_or_else(|| reader.fault("reason is not UTF-8, or over 400 bytes"))?,
            ));
        }
        let size_bytes = reader.up_to(OFFSET_MAX)?;
        let names = read_names(&mut reader)?;
        let head = reader.length_prefixed()?;
        if head.len() > PACK_BYTES_MAX || !reader.rest().is_empty() {
            return Err(reader.fault("head is over 900,000 bytes, or not the last field"));
        }
        Ok(Self::Stored { size_bytes, names, head })
    }
}

fn read_names<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>> {
    let mut names = Vec::new();
    for _ in 0..reader.up_to(PACKS_MAX)? {
        let name = reader.bytes(NAME_LEN)?;
        let is_hash = name.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let name = str::from_utf8(name).ok().filter(|_| is_hash);
        let fault = || reader.fault("pack name is not 64 lowercase hexadecimal digits");
        names.push(name.ok_or_else(fault)?);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_comes_back_as_written_or_with_an_error() {
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
        let invalid = name.replace('0', "O");
        let invalid = Root::Stored { size_bytes: 1, names: vec![&invalid], head: b"" }.write();
        assert!(Root::read(&invalid).is_err());
    }
}
