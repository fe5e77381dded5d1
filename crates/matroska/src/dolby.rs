//! Descriptions of AC-3 and E-AC-3, from the head of a frame (ETSI TS 102 366).

use mp4::box_writer::boxed;

/// The bits of a frame's first bytes.
struct Bits(u128);

impl Bits {
    fn of(frame: &[u8]) -> Self {
        let mut padded = [0; 16];
        padded.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
        Self(u128::from_be_bytes(padded))
    }

    /// `count` bits from bit `at` on.
    fn at(&self, at: u32, count: u32) -> u32 {
        let bits = self.0 >> (128 - at - count) & ((1 << count) - 1);
        u32::try_from(bits).unwrap_or(0)
    }
}

/// The last bytes of a number.
fn last<const N: usize>(number: u64) -> [u8; N] {
    number.to_be_bytes().last_chunk().copied().unwrap_or([0; N])
}

fn written<const N: usize>(kind: [u8; 4], content: [u8; N]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, kind, |out| out.extend(content));
    out
}

/// `AC3SpecificBox` (§ F.4) of a frame (§ 4.3 and 4.4).
pub(crate) fn dac3(frame: &[u8]) -> Vec<u8> {
    let bits = Bits::of(frame);
    let (rate, size, mode) = (bits.at(32, 2), bits.at(34, 6), bits.at(48, 3));
    // In front of the bit for the low frequencies: levels of centre and surround, where they are.
    let has_centre = mode & 1 == 1 && mode != 1;
    let levels = [has_centre, mode & 4 != 0, mode == 2].iter().filter(|has| **has).count();
    let low = bits.at(51 + 2 * u32::try_from(levels).unwrap_or(0), 1);
    let fields = [(rate, 2), (bits.at(40, 5), 5), (bits.at(45, 3), 3), (mode, 3), (low, 1)];
    let all = fields.iter().fold(0, |all, (value, count)| all << count | u64::from(*value));
    written(*b"dac3", last::<3>((all << 5 | u64::from(size >> 1)) << 5))
}

/// `EC3SpecificBox` (§ F.6) of a frame (§ E.1.2) of one independent substream.
pub(crate) fn dec3(frame: &[u8]) -> Vec<u8> {
    let bits = Bits::of(frame);
    let (bytes, rate, second) = ((bits.at(21, 11) + 1) * 2, bits.at(32, 2), bits.at(34, 2));
    let blocks = if rate == 3 { 6 } else { *[1, 2, 3, 6].get(second as usize).unwrap_or(&6) };
    let hertz = *[48_000, 44_100, 32_000, 24_000].get(rate as usize).unwrap_or(&48_000);
    let kilobits = bytes * 8 * hertz / (blocks * 256) / 1000;
    let (mode, low, version) = (bits.at(36, 3), bits.at(39, 1), bits.at(40, 5));
    let fields = [(kilobits, 13), (0, 3), (rate, 2), (version, 5), (0, 5), (mode, 3), (low, 1)];
    let all = fields.iter().fold(0, |all, (value, count)| all << count | u64::from(*value));
    written(*b"dec3", last::<5>(all << 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_of_ac3_says_its_description() {
        // 48 kHz, 192 kbit/s, bsid 8, stereo.
        let frame = [0x0b, 0x77, 0, 0, 0x14, 0x40, 0x43, 0xe1];
        assert_eq!(dac3(&frame)[8..], [0x10, 0x11, 0x40]);
        // 5.1 at 448 kbit/s.
        let frame = [0x0b, 0x77, 0, 0, 0x1e, 0x40, 0xe1, 0xf8];
        assert_eq!(dac3(&frame)[8..], [0x10, 0x3d, 0xe0]);
    }

    #[test]
    fn frame_of_eac3_says_its_description() {
        // 48 kHz, six blocks, 768 bytes: 192 kbit/s; stereo, bsid 16.
        let frame = [0x0b, 0x77, 0x01, 0x7f, 0x34, 0x87];
        assert_eq!(dec3(&frame)[8..], [0x06, 0x00, 0x20, 0x04, 0x00]);
    }
}
