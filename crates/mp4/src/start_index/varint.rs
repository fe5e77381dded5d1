//! LEB128 numbers: seven bits a byte, the lowest first; signed ones in zigzag form.

use crate::error::{Error, Result};

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, number.wrapping_shl(1).cast_unsigned() ^ (number >> 63).cast_unsigned());
}

/// Bytes with their length in front.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Reads numbers and bytes, and knows how many bytes it has read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    read: usize,
}

impl<'a> Reader<'a> {
    /// After `magic`, with which the bytes must begin.
    pub(super) fn behind(bytes: &'a [u8], magic: &[u8]) -> Result<Self> {
        let rest = bytes.strip_prefix(magic);
        let rest = rest.ok_or_else(|| Error::file(0, "bytes are of another form or version"))?;
        Ok(Self { rest, read: magic.len() })
    }

    pub(super) fn of(rest: &'a [u8]) -> Self {
        Self { rest, read: 0 }
    }

    pub(super) fn fault(&self, violation: &'static str) -> Error {
        Error::file(self.read as u64, violation)
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.fault("number does not fit 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number up to `max`.
    pub(super) fn up_to<T: TryFrom<u64>>(&mut self, max: u64) -> Result<T> {
        let fault = self.fault("number is over its limit");
        let number = Some(self.number()?).filter(|number| *number <= max);
        number.and_then(|number| T::try_from(number).ok()).ok_or(fault)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (bytes, rest) =
            self.rest.split_at_checked(len).ok_or_else(|| self.fault("bytes end too early"))?;
        (self.rest, self.read) = (rest, self.read + len);
        Ok(bytes)
    }

    /// Bytes with their length in front.
    pub(super) fn length_prefixed(&mut self) -> Result<&'a [u8]> {
        let len = self.up_to(u64::from(u32::MAX))?;
        self.bytes(len)
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let bytes = self.bytes(N)?;
        bytes.first_chunk().ok_or_else(|| self.fault("bytes end too early"))
    }

    /// These bytes as UTF-8.
    pub(super) fn text(&self, bytes: &[u8]) -> Result<String> {
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|_| self.fault("text is not UTF-8"))
    }

    /// These bytes as an ISO 639-2/T code, or as none where they are empty.
    pub(super) fn language(&self, code: &[u8]) -> Result<String> {
        if !(code.is_empty() || code.len() == 3 && code.iter().all(u8::is_ascii_lowercase)) {
            return Err(self.fault("language is not three lowercase letters"));
        }
        self.text(code)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let mut out = Vec::new();
        for number in numbers {
            put(&mut out, number);
            put_signed(&mut out, number.cast_signed());
            put_signed(&mut out, number.cast_signed().wrapping_neg());
        }
        let mut reader = Reader::of(&out);
        for number in numbers {
            assert_eq!(reader.number(), Ok(number));
            assert_eq!(reader.signed(), Ok(number.cast_signed()));
            assert_eq!(reader.signed(), Ok(number.cast_signed().wrapping_neg()));
        }
        assert!(reader.number().is_err());
        assert!(Reader::of(&[0xff; 11]).number().is_err());
    }
}
