//! What can be wrong with a catalogue.

use core::fmt;

/// Result of every fallible operation in this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Titles that cannot be built, or bytes that are no pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An id has a form that no id has.
    InvalidId(String),
    /// Two titles, or two episodes of one title, share an id.
    DuplicateId(String),
    /// One title, the home view or the manifest does not fit one key-value value.
    TooLarge {
        /// Which.
        what: String,
        /// How large it is.
        size_bytes: usize,
    },
    /// More titles or episodes than the limit.
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        count_max: usize,
    },
    /// The bytes are not the pack that they are taken for.
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What the parser says.
        detail: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidId(id) => {
                write!(f, "`{id}` is no id: up to 128 of a-z 0-9 . _ -, a letter or digit first")
            }
            Self::DuplicateId(id) => write!(f, "the id `{id}` is used twice"),
            Self::TooLarge { what, size_bytes } => write!(
                f,
                "{what} takes {size_bytes} bytes, and at most {} fit",
                api::limits::VALUE_BYTES_MAX
            ),
            Self::TooMany { what, count_max } => write!(f, "more than {count_max} {what}"),
            Self::Malformed { what, detail } => write!(f, "this is no {what}: {detail}"),
        }
    }
}

impl core::error::Error for Error {}
