//! The wall clock, for rows and log lines that carry a date.

use std::time::SystemTime;

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "storage is the only module that reads the clock")]
pub(crate) fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
