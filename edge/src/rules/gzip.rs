//! Puts a gzip member (RFC 1952) together from parts that were compressed before, and text that is stored as
//! it is: no compressor is in the program.

/// The largest stored block (RFC 1951 §3.2.4).
const STORED_BYTES_MAX: usize = 65_535;
/// Identification, method DEFLATE, no flags, no time, no operating system (RFC 1952 §2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty stored block, the last one.
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// A part of the content.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// Bytes, and the same as blocks of DEFLATE that end at a byte, none of them the last.
    Deflated(&'a [u8], &'a [u8]),
    /// Bytes that are stored.
    Stored(&'a [u8]),
}

impl<'a> Part<'a> {
    /// The bytes themselves.
    pub const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Deflated(bytes, _) | Self::Stored(bytes) => bytes,
        }
    }
}

/// The member with these parts.
pub fn member(parts: &[Part<'_>]) -> Vec<u8> {
    let mut member = HEADER.to_vec();
    let (mut crc, mut size) = (!0, 0_u32);
    for part in parts {
        for byte in part.bytes() {
            crc = updated(crc, *byte);
            size = size.wrapping_add(1);
        }
        match part {
            Part::Deflated(_, blocks) => member.extend_from_slice(blocks),
            Part::Stored(bytes) => {
                for block in bytes.chunks(STORED_BYTES_MAX) {
                    let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
                    member.push(0);
                    member.extend_from_slice(&length.to_le_bytes());
                    member.extend_from_slice(&(!length).to_le_bytes());
                    member.extend_from_slice(block);
                }
            }
        }
    }
    member.extend_from_slice(&LAST_BLOCK);
    member.extend_from_slice(&(!crc).to_le_bytes());
    member.extend_from_slice(&size.to_le_bytes());
    member
}

/// The CRC-32 (RFC 1952 §8) with one more byte. Bit by bit: a page has few kilobytes, and a table would be
/// one more.
fn updated(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| {
        if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_that_of_the_specification() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(!b"123456789".iter().fold(!0, |crc, byte| updated(crc, *byte)), 0xcbf4_3926);
    }

    #[test]
    fn member_has_its_parts_in_order() {
        // `a` in a block of fixed codes (RFC 1951 §3.2.6), and an empty stored block behind it.
        let a = [0x4a, 0x04, 0x00, 0x00, 0x00, 0xff, 0xff];
        let member = member(&[Part::Deflated(b"a", &a), Part::Stored(b"<>")]);
        let (front, rest) = member.split_at(10);
        assert_eq!(front, HEADER);
        let (blocks, trailer) = rest.split_at(rest.len() - 8);
        assert_eq!(blocks, [&a[..], &[0, 2, 0, 253, 255, b'<', b'>'], &LAST_BLOCK].concat());
        assert_eq!(trailer[4..], 3_u32.to_le_bytes());
    }
}
