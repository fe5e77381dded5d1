//! Errors of building and of reading a catalog.

use core::fmt;

/// Result of every fallible operation in this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Titles that cannot be built, or bytes that are no pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An id is malformed (see `api::limits::is_id`).
    InvalidId(String),
    /// Two titles, or two episodes of one title, share an id.
    DuplicateId(String),
    /// One title, the home view or the manifest does not fit one key-value value.
    TooLarge {
        /// Which of them, such as the title `a`.
        what: String,
        /// Its size in bytes.
        size_bytes: usize,
    },
    /// More titles or episodes than the limit.
    TooMany {
        /// `titles`, or `episodes of one title`.
        what: &'static str,
        /// The limit.
        count_max: usize,
    },
    /// The bytes of a pack do not parse.
    Malformed {
        /// What they should be, such as `manifest`.
        what: &'static str,
        /// The parser's error.
        detail: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidId(id) => {
                write!(
                    f,
                    "the id `{id}` is malformed: use 1 to 128 of a-z 0-9 . _ -, with a letter or digit \
                     first"
                )
            }
            Self::DuplicateId(id) => write!(f, "the id `{id}` is used twice"),
            Self::TooLarge { what, size_bytes } => write!(
                f,
                "{what} takes {size_bytes} bytes, more than the limit of {}",
                api::limits::VALUE_BYTES_MAX
            ),
            Self::TooMany { what, count_max } => {
                write!(f, "there are more than {count_max} {what}")
            }
            Self::Malformed { what, detail } => write!(f, "the {what} does not parse: {detail}"),
        }
    }
}

impl core::error::Error for Error {}
