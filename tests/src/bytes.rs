//! Generated content: the byte at every offset is known without storing any.

use std::io::{self, Write};

/// Bytes made at once: large enough that writing a gigabyte takes seconds.
const BLOCK_BYTES: usize = 1 << 20;

/// Length of the fixture's clip, which an upstream has, too.
pub const CLIP_BYTES: usize = 1000;
/// Seed of the clip's content.
pub const CLIP_SEED: u64 = 1;
/// A PNG of one grey pixel.
pub const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
\0\0\0\nIDATx\x9cc\x68\0\0\0\x82\0\x81\xdd\x43\x6a\xf4\0\0\0\0IEND\xae\x42\x60\x82";

/// `length` bytes of the endless content named `seed`, from `offset` on.
pub fn content(seed: u64, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 16);
    let mut word = offset / 8;
    let skip = usize::try_from(offset % 8).unwrap_or(0);
    while bytes.len() < length + skip {
        bytes.extend_from_slice(&mix(seed, word).to_le_bytes());
        word += 1;
    }
    bytes.drain(..skip);
    bytes.truncate(length);
    bytes
}

/// Writes the first `length` bytes of the content named `seed`.
pub fn write(out: &mut impl Write, seed: u64, length: u64) -> io::Result<()> {
    let mut offset = 0;
    while offset < length {
        let next = usize::try_from(length - offset).map_or(BLOCK_BYTES, |n| n.min(BLOCK_BYTES));
        out.write_all(&content(seed, offset, next))?;
        offset += next as u64;
    }
    Ok(())
}

/// The words of `SplitMix64`: any of them can be had without the ones before it.
fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A few numbers that look random and are the same in every run.
#[derive(Debug, Clone)]
pub struct Dice(u64, u64);

impl Dice {
    /// The numbers that `seed` names.
    pub const fn new(seed: u64) -> Self {
        Self(seed, 0)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.1 += 1;
        mix(self.0, self.1) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_the_same_in_any_pieces() {
        let whole = content(7, 0, 1000);
        for (offset, length) in [(0, 0), (0, 1), (1, 7), (7, 9), (8, 8), (991, 9), (500, 500)] {
            let expected = &whole[offset..offset + length];
            assert_eq!(content(7, offset as u64, length), expected, "{offset}+{length}");
        }
        assert_ne!(content(8, 0, 1000), whole, "another seed is other content");
    }

    #[test]
    fn written_content_equals_generated_content() {
        let mut out = Vec::new();
        write(&mut out, 3, BLOCK_BYTES as u64 + 5).expect("a vector takes everything");
        assert_eq!(out, content(3, 0, BLOCK_BYTES + 5));
    }
}
