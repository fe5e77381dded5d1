//! Errors of storage.

use std::{fmt, io};

/// A failure of storage. None of them leaves a partly written object or row.
#[derive(Debug)]
pub(crate) enum Error {
    /// The disk is full, or `objects_mib_max` is reached.
    DiskFull,
    /// A value is larger than the cap that the text names.
    TooLarge(&'static str),
    /// A thing of this kind does not exist.
    NotFound(&'static str),
    /// The request contradicts the stored state.
    Conflict(&'static str),
    /// The condition of a write is false.
    PreconditionFailed,
    /// The file system failed.
    Io(io::Error),
    /// `SQLite` failed.
    Sqlite(rusqlite::Error),
    /// The thread that did the work panicked, or the server shut down.
    TaskFailed,
}

/// The result of a storage operation.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => out.write_str("the disk is full"),
            Self::TooLarge(cap) => write!(out, "too large: {cap}"),
            Self::NotFound(kind) => write!(out, "no such {kind}"),
            Self::Conflict(reason) => out.write_str(reason),
            Self::PreconditionFailed => {
                out.write_str("the object is not in the state that the request requires")
            }
            Self::Io(error) => error.fmt(out),
            Self::Sqlite(error) => error.fmt(out),
            Self::TaskFailed => out.write_str("the storage task panicked or was stopped"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull) {
            return Self::DiskFull;
        }
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(_) | None => Self::Sqlite(error),
        }
    }
}
