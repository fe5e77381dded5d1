//! A pack: blocks of all tracks over a span of the film, and where in it each lies.

use super::varint::{Reader, put};
use crate::error::Result;
use crate::limits::PACK_BYTES_MAX;

const MAGIC: &[u8] = b"ffp\x01";

/// `blocks` by track. The directory is [`cost`] a block and 3 a track at most.
pub(super) fn write(number: u32, tracks: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put(&mut out, u64::from(number));
    for blocks in tracks {
        put(&mut out, blocks.len() as u64);
        for block in blocks {
            put(&mut out, block.len() as u64);
        }
    }
    tracks.iter().flatten().for_each(|block| out.extend(block));
    out
}

/// What a block takes, with its place in the directory.
pub(super) fn cost(block: &[u8]) -> usize {
    block.len() + 3
}

/// The `block`th block of a track; `tracks` are in every pack of its film.
pub(super) fn block(
    pack: &[u8],
    number: u32,
    tracks: usize,
    (track, block): (usize, u32),
) -> Result<&[u8]> {
    let mut reader = Reader::behind(pack, MAGIC)?;
    if reader.number()? != u64::from(number) {
        return Err(reader.fault("a pack is the one that is asked for"));
    }
    let (mut before, mut found) = (0, None);
    for i in 0..tracks {
        // A block has at least a byte, and a pack has no more than it may have.
        for j in 0..reader.up_to(PACK_BYTES_MAX as u64)? {
            let len: usize = reader.up_to(PACK_BYTES_MAX as u64)?;
            if (i, j) == (track, block) {
                found = Some((before, len));
            }
            before += len;
        }
    }
    let (before, len) =
        found.ok_or_else(|| reader.fault("a block is in the pack that is said to hold it"))?;
    reader.bytes(before)?;
    reader.bytes(len)
}
