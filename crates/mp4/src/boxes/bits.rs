//! Reads numbers of bits, the highest first.

/// Bits that are not read yet; behind the last one, all are 0.
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Whether more was read than there is.
    pub(crate) fn is_past_end(&self) -> bool {
        self.at > self.data.len() * 8
    }

    /// The next `count` bits, the last 32 of them as a number.
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.data.get(self.at / 8).copied().unwrap_or(0);
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        number
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let [.., byte] = self.take(8).to_be_bytes();
        byte
    }

    /// An Exp-Golomb code `ue(v)` (ISO/IEC 14496-10 § 9.1).
    pub(crate) fn code(&mut self) -> u32 {
        let mut zeros = 0;
        while zeros < 31 && self.take(1) == 0 {
            zeros += 1;
        }
        (1 << zeros) - 1 + self.take(zeros)
    }

    /// Steps over `count` codes.
    pub(crate) fn skip_codes(&mut self, count: u32) {
        for _ in 0..count {
            if self.is_past_end() {
                return;
            }
            self.code();
        }
    }
}
