//! What can go wrong on disk.

use std::{fmt, io};

/// A failure of storage; none of them leaves something half-written.
#[derive(Debug)]
pub(crate) enum Error {
    /// The disk, or what it may hold, is full.
    Full,
    /// More than the cap that the text names.
    TooLarge(&'static str),
    /// There is no such thing.
    Missing(&'static str),
    /// The request contradicts what is stored.
    Conflict(&'static str),
    /// The file system.
    Io(io::Error),
    /// `SQLite`.
    Sqlite(rusqlite::Error),
    /// The task that worked on it panicked or was stopped.
    Stopped,
}

/// What storage answers.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => out.write_str("the disk is full"),
            Self::TooLarge(what) => write!(out, "too large: {what}"),
            Self::Missing(what) => write!(out, "there is no such {what}"),
            Self::Conflict(what) => out.write_str(what),
            Self::Io(error) => error.fmt(out),
            Self::Sqlite(error) => error.fmt(out),
            Self::Stopped => out.write_str("the work was stopped"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull) {
            return Self::Full;
        }
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(_) | None => Self::Sqlite(error),
        }
    }
}

/// Runs `work`, which may wait for the disk, where waiting blocks nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Stopped))
}
