//! Reads numbers of bits, the highest first.

/// Bits that are not read yet.
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next `count` bits, the last 32 of them as a number.
    pub(crate) fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = *self.data.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    /// The next bit.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// An Exp-Golomb code `ue(v)` (ISO/IEC 14496-10 § 9.1).
    pub(crate) fn code(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        (zeros < 32).then(|| self.take(zeros).map(|rest| (1_u32 << zeros) - 1 + rest)).flatten()
    }

    /// Steps over `count` codes.
    pub(crate) fn skip_codes(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.code().map(|_| ()))
    }
}
