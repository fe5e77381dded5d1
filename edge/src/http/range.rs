//! Byte ranges of a representation (RFC 9110 §14.1.2).

/// Half-open byte range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// How many bytes.
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Which bytes to read; what each form means is fixed by RFC 9110 §14.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadRange {
    /// All of them.
    Whole,
    /// From `first` to `last` inclusive, or to the end where that comes earlier.
    Closed {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte, not less than `first`.
        last: u64,
    },
    /// From `first` to the end.
    From {
        /// Offset of the first byte.
        first: u64,
    },
    /// The last `length` bytes, or all where there are fewer.
    Suffix {
        /// How many.
        length: u64,
    },
}

/// Offsets that every platform can write down: JavaScript's numbers are doubles, and S3 services
/// refuse what they cannot count. No store has an object nearly as large.
const OFFSET_MAX: u64 = (1 << 53) - 1;

impl ReadRange {
    /// The same range in numbers that every platform can write down.
    #[must_use]
    pub fn writable(self) -> Self {
        match self {
            Self::Whole => Self::Whole,
            Self::Closed { first, last } => {
                Self::Closed { first: first.min(OFFSET_MAX), last: last.min(OFFSET_MAX) }
            }
            Self::From { first } => Self::From { first: first.min(OFFSET_MAX) },
            Self::Suffix { length } => Self::Suffix { length: length.min(OFFSET_MAX) },
        }
    }

    /// The bytes that this names in an object of this size; none where it names none of them.
    pub fn within(self, size_bytes: u64) -> Option<ByteRange> {
        let (start, end) = match self {
            Self::Whole => return Some(ByteRange { start: 0, end: size_bytes }),
            Self::Closed { first, last } => (first, last.saturating_add(1).min(size_bytes)),
            Self::From { first } => (first, size_bytes),
            Self::Suffix { length } => (size_bytes.saturating_sub(length), size_bytes),
        };
        (start < end).then_some(ByteRange { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_names_bytes_of_an_object_as_rfc_9110_14_1_2_says() {
        let closed = |first, last| ReadRange::Closed { first, last };
        for (range, size_bytes, named) in [
            (ReadRange::Whole, 10, Some((0, 10))),
            (ReadRange::Whole, 0, Some((0, 0))),
            (closed(0, 0), 10, Some((0, 1))),
            (closed(2, 5), 10, Some((2, 6))),
            (closed(9, u64::MAX), 10, Some((9, 10))),
            (closed(10, 20), 10, None),
            (closed(0, 0), 0, None),
            (ReadRange::From { first: 9 }, 10, Some((9, 10))),
            (ReadRange::From { first: 10 }, 10, None),
            (ReadRange::Suffix { length: 3 }, 10, Some((7, 10))),
            (ReadRange::Suffix { length: 30 }, 10, Some((0, 10))),
            (ReadRange::Suffix { length: 0 }, 10, None),
            (ReadRange::Suffix { length: 3 }, 0, None),
        ] {
            let named = named.map(|(start, end)| ByteRange { start, end });
            assert_eq!(range.within(size_bytes), named, "{range:?} of {size_bytes}");
        }
    }
}
