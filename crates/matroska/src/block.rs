//! Blocks (RFC 9559 § 10): which track, when, and where their frames lie.

use crate::ebml::{Read, Unread, vint};

/// What the head of a block says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BlockHead {
    pub(crate) track: u64,
    /// Milliseconds, or what `TimestampScale` makes of them, after the cluster's time.
    pub(crate) time: i16,
    /// Of a `SimpleBlock`: whether decoding may begin with it.
    pub(crate) is_key: bool,
    /// Offset in the block, and size, of each frame.
    pub(crate) frames: Frames,
}

/// The head of a block of `size` bytes, of which the first ones are in `bytes`.
pub(crate) fn head(bytes: &[u8], size: u64) -> Read<BlockHead> {
    let (track, length, _) = vint(bytes)?;
    let fixed = bytes.get(length..).and_then(|rest| rest.first_chunk());
    let is_cut = size < length as u64 + 3;
    let why = if is_cut { Unread::Invalid } else { Unread::Short };
    let [high, low, flags] = fixed.filter(|_| !is_cut).ok_or(why)?;
    let mut lacing = Lacing { bytes, at: length + 3, size };
    let frames = match flags >> 1 & 3 {
        0 => lacing.frames(&[])?,
        1 => lacing.xiph()?,
        2 => lacing.fixed()?,
        _ => lacing.ebml()?,
    };
    let time = i16::from_be_bytes([*high, *low]);
    Ok(BlockHead { track, time, is_key: flags & 0x80 != 0, frames })
}

/// Several frames in one block, with the sizes of all but the last in front of them.
struct Lacing<'a> {
    bytes: &'a [u8],
    at: usize,
    size: u64,
}

/// Offset in the block, and size, of each frame.
type Frames = Vec<(u64, u64)>;

impl Lacing<'_> {
    /// The next byte; what lies behind the block is not there.
    fn byte(&mut self) -> Read<u8> {
        let is_behind = self.at as u64 >= self.size;
        let why = if is_behind { Unread::Invalid } else { Unread::Short };
        let byte = self.bytes.get(self.at).filter(|_| !is_behind).ok_or(why)?;
        self.at += 1;
        Ok(*byte)
    }

    /// Frames of these sizes, and one of what is left.
    fn frames(&self, sizes: &[u64]) -> Read<Frames> {
        let mut at = self.at as u64;
        let mut frames = Vec::with_capacity(sizes.len() + 1);
        for size in sizes {
            frames.push((at, *size));
            let end = at.checked_add(*size).filter(|end| *end <= self.size);
            at = end.ok_or(Unread::Invalid)?;
        }
        frames.push((at, self.size.saturating_sub(at)));
        Ok(frames)
    }

    fn fixed(&mut self) -> Read<Frames> {
        let count = u64::from(self.byte()?) + 1;
        let room = self.size.saturating_sub(self.at as u64);
        if !room.is_multiple_of(count) {
            return Err(Unread::Invalid);
        }
        let sizes: Vec<u64> = (1..count).map(|_| room / count).collect();
        self.frames(&sizes)
    }

    fn xiph(&mut self) -> Read<Frames> {
        self.laced(|lacing, _| {
            let mut size = 0;
            loop {
                let byte = lacing.byte()?;
                size += u64::from(byte);
                if byte < 255 {
                    return Ok(size);
                }
            }
        })
    }

    fn ebml(&mut self) -> Read<Frames> {
        self.laced(|lacing, before| {
            let (value, length, _) = vint(lacing.bytes.get(lacing.at..).unwrap_or_default())?;
            lacing.at += length;
            let Some(before) = before else { return Ok(value) };
            // A signed difference: its middle value is 0.
            let middle = (1_u64 << (7 * length - 1)) - 1;
            (before + value).checked_sub(middle).ok_or(Unread::Invalid)
        })
    }

    /// All sizes but that of the last frame, by `next`, which gets the one before.
    fn laced(&mut self, next: impl Fn(&mut Self, Option<u64>) -> Read<u64>) -> Read<Frames> {
        let count = self.byte()?;
        let mut sizes: Vec<u64> = Vec::with_capacity(count.into());
        for _ in 0..count {
            let size = next(self, sizes.last().copied())?;
            sizes.push(Some(size).filter(|size| *size <= self.size).ok_or(Unread::Invalid)?);
        }
        self.frames(&sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of track 2 at time -3, with these flags and this content.
    fn frames(flags: u8, content: &[u8]) -> Read<Frames> {
        let bytes = [&[0x82, 0xff, 0xfd, flags][..], content].concat();
        let block = head(&bytes, bytes.len() as u64)?;
        assert_eq!((block.track, block.time, block.is_key), (2, -3, flags & 0x80 != 0));
        Ok(block.frames)
    }

    #[test]
    fn frames_lie_behind_their_sizes() {
        assert_eq!(frames(0x80, &[1, 2, 3]), Ok(vec![(4, 3)]));
        // Xiph: two frames of 1 and 2 bytes, one of the rest.
        assert_eq!(frames(0x02, &[2, 1, 2, 9, 8, 8, 7, 7, 7]), Ok(vec![(7, 1), (8, 2), (10, 3)]));
        // EBML: 3 bytes, then one less.
        let ebml = [2, 0x83, 0xbe, 1, 1, 1, 2, 2, 3];
        assert_eq!(frames(0x06, &ebml), Ok(vec![(7, 3), (10, 2), (12, 1)]));
        assert_eq!(frames(0x04, &[1, 1, 1, 2, 2]), Ok(vec![(5, 2), (7, 2)]));
    }

    #[test]
    fn lacing_never_leaves_its_block() {
        assert_eq!(frames(0x04, &[1, 1, 1, 2]), Err(Unread::Invalid));
        assert_eq!(frames(0x02, &[1, 200, 1]), Err(Unread::Invalid));
        assert_eq!(frames(0x06, &[2, 0x81, 0x80, 1]), Err(Unread::Invalid));
        assert_eq!(head(&[0x82, 0, 0], 9), Err(Unread::Short));
        assert_eq!(head(&[0x82, 0, 0], 3), Err(Unread::Invalid));
    }
}
