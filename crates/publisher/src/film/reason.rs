//! Why a film does not play, for people.

use std::io;

/// Why a film does not play: a sentence.
pub(crate) type Reason = String;

/// Of a file that could not be read.
pub(super) fn unreadable(error: io::Error) -> Reason {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "became shorter while it was read".to_owned()
    } else {
        format!("cannot be read: {error}")
    }
}

/// Of an MP4 file that is not as the standard says, or larger than it may be.
pub(super) fn broken(error: mp4::Error) -> Reason {
    match error.violation {
        violation if violation.starts_with("not an MP4") => format!("is {violation}"),
        _ if error.is_limit() => format!("is not read: {error}"),
        _ => format!("is broken: {error}"),
    }
}
