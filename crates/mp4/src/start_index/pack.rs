//! A pack: blocks of all tracks over the same part of the film, behind a directory of their lengths.

use super::varint::{Reader, put};
use crate::error::Result;
use crate::limits::PACK_BYTES_MAX;

const MAGIC: &[u8] = b"ffp\x01";

/// The bytes of pack `number`, with these blocks of each track. The directory takes at most 3 bytes a
/// track and 3 bytes a block (see [`cost`]).
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

/// Bytes that a block adds to a pack, at most.
pub(super) fn cost(block: &[u8]) -> usize {
    block.len() + 3
}

/// The bytes of one block, by its track and its number in this pack; `tracks`: how many tracks the
/// start index has.
pub(super) fn block(
    pack: &[u8],
    number: u32,
    tracks: usize,
    wanted: (usize, u32),
) -> Result<&[u8]> {
    let mut reader = Reader::behind(pack, MAGIC)?;
    if reader.number()? != u64::from(number) {
        return Err(reader.fault("pack has another number than its place"));
    }
    let found = find(&mut reader, tracks, wanted)?;
    let (before, len) =
        found.ok_or_else(|| reader.fault("pack lacks a block that the head places in it"))?;
    reader.bytes(before)?;
    reader.bytes(len)
}

/// Reads the directory: the bytes in front of a block, counted from its end, and those of the block.
fn find(
    reader: &mut Reader<'_>,
    tracks: usize,
    wanted: (usize, u32),
) -> Result<Option<(usize, usize)>> {
    let (mut before, mut found) = (0, None);
    for track in 0..tracks {
        // A block has at least one byte, so a pack has fewer blocks than bytes.
        for block in 0..reader.up_to(PACK_BYTES_MAX as u64)? {
            let len: usize = reader.up_to(PACK_BYTES_MAX as u64)?;
            if (track, block) == wanted {
                found = Some((before, len));
            }
            before += len;
        }
    }
    Ok(found)
}
