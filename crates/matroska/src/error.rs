//! Errors: what is wrong with a file, in which element, where, and which rule says so.

use std::fmt;

/// A result whose error is [`Error`] unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Bytes that break a rule, or exceed a limit of [`crate::limits`].
///
/// Displayed as `Segment/Cluster/SimpleBlock: lacing has more bytes than its block; RFC 9559 § 10.3 (byte
/// 4711)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The element, as a path below the file.
    pub path: &'static str,
    /// The byte with the fault, counted from the first byte of the file.
    pub offset: u64,
    /// What is wrong, then a semicolon and the rule's source. Where the file breaks no rule, the source is
    /// "not read by Firstframe".
    pub violation: &'static str,
}

impl Error {
    pub(crate) fn new(path: &'static str, offset: u64, violation: &'static str) -> Self {
        Self { path, offset, violation }
    }
}

impl Error {
    /// Whether the file breaks no rule: it exceeds a limit of [`crate::limits`], or is of a form that is
    /// not read.
    pub fn is_limit(&self) -> bool {
        self.violation.ends_with("not read by Firstframe")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (byte {})", self.path, self.violation, self.offset)
    }
}

impl std::error::Error for Error {}
